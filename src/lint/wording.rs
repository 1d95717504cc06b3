//! Phrases that the rules share: who waits, for what, and SQL with the user's own names.

use crate::catalog::QualifiedName;
use crate::effects::{LockMode, Target, Work};

use super::context::{Context, short_name};

/// What waits while a lock is held, as the subject of a sentence.
pub fn waiters(mode: LockMode) -> &'static str {
    if mode.blocks_reads() {
        "reads and writes"
    } else if mode.blocks_writes() {
        "writes"
    } else {
        "schema changes"
    }
}

/// `an ACCESS EXCLUSIVE lock`, `a SHARE lock`.
pub fn a_lock(mode: LockMode) -> String {
    let article = if mode.sql().starts_with(['A', 'E']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {mode} lock")
}

/// `reads and writes of` a table, but `writes to` it.
pub fn of_or_to(mode: LockMode) -> &'static str {
    if mode.blocks_reads() { "of" } else { "to" }
}

/// `90 s`, `5 min`, `500 ms`.
pub fn duration(time: std::time::Duration) -> String {
    match time.as_millis() {
        ms if ms % 3_600_000 == 0 => format!("{} h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{} min", ms / 60_000),
        ms if ms % 1000 == 0 => format!("{} s", ms / 1000),
        ms => format!("{ms} ms"),
    }
}

/// An identifier as SQL needs it: quoted only when folding would change it.
pub fn ident(name: &str) -> String {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    if plain && !is_keyword(name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// A word that is a name only in quotes, at least in some places (`quote_identifier` in
/// src/backend/utils/adt/ruleutils.c).
fn is_keyword(name: &str) -> bool {
    use pg_query::protobuf::KeywordKind;
    pg_query::scan(name).is_ok_and(|found| {
        found.tokens.first().is_some_and(|token| {
            !matches!(
                token.keyword_kind(),
                KeywordKind::NoKeyword | KeywordKind::UnreservedKeyword
            )
        })
    })
}

/// A relation's name as SQL needs it; `public` is left out, as people do.
pub fn sql_name(name: &QualifiedName) -> String {
    if name.schema == "public" {
        ident(&name.name)
    } else {
        format!("{}.{}", ident(&name.schema), ident(&name.name))
    }
}

/// A name for new SQL that is derived from others, cut to the 63 bytes that PostgreSQL keeps.
pub fn derived_name(parts: &[&str]) -> String {
    let name = parts.join("_");
    ident(crate::catalog::truncate_name(&name))
}

impl Context<'_> {
    /// The relation that the statement is about: the first one it locks, or else the one worked on.
    pub fn subject<'s>(&'s self, work: &'s Work) -> &'s Target {
        self.effects
            .locks
            .first()
            .map(|lock| &lock.target)
            .filter(|target| !target.new && target.kind != crate::effects::TargetKind::Index)
            .unwrap_or(&work.target)
    }

    /// Pieces of work on existing relations that a test picks out and that no rule has spoken of.
    pub fn work_where<'s>(
        &'s self,
        report: &super::Report<'_>,
        wanted: impl Fn(&Work) -> bool,
    ) -> Vec<(usize, &'s Work)> {
        self.work_on_existing()
            .filter(|(at, work)| !report.is_explained(*at) && wanted(work))
            .collect()
    }

    /// Whether somebody waits for this work: the relation is locked against writes or reads while it is done.
    pub fn blocks(&self, work: &Work) -> bool {
        self.lock_in_force(&work.target.name)
            .is_some_and(LockMode::blocks_writes)
    }

    /// Whether the relation is new if CREATE TABLE IF NOT EXISTS of this migration did not find it.
    pub fn is_perhaps_new(&self, name: &QualifiedName) -> bool {
        self.start.relation_named(name).is_none()
            && self
                .before
                .relation_named(name)
                .is_some_and(|relation| relation.perhaps_new)
    }

    /// How long this statement keeps others waiting at most: its statement_timeout, unless an earlier statement
    /// of the transaction has locked something before.
    pub fn at_most(&self) -> Option<std::time::Duration> {
        let alone = !self
            .held
            .iter()
            .any(|held| super::is_blocking(&held.lock.target, held.lock.mode));
        let lasts = self.in_transaction();
        self.session
            .settings
            .statement_timeout
            .value
            .filter(|_| alone && !lasts)
    }

    /// `reads and writes of orders wait`, by the lock in force on a relation.
    pub fn waiting(&self, name: &QualifiedName) -> String {
        let mode = self
            .lock_in_force(name)
            .unwrap_or(LockMode::AccessExclusive);
        let preposition = if mode.blocks_reads() { "of" } else { "to" };
        format!("{} {preposition} {} wait", waiters(mode), short_name(name))
    }
}

#[cfg(test)]
mod tests {
    use super::{derived_name, ident};

    #[test]
    fn names_are_quoted_only_when_they_must_be() {
        assert_eq!(ident("orders_2"), "orders_2");
        assert_eq!(ident("Order"), "\"Order\"");
        assert_eq!(ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(ident("2x"), "\"2x\"");
        assert_eq!(ident("order"), "\"order\"");
        assert_eq!(ident("values"), "\"values\"");
        assert_eq!(ident("name"), "name");
    }

    #[test]
    fn derived_names_fit() {
        let name = derived_name(&["a".repeat(60).as_str(), "not_null"]);
        assert_eq!(name.len(), 63);
    }
}
