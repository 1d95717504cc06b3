//! The changesets of one file of formatted SQL.

use std::ops::Range;

use crate::project::layouts::files::Rewrite;
use crate::project::layouts::markers;
use crate::project::{Script, TransactionMode};

/// One changeset.
pub struct Changeset {
    /// `author:id`
    pub version: String,
    pub up: Script,
    /// Its rollback, if it has one. It may be empty.
    pub down: Option<Script>,
}

/// Whether the text begins with `--liquibase formatted sql`.
pub fn is_formatted(text: &str) -> bool {
    let head = text.trim_start_matches('\u{feff}').trim_start();
    let line = head.lines().next().unwrap_or_default();
    let Some(words) = line.strip_prefix("--") else {
        return false;
    };
    let words: Vec<String> = words
        .split_whitespace()
        .map(str::to_ascii_lowercase)
        .collect();
    words.len() >= 3 && words[..3] == ["liquibase", "formatted", "sql"]
}

/// The changesets in order, without those for other databases.
pub fn changesets(text: &str) -> Vec<Changeset> {
    let heads: Vec<(Range<usize>, &str)> = markers::lines(text)
        .filter_map(|line| Some((line.clone(), directive(&text[line], "changeset")?)))
        .collect();
    let mut found = Vec::new();
    for (index, (line, head)) in heads.iter().enumerate() {
        let end = heads.get(index + 1).map_or(text.len(), |next| next.0.start);
        let attributes = Attributes::of(head);
        if attributes.is_for_postgres() {
            found.push(Changeset {
                version: attributes.version.clone(),
                up: attributes.up(text, line.end..end),
                down: rollback(text, line.end..end),
            });
        }
    }
    found
}

/// What follows `--<name>` at the beginning of a line, in any case.
fn directive<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let words = line.trim_start().strip_prefix("--")?.trim_start();
    let head = words.get(..name.len())?;
    let rest = &words[name.len()..];
    let ends =
        rest.is_empty() || rest.starts_with(|next: char| next.is_whitespace() || next == ':');
    (head.eq_ignore_ascii_case(name) && ends).then(|| rest.trim_start_matches(':').trim())
}

/// `author:id name:value ...`; both parts of the identity and all values may stand in quotes.
#[derive(Default)]
struct Attributes {
    version: String,
    alone: bool,
    whole: bool,
    delimiter: Option<String>,
    databases: String,
    ignored: bool,
}

impl Attributes {
    fn of(head: &str) -> Self {
        let mut attributes = Attributes::default();
        for (index, word) in words(head).into_iter().enumerate() {
            if index == 0 {
                attributes.version = word;
                continue;
            }
            let Some((name, value)) = word.split_once(':') else {
                continue;
            };
            let is = |wanted: &str| value.eq_ignore_ascii_case(wanted);
            match name.to_ascii_lowercase().as_str() {
                "runintransaction" => attributes.alone = is("false"),
                "splitstatements" => attributes.whole = is("false"),
                "enddelimiter" => attributes.delimiter = Some(value.to_string()),
                "dbms" => attributes.databases = value.to_ascii_lowercase(),
                "ignore" => attributes.ignored = is("true"),
                _ => {}
            }
        }
        attributes
    }

    fn is_for_postgres(&self) -> bool {
        let names: Vec<&str> = self.databases.split(',').map(str::trim).collect();
        let wanted = names
            .iter()
            .any(|it| matches!(*it, "" | "all" | "postgresql"));
        let others_only = names.iter().all(|it| it.starts_with('!'));
        let unwanted = names.contains(&"!postgresql");
        !self.ignored && !unwanted && (wanted || others_only)
    }

    fn up(&self, text: &str, range: Range<usize>) -> Script {
        let transaction = match (self.alone, self.whole) {
            (false, _) => TransactionMode::File,
            (true, false) => TransactionMode::None,
            (true, true) => TransactionMode::Message,
        };
        let delimiter = self.delimiter.as_deref().filter(|it| *it != ";");
        Script {
            message: self.whole,
            text: delimiter.and_then(|it| with_semicolons(text, range.clone(), it)),
            ..Script::new(range, transaction)
        }
    }
}

/// The words of a line; quotes hold blanks together and fall away.
fn words(head: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for character in head.chars() {
        match character {
            '"' => quoted = !quoted,
            blank if blank.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => word.push(other),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The text with a `;` where a delimiter ends a line.
fn with_semicolons(
    text: &str,
    range: Range<usize>,
    delimiter: &str,
) -> Option<std::sync::Arc<str>> {
    let mut rewrite = Rewrite::new(text, range.clone());
    // A comment that only ends like the delimiter ends no statement, and `/` stands on a line of its own.
    let alone = delimiter.starts_with("--") || delimiter == "/";
    for line in markers::lines(&text[range.clone()]) {
        let content = text[range.start + line.start..range.start + line.end].trim_end();
        let fits = if alone {
            content.trim_start() == delimiter
        } else {
            !content.trim_start().starts_with("--")
        };
        if fits && content.ends_with(delimiter) {
            let at = range.start + line.start + content.len() - delimiter.len();
            rewrite.blank(at..at + delimiter.len());
            rewrite.put(at, b';');
        }
    }
    rewrite.finish()
}

/// The rollback of a changeset: everything but its SQL is blanked.
fn rollback(text: &str, range: Range<usize>) -> Option<Script> {
    let mut kept: Vec<Range<usize>> = Vec::new();
    for line in markers::lines(&text[range.clone()]) {
        let line = range.start + line.start..range.start + line.end;
        let Some(sql) = directive(&text[line.clone()], "rollback") else {
            continue;
        };
        let at = line.start + text[line.clone()].rfind(sql).unwrap_or_default();
        kept.push(match sql.to_ascii_lowercase().as_str() {
            "empty" | "not required" | "" => at..at,
            sql if sql.starts_with("changesetid") => at..at,
            _ => at..at + sql.len(),
        });
    }
    kept.extend(blocks(text, range));
    kept.sort_unstable_by_key(|it| it.start);
    let (first, last) = (kept.first()?.start, kept.last()?.end);
    let mut rewrite = Rewrite::new(text, first..last);
    let mut from = first;
    for keep in &kept {
        rewrite.blank(from..keep.start.max(from));
        from = keep.end.max(from);
    }
    Some(Script {
        text: rewrite.finish(),
        ..Script::new(first..last, TransactionMode::File)
    })
}

/// The insides of `/* liquibase rollback ... */`.
fn blocks(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let content = &text[range.clone()];
    let mut found = Vec::new();
    for (at, _) in content.match_indices("/*") {
        let inside = &content[at + 2..];
        let trimmed = inside.trim_start();
        let Some(rest) = trimmed.strip_prefix("liquibase rollback") else {
            continue;
        };
        let start = range.start + content.len() - rest.len();
        let length = rest.find("*/").unwrap_or(rest.len());
        found.push(start..start + length);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{changesets, is_formatted};
    use crate::project::TransactionMode::{File, Message, None as Alone};

    #[test]
    fn the_header_in_its_spellings() {
        for head in [
            "--liquibase formatted sql",
            "-- Liquibase formatted SQL",
            "\u{feff}\n--liquibase formatted sql\r\n",
        ] {
            assert!(is_formatted(head), "{head:?}");
        }
        assert!(!is_formatted("-- this is liquibase formatted sql"));
        assert!(!is_formatted("select 1; --liquibase formatted sql"));
    }

    #[test]
    fn changesets_have_their_own_transactions() {
        let text = "--liquibase formatted sql\n--changeset a:1\na;\n-- changeset b:\"2 x\" runInTransaction:false\nb;\n--changeset c:3 runInTransaction:false splitStatements:false\nc;\n";
        let found = changesets(text);
        let shown: Vec<_> = found
            .iter()
            .map(|it| {
                (
                    it.version.as_str(),
                    it.up.transaction,
                    &text[it.up.range.clone()],
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("a:1", File, "a;\n"),
                ("b:2 x", Alone, "b;\n"),
                ("c:3", Message, "c;\n")
            ]
        );
    }

    #[test]
    fn changesets_for_other_databases_are_left_out() {
        let count =
            |attributes: &str| changesets(&format!("--changeset a:1 {attributes}\na;\n")).len();
        assert_eq!(count("dbms:postgresql,h2"), 1);
        assert_eq!(count("dbms:!oracle"), 1);
        assert_eq!(count("dbms:mysql"), 0);
        assert_eq!(count("dbms:!postgresql"), 0);
        assert_eq!(count("ignore:true"), 0);
    }

    #[test]
    fn a_delimiter_of_its_own_ends_statements() {
        let text = "--changeset a:1 endDelimiter:--\na\n--\n-- about b --\nb\n--\n";
        let up = &changesets(text)[0].up;
        assert_eq!(up.text.as_deref(), Some("a\n; \n-- about b --\nb\n; \n"));
        let text = "--changeset a:1 endDelimiter:/\na / 2\n/\n";
        assert_eq!(changesets(text)[0].up.text.as_deref(), Some("a / 2\n;\n"));
    }

    #[test]
    fn rollback_lines_are_joined_and_keep_their_places() {
        let text = "--changeset a:1\na;\n--rollback alter table é\n--rollback drop column b;\nc;\n/* liquibase rollback\nd;\n*/\n";
        let down = changesets(text).remove(0).down.unwrap();
        let rewritten = down.text.unwrap();
        assert_eq!(rewritten.len(), down.range.len());
        for word in ["alter", "drop", "d;"] {
            let at = down.range.start + rewritten.find(word).unwrap();
            assert!(text[at..].starts_with(word), "{word}");
        }
        assert!(
            !rewritten.contains("rollback") && !rewritten.contains("c;"),
            "{rewritten}"
        );
    }

    #[test]
    fn a_rollback_may_be_empty() {
        for line in ["--rollback empty", "--rollback not required", "--rollback"] {
            let text = format!("--changeset a:1\na;\n{line}\n");
            let down = changesets(&text).remove(0).down.unwrap();
            assert_eq!(text[down.range.clone()].len(), 0, "{line}");
        }
        assert!(
            changesets("--changeset a:1\na;\n-- rollbacks are for cowards\n")[0]
                .down
                .is_none()
        );
    }
}
