//! Keywords of a statement where they stand, whatever comments and blanks are between them.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, DropBehavior, ObjectType, ReindexObjectType};

use crate::sql::scan::{Kind, Scanner, Token};

/// The tokens of a statement without its comments.
pub struct Tokens<'a> {
    text: &'a str,
    code: Vec<Token>,
}

/// Other text in the place of a range of a statement's text.
pub type Change = (Range<usize>, String);

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Self {
        let code = Scanner::new(text).filter(|token| token.kind != Kind::Comment);
        Tokens {
            text,
            code: code.collect(),
        }
    }

    pub fn get(&self, at: usize) -> Option<Token> {
        self.code.get(at).copied()
    }

    pub fn text(&self, at: usize) -> &'a str {
        self.get(at).map_or("", |token| token.text(self.text))
    }

    /// Whether the tokens from `at` on are these keywords (in lower case).
    pub fn are(&self, at: usize, keywords: &[&str]) -> bool {
        keywords.iter().enumerate().all(|(index, keyword)| {
            self.get(at + index)
                .is_some_and(|token| token.is(self.text, keyword))
        })
    }

    /// The first token that starts at `offset` or behind it.
    pub fn from(&self, offset: usize) -> usize {
        self.code.partition_point(|token| token.start < offset)
    }

    /// Where these keywords stand next to each other, from token `from` on.
    pub fn find(&self, from: usize, keywords: &[&str]) -> Option<usize> {
        (from..self.code.len()).find(|&at| self.are(at, keywords))
    }

    /// The token that is the keyword, at the depth of token `from`, from there on.
    pub fn find_outside(&self, from: usize, keyword: &str) -> Option<usize> {
        let mut depth = 0usize;
        for at in from..self.code.len() {
            match self.code[at].kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 0 => return None,
                Kind::Close => depth -= 1,
                _ if depth == 0 && self.are(at, &[keyword]) => return Some(at),
                _ => {}
            }
        }
        None
    }

    pub fn len(&self) -> usize {
        self.code.len()
    }

    pub fn is_empty(&self) -> bool {
        self.code.is_empty()
    }

    /// The end of the last token: where more words may be added.
    pub fn end(&self) -> usize {
        self.code.last().map_or(0, |token| token.end)
    }

    /// A word behind token `at`, in its case.
    pub fn word_behind(&self, at: usize, word: &str) -> Option<Change> {
        let end = self.get(at)?.end;
        Some((end..end, format!(" {}", in_case_of(self.text(at), word))))
    }

    /// Takes `count` tokens away, each with the blanks behind it. Comments between them stay.
    pub fn without(&self, at: usize, count: usize) -> Vec<Change> {
        let gone = self.code.iter().skip(at).take(count);
        gone.map(|token| {
            let rest = self.text.get(token.end..).unwrap_or_default();
            let blanks = rest.len() - rest.trim_start().len();
            (token.start..token.end + blanks, String::new())
        })
        .collect()
    }
}

/// `CONCURRENTLY` where the word beside it is in capitals, else `concurrently`.
pub fn in_case_of(beside: &str, word: &str) -> String {
    let small = beside.chars().any(|letter| letter.is_ascii_lowercase());
    match small {
        true => word.to_ascii_lowercase(),
        false => word.to_ascii_uppercase(),
    }
}

/// The changes that make a statement run CONCURRENTLY: CREATE INDEX (without its IF NOT EXISTS, which would keep an invalid
/// index of a failed build for ever), DROP INDEX, REINDEX, REFRESH MATERIALIZED VIEW and DETACH PARTITION. None where
/// PostgreSQL has no such form of the statement (`gram.y`; `DROP INDEX CONCURRENTLY` of `dropcmds.c` takes one index and
/// no CASCADE), or where it has the word already. What the objects are is not looked at.
pub fn concurrently(text: &str, node: &NodeEnum) -> Option<Vec<Change>> {
    let tokens = Tokens::new(text);
    let word = |at: usize| tokens.word_behind(at, "concurrently");
    match node {
        NodeEnum::IndexStmt(stmt) if !stmt.concurrent => {
            let index = 1 + usize::from(tokens.are(1, &["unique"]));
            if !tokens.are(index, &["index"]) {
                return None;
            }
            let mut changes = vec![word(index)?];
            changes.extend(without_if_not_exists(&tokens, index + 1));
            Some(changes)
        }
        NodeEnum::DropStmt(stmt) => {
            let fits = stmt.remove_type() == ObjectType::ObjectIndex
                && stmt.behavior() != DropBehavior::DropCascade
                && stmt.objects.len() == 1
                && !stmt.concurrent
                && tokens.are(0, &["drop", "index"]);
            fits.then(|| word(1).map(|change| vec![change])).flatten()
        }
        NodeEnum::ReindexStmt(stmt) => {
            let kind = match stmt.kind() {
                ReindexObjectType::ReindexObjectIndex => "index",
                ReindexObjectType::ReindexObjectTable => "table",
                ReindexObjectType::ReindexObjectSchema => "schema",
                ReindexObjectType::ReindexObjectDatabase => "database",
                ReindexObjectType::ReindexObjectSystem | ReindexObjectType::Undefined => {
                    return None;
                }
            };
            let told = crate::lint::parts::options(&stmt.params)
                .any(|option| option.defname.eq_ignore_ascii_case("concurrently"));
            let at = tokens.find_outside(1, kind)?;
            (!told)
                .then(|| word(at).map(|change| vec![change]))
                .flatten()
        }
        NodeEnum::RefreshMatViewStmt(stmt) if !stmt.concurrent && !stmt.skip_data => {
            let fits = tokens.are(0, &["refresh", "materialized", "view"]);
            fits.then(|| word(2).map(|change| vec![change])).flatten()
        }
        NodeEnum::AlterTableStmt(stmt) => {
            let [only] = stmt.cmds.as_slice() else {
                return None;
            };
            let Some(NodeEnum::AlterTableCmd(command)) = &only.node else {
                return None;
            };
            let Some(NodeEnum::PartitionCmd(partition)) =
                command.def.as_ref().and_then(|def| def.node.as_ref())
            else {
                return None;
            };
            let fits =
                command.subtype() == AlterTableType::AtDetachPartition && !partition.concurrent;
            let detach = tokens.find(0, &["detach", "partition"])?;
            let end = tokens.end();
            let word = in_case_of(tokens.text(detach), "concurrently");
            fits.then(|| vec![(end..end, format!(" {word}"))])
        }
        _ => None,
    }
}

/// Takes IF NOT EXISTS away that stands at token `at`; nothing where it does not.
pub fn without_if_not_exists(tokens: &Tokens<'_>, at: usize) -> Vec<Change> {
    if tokens.are(at, &["if", "not", "exists"]) {
        tokens.without(at, 3)
    } else {
        Vec::new()
    }
}

/// The text with the changes made, which do not overlap.
pub fn changed(text: &str, changes: &[Change]) -> String {
    let mut sorted: Vec<&Change> = changes.iter().collect();
    sorted.sort_by_key(|(range, _)| (range.start, range.end));
    let mut new = String::with_capacity(text.len() + 16);
    let mut from = 0;
    for (range, instead) in sorted {
        new.push_str(text.get(from..range.start).unwrap_or_default());
        new.push_str(instead);
        from = range.end;
    }
    new.push_str(text.get(from..).unwrap_or_default());
    new
}

/// The statement with CONCURRENTLY in its place, as advice writes it; the statement itself where it has no such form.
pub fn with_concurrently(text: &str, node: &NodeEnum) -> String {
    match concurrently(text, node) {
        Some(changes) => changed(text, &changes),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::with_concurrently;
    use crate::source::Source;
    use crate::sql::{Body, parse_script};

    fn concurrent(sql: &str) -> String {
        let source = Source::new("1.sql", sql);
        let parsed = parse_script(&source, 0..sql.len());
        let Body::Tree(node) = &parsed.statements[0].body else {
            panic!("{sql} is not parsed");
        };
        let changed = with_concurrently(sql, node);
        let again = Source::new("1.sql", changed.clone());
        let again = parse_script(&again, 0..changed.len());
        assert!(
            matches!(again.statements[0].body, Body::Tree(_)),
            "{changed} is not parsed"
        );
        changed
    }

    #[test]
    fn indexes() {
        for (sql, expected) in [
            (
                "CREATE INDEX i ON t (a)",
                "CREATE INDEX CONCURRENTLY i ON t (a)",
            ),
            (
                "create unique index on t (a)",
                "create unique index concurrently on t (a)",
            ),
            (
                "CREATE /* an index */ INDEX /* b */ i ON t (a)",
                "CREATE /* an index */ INDEX CONCURRENTLY /* b */ i ON t (a)",
            ),
            (
                "CREATE -- index\n  INDEX\n  \"index\" ON t (a)",
                "CREATE -- index\n  INDEX CONCURRENTLY\n  \"index\" ON t (a)",
            ),
            (
                "CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a)",
                "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)",
            ),
            (
                "CREATE INDEX IF /* x */ NOT EXISTS\n  i ON t (a)",
                "CREATE INDEX CONCURRENTLY /* x */ i ON t (a)",
            ),
            (
                "CREATE INDEX CONCURRENTLY i ON t (a)",
                "CREATE INDEX CONCURRENTLY i ON t (a)",
            ),
        ] {
            assert_eq!(concurrent(sql), expected, "{sql}");
        }
    }

    #[test]
    fn other_statements() {
        for (sql, expected) in [
            (
                "DROP /* index */ INDEX IF EXISTS i RESTRICT",
                "DROP /* index */ INDEX CONCURRENTLY IF EXISTS i RESTRICT",
            ),
            ("DROP INDEX i CASCADE", "DROP INDEX i CASCADE"),
            ("DROP INDEX i, j", "DROP INDEX i, j"),
            ("DROP TABLE i", "DROP TABLE i"),
            (
                "REINDEX (VERBOSE, TABLESPACE \"table\") TABLE t",
                "REINDEX (VERBOSE, TABLESPACE \"table\") TABLE CONCURRENTLY t",
            ),
            (
                "reindex index table_idx",
                "reindex index concurrently table_idx",
            ),
            ("REINDEX SYSTEM d", "REINDEX SYSTEM d"),
            (
                "REINDEX (CONCURRENTLY) INDEX i",
                "REINDEX (CONCURRENTLY) INDEX i",
            ),
            (
                "REFRESH MATERIALIZED VIEW v WITH DATA",
                "REFRESH MATERIALIZED VIEW CONCURRENTLY v WITH DATA",
            ),
            (
                "REFRESH MATERIALIZED VIEW v WITH NO DATA",
                "REFRESH MATERIALIZED VIEW v WITH NO DATA",
            ),
            (
                "ALTER TABLE a DETACH PARTITION \"b c\" /* d */",
                "ALTER TABLE a DETACH PARTITION \"b c\" CONCURRENTLY /* d */",
            ),
            (
                "ALTER TABLE a ATTACH PARTITION b DEFAULT",
                "ALTER TABLE a ATTACH PARTITION b DEFAULT",
            ),
        ] {
            assert_eq!(concurrent(sql), expected, "{sql}");
        }
    }
}
