//! A sorted table of text: lines of tab-separated fields, the key first, the versions last.

use std::collections::HashMap;
use std::sync::OnceLock;

use foldhash::fast::RandomState;

use crate::catalog::Volatility;
use crate::version::PgVersion;

/// The majors in which a fact holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    pub first: PgVersion,
    pub last: PgVersion,
}

impl Versions {
    pub fn contains(self, version: PgVersion) -> bool {
        (self.first..=self.last).contains(&version)
    }

    /// `12-18` or `15`.
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(Versions {
            first: PgVersion::new(first.parse().ok()?)?,
            last: PgVersion::new(last.parse().ok()?)?,
        })
    }
}

/// One line of a table, read field by field.
pub(super) struct Row {
    fields: std::str::Split<'static, char>,
    pub versions: Versions,
}

impl Row {
    fn parse(line: &'static str) -> Option<Self> {
        let (fields, versions) = line.rsplit_once('\t')?;
        Some(Row {
            fields: fields.split('\t'),
            versions: Versions::parse(versions)?,
        })
    }

    pub fn text(&mut self) -> Option<&'static str> {
        self.fields.next()
    }

    /// A text that may be absent: the empty field.
    pub fn optional(&mut self) -> Option<Option<&'static str>> {
        Some(Some(self.text()?).filter(|text| !text.is_empty()))
    }

    pub fn number<N: std::str::FromStr>(&mut self) -> Option<N> {
        self.text()?.parse().ok()
    }

    pub fn flag(&mut self) -> Option<bool> {
        match self.text()? {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }
    }

    pub fn volatility(&mut self) -> Option<Volatility> {
        match self.text()? {
            "i" => Some(Volatility::Immutable),
            "s" => Some(Volatility::Stable),
            "v" => Some(Volatility::Volatile),
            _ => None,
        }
    }
}

/// A table and the way to its rows.
pub(super) struct Table<T: 'static> {
    text: &'static str,
    read: fn(Row) -> Option<T>,
    /// Found at the first question.
    keys: OnceLock<Keys<T>>,
}

type Keys<T> = HashMap<&'static str, Key<T>, RandomState>;

struct Key<T> {
    lines: &'static str,
    /// Read at the first question for the key: the same few are asked for again and again.
    rows: OnceLock<Box<[T]>>,
}

impl<T> Table<T> {
    pub const fn new(text: &'static str, read: fn(Row) -> Option<T>) -> Self {
        Table {
            text,
            read,
            keys: OnceLock::new(),
        }
    }

    /// The rows whose first field is the key.
    pub fn find(&self, key: &str) -> &[T] {
        let keys = self.keys.get_or_init(|| keys(self.text));
        keys.get(key).map_or(&[], |key| {
            key.rows.get_or_init(|| {
                let rows = key.lines.lines().filter_map(Row::parse);
                rows.filter_map(self.read).collect()
            })
        })
    }
}

/// Lines of one key stand together.
fn keys<T>(table: &'static str) -> Keys<T> {
    let body = body(table);
    let mut keys = Keys::default();
    let mut add = |lines: &'static str| {
        let rows = OnceLock::new();
        keys.insert(key_of(lines), Key { lines, rows });
    };
    let (mut start, mut end) = (0, 0);
    for line in body.split_inclusive('\n') {
        if key_of(line) != key_of(&body[start..]) {
            add(&body[start..end]);
            start = end;
        }
        end += line.len();
    }
    if start < end {
        add(&body[start..end]);
    }
    keys
}

/// From the earliest row of these to the latest one: when something of that name was there.
pub(super) fn span(versions: impl Iterator<Item = Versions>) -> Option<Versions> {
    versions.reduce(|all, next| Versions {
        first: all.first.min(next.first),
        last: all.last.max(next.last),
    })
}

/// The table without its comment lines, which all stand at the top.
fn body(table: &'static str) -> &'static str {
    let mut rest = table;
    while let Some((comment, after)) = rest.split_once('\n') {
        // The operators `#`, `##` and `#-` exist; a comment has a blank after its sign.
        if !comment.starts_with("# ") {
            break;
        }
        rest = after;
    }
    rest
}

fn key_of(line: &str) -> &str {
    line.split(['\t', '\n']).next().unwrap_or(line)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Every row of the table, for the tests of the modules that read one: each must be readable.
    pub fn rows<T>(table: &'static Table<T>) -> impl Iterator<Item = (&'static str, Row)> {
        body(table.text)
            .lines()
            .map(|line| (line, Row::parse(line).expect(line)))
    }

    /// Without this the rows of a key may not stand together.
    pub fn assert_sorted<T>(table: &'static Table<T>) {
        let keys: Vec<&str> = body(table.text).lines().map(key_of).collect();
        assert!(keys.len() > 20, "{} rows", keys.len());
        for pair in keys.windows(2) {
            assert!(pair[0] <= pair[1], "{pair:?}");
        }
    }

    const TABLE: &str =
        "# how it was made\n# name\tversions\na\t12-18\nb\t12-13\nb\t14-18\nd\t18\n";

    fn table(text: &'static str) -> Table<Versions> {
        Table::new(text, |row| Some(row.versions))
    }

    fn versions_of(key: &str) -> Vec<(u8, u8)> {
        let found = table(TABLE).find(key).to_vec();
        let majors = |it: Versions| (it.first.major(), it.last.major());
        found.into_iter().map(majors).collect()
    }

    #[test]
    fn finds_the_first_the_last_and_several_rows() {
        assert_eq!(versions_of("a"), [(12, 18)]);
        assert_eq!(versions_of("b"), [(12, 13), (14, 18)]);
        assert_eq!(versions_of("d"), [(18, 18)]);
    }

    #[test]
    fn rows_are_read_once() {
        let table = table(TABLE);
        assert!(std::ptr::eq(table.find("b"), table.find("b")));
    }

    #[test]
    fn finds_nothing_before_between_and_after() {
        for key in ["", "#", "aa", "c", "e", "\u{e9}", "# name"] {
            assert_eq!(versions_of(key), [], "{key:?}");
        }
    }

    #[test]
    fn an_empty_table_holds_nothing() {
        assert_eq!(table("").find("a"), []);
        assert_eq!(table("# only a comment\n").find("a"), []);
    }
}
