//! Gathers the effects of one statement while its family's function walks it.

use std::ops::Range;

use super::by_name::ByName;
use super::{
    CertainError, Change, ChangeKind, Effects, Input, Lock, LockMode, Reason, Target, TargetKind,
    Until, Work, WorkKind,
};
use pg_query::protobuf::RangeVar;

use crate::catalog::{Birth, Catalog, Oid, Persistence, QualifiedName, Relation, RelationKind};

/// What is assumed of a relation whose creation was not seen.
fn unknown_assumption(name: &QualifiedName) -> String {
    format!(
        "{name} was not created by a known migration: assumed to exist, to be in use and to hold rows; \
         its columns, indexes and constraints are not known"
    )
}

/// The effects under construction, with the statement they belong to.
pub struct Collector<'a> {
    pub input: Input<'a>,
    effects: Effects,
    until: Until,
    because: Option<String>,
    by_foreign_key: bool,
    locks: ByName,
    /// What is known would be refused, but may have changed: it says nothing of what is really done.
    in_doubt: bool,
}

impl<'a> Collector<'a> {
    pub fn new(input: Input<'a>, kind: &'static str) -> Self {
        Collector {
            input,
            effects: Effects {
                kind,
                ..Effects::default()
            },
            until: Until::Transaction,
            because: None,
            by_foreign_key: false,
            locks: ByName::default(),
            in_doubt: false,
        }
    }

    /// Locks taken from here on are released when the statement ends.
    pub fn released_at_statement_end(&mut self) {
        self.until = Until::Statement;
    }

    /// Runs `body`; the locks it takes are explained by `because` (a relation the statement does not name).
    pub fn because<R>(
        &mut self,
        because: impl Into<String>,
        body: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let outer = self.because.replace(because.into());
        let result = body(self);
        self.because = outer;
        result
    }

    /// As [`Collector::because`]; what is locked is the other side of a foreign key.
    pub fn because_of_key<R>(
        &mut self,
        because: impl Into<String>,
        body: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let outer = std::mem::replace(&mut self.by_foreign_key, true);
        let result = self.because(because, body);
        self.by_foreign_key = outer;
        result
    }

    /// A relation or index of the catalog before the statement, or else after it.
    pub fn target(&self, oid: Oid) -> Option<Target> {
        self.target_in(self.input.before, oid)
            .or_else(|| self.target_in(self.input.after, oid))
    }

    /// A relation that this statement creates. With IF NOT EXISTS it may be there already, and then nothing
    /// is done to it; whatever is done is done to a new one.
    pub fn created_target(&self, oid: Oid) -> Option<Target> {
        let target = self.target_in(self.input.after, oid)?;
        Some(Target {
            new: true,
            ..target
        })
    }

    fn target_in(&self, catalog: &Catalog, oid: Oid) -> Option<Target> {
        if let Some(relation) = catalog.relation(oid) {
            let new = relation.persistence == Persistence::Temporary
                || self.is_new(relation.birth, relation.filled);
            return Some(Target {
                name: relation.name.clone(),
                oid: Some(oid),
                kind: TargetKind::Relation(relation.kind),
                new: new && relation.complete || relation.persistence == Persistence::Temporary,
            });
        }
        let index = catalog.index(oid)?;
        let table = catalog.relation(index.table);
        let new_table = table.is_some_and(|table| {
            table.persistence == Persistence::Temporary
                || table.complete && self.is_new(table.birth, table.filled)
        });
        Some(Target {
            name: index.name.clone(),
            oid: Some(oid),
            kind: TargetKind::Index,
            new: new_table || index.birth.transaction == self.input.session.transaction_id,
        })
    }

    fn is_new(&self, birth: Birth, filled: bool) -> bool {
        birth.transaction == self.input.session.transaction_id
            || birth.migration == self.input.session.migration && !filled
    }

    /// A relation that the catalog does not have: it exists somewhere, is in use and holds rows.
    pub fn unknown_target(&mut self, name: QualifiedName, kind: RelationKind) -> Target {
        self.assume(unknown_assumption(&name));
        Target {
            name,
            oid: None,
            kind: TargetKind::Relation(kind),
            new: false,
        }
    }

    /// The relation or index that a name means, in the catalog before the statement; or else the stub of a
    /// relation that this statement is the first to mention, with the assumption said.
    pub fn resolve(&mut self, name: &RangeVar) -> Option<Oid> {
        if let Some(oid) = self.input.oid(name) {
            if let Some(relation) = self.input.before.relation(oid)
                && !relation.complete
            {
                self.assume(unknown_assumption(&relation.name));
            }
            return Some(oid);
        }
        let oid = self.input.oid_after(name)?;
        let relation = self.input.after.relation(oid)?;
        if relation.complete {
            return None;
        }
        self.assume(unknown_assumption(&relation.name));
        Some(oid)
    }

    /// The relation before the statement, or a stub that the statement is the first to mention.
    pub fn relation(&self, oid: Oid) -> Option<&'a Relation> {
        self.input
            .before
            .relation(oid)
            .or_else(|| self.input.after.relation(oid))
    }

    /// The relation and everything that inherits from it, as it is before the statement.
    pub fn family(&self, root: Oid) -> Vec<Oid> {
        self.input.before.family(root)
    }

    /// The relation and, if it is a partitioned table, its partitions at every level.
    pub fn family_if_partitioned(&self, oid: Oid) -> Vec<Oid> {
        let partitioned = self
            .relation(oid)
            .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
        if partitioned {
            self.family(oid)
        } else {
            vec![oid]
        }
    }

    /// Whether the name means a relation that this statement itself creates.
    pub fn is_created_here(&self, name: &RangeVar) -> bool {
        self.input.oid_after(name).is_some_and(|oid| {
            self.input.before.relation(oid).is_none()
                && self
                    .input
                    .after
                    .relation(oid)
                    .is_some_and(|relation| relation.complete)
        })
    }

    /// Locks the indexes that the table has before the statement.
    pub fn lock_indexes(&mut self, table: Oid, mode: LockMode, span: &Range<usize>) {
        let before = self.input.before;
        for index in before.indexes_of(table) {
            self.lock(index.oid, mode, span.clone());
        }
    }

    /// The strongest mode counts when a target is locked more than once.
    pub fn lock_target(&mut self, target: Target, mode: LockMode, span: Range<usize>) {
        let until = self.until;
        let because = self.because.clone();
        let by_foreign_key = self.by_foreign_key;
        match self.locks.find(&target.name, &self.effects.locks) {
            Some(at) => {
                let held = &mut self.effects.locks[at];
                if mode > held.mode {
                    held.mode = mode;
                    held.until = until;
                    held.span = span;
                    held.because = because;
                    held.by_foreign_key = by_foreign_key;
                }
            }
            None => {
                self.locks.add(&target.name, &self.effects.locks);
                self.effects.locks.push(Lock {
                    target,
                    mode,
                    until,
                    span,
                    because,
                    by_foreign_key,
                });
            }
        }
    }

    /// Locks a relation or index of the catalog; an OID that is nowhere is passed over.
    pub fn lock(&mut self, oid: Oid, mode: LockMode, span: Range<usize>) {
        if let Some(target) = self.target(oid) {
            self.lock_target(target, mode, span);
        }
    }

    /// The mode this statement holds on a relation or index so far.
    pub fn held(&self, oid: Oid) -> Option<LockMode> {
        self.effects
            .locks
            .iter()
            .find(|lock| lock.target.oid == Some(oid))
            .map(|lock| lock.mode)
    }

    pub fn is_locked(&self, oid: Oid) -> bool {
        self.held(oid).is_some()
    }

    pub fn work_on(
        &mut self,
        target: Target,
        kind: WorkKind,
        index: Option<String>,
        reason: Reason,
        span: Range<usize>,
    ) {
        let known = self.effects.work.iter().any(|work| {
            work.kind == kind
                && work.target.name == target.name
                && work.index == index
                && (index.is_some() || work.reason == reason)
        });
        if known {
            return;
        }
        self.effects.work.push(Work {
            target,
            kind,
            index,
            reason,
            span,
            under: None,
        });
    }

    /// One piece of work of a kind on a relation counts once for each reason.
    pub fn work(&mut self, oid: Oid, kind: WorkKind, reason: Reason, span: Range<usize>) {
        if let Some(target) = self.target(oid) {
            self.work_on(target, kind, None, reason, span);
        }
    }

    pub fn scan(&mut self, oid: Oid, reason: Reason, span: Range<usize>) {
        self.work(oid, WorkKind::Scan, reason, span);
    }

    /// Builds an index of a table: reads the table, writes the index. The index may be new or rebuilt.
    pub fn index_build(&mut self, index: Oid, reason: Reason, span: Range<usize>) {
        let found = self
            .input
            .after
            .index(index)
            .or_else(|| self.input.before.index(index));
        let Some(found) = found else {
            return;
        };
        let (table, name) = (found.table, found.name.name.clone());
        self.index_build_named(table, name, reason, span);
    }

    pub fn index_build_named(
        &mut self,
        table: Oid,
        name: String,
        reason: Reason,
        span: Range<usize>,
    ) {
        if let Some(target) = self.target(table) {
            self.work_on(target, WorkKind::IndexBuild, Some(name), reason, span);
        }
    }

    /// New storage and new indexes for a table, every row copied: the rewrite of ALTER TABLE, CLUSTER
    /// and VACUUM FULL. The table's indexes are locked and built again.
    pub fn rewrite(&mut self, table: Oid, reason: &Reason, span: &Range<usize>) {
        self.scan(table, reason.clone(), span.clone());
        self.work(table, WorkKind::Rewrite, reason.clone(), span.clone());
        self.new_storage(table);
        let indexes: Vec<Oid> = self
            .input
            .before
            .indexes_of(table)
            .map(|index| index.oid)
            .collect();
        for index in indexes {
            self.lock(index, LockMode::AccessExclusive, span.clone());
            if self.input.after.index(index).is_some() {
                self.index_build(index, reason.clone(), span.clone());
            }
        }
    }

    pub fn new_storage(&mut self, oid: Oid) {
        if let Some(target) = self.target(oid)
            && !self
                .effects
                .storage
                .iter()
                .any(|other| other.name == target.name)
        {
            self.effects.storage.push(target);
        }
    }

    pub fn change(&mut self, kind: ChangeKind, span: Range<usize>) {
        self.effects.changes.push(Change { kind, span });
    }

    /// The first certain error counts: PostgreSQL stops there. Where SQL that could not be understood
    /// has run, an error about names is not certain.
    pub fn error(
        &mut self,
        sqlstate: &'static str,
        message: impl Into<String>,
        span: Range<usize>,
    ) {
        let message = message.into();
        // What stands for a placeholder looks like a column.
        let of_placeholder = self.input.foreign_names
            && sqlstate == "0A000"
            && message.starts_with("cannot use column reference");
        if self.input.before.disturbed && (is_about_names(sqlstate) || of_placeholder) {
            let why = match of_placeholder {
                true => {
                    "what is filled in is not known: assumed to be the worst that fits".to_owned()
                }
                false => format!(
                    "as far as is known, {message}; SQL that could not be understood may have changed that"
                ),
            };
            if !self.in_doubt {
                self.assume(why);
            }
            self.in_doubt = true;
            return;
        }
        self.effects.error.get_or_insert(CertainError {
            sqlstate,
            message,
            span,
            came_with: None,
        });
    }

    /// Gives up an error about names in favour of what the catalog says of the statement's names.
    pub fn forget_error_about_names(&mut self) {
        if self
            .effects
            .error
            .as_ref()
            .is_some_and(|error| is_about_names(error.sqlstate))
        {
            self.effects.error = None;
        }
    }

    /// An error because the version is older than `came_with`, which brought what the statement uses.
    pub fn too_new(
        &mut self,
        came_with: u8,
        sqlstate: &'static str,
        message: impl Into<String>,
        span: Range<usize>,
    ) {
        if self.failed() {
            return;
        }
        self.error(sqlstate, message, span);
        if let Some(error) = &mut self.effects.error {
            error.came_with = Some(came_with);
        }
    }

    /// The statement would be refused if nothing had changed behind our back: what it does must be guessed.
    pub fn in_doubt(&self) -> bool {
        self.in_doubt
    }

    pub fn failed(&self) -> bool {
        self.effects.error.is_some()
    }

    /// Deferred triggers of the table wait for the end of the transaction.
    pub fn events_wait(&mut self, table: Oid) {
        self.effects.pending_events.push(table);
    }

    pub fn assume(&mut self, assumption: impl Into<String>) {
        let assumption = assumption.into();
        if !self.effects.assumptions.contains(&assumption) {
            self.effects.assumptions.push(assumption);
        }
    }

    /// `command` as PostgreSQL's message has it: `CREATE INDEX CONCURRENTLY cannot run inside a transaction block`.
    pub fn forbidden_in_transaction(&mut self, command: &'static str) {
        self.effects.forbidden_in_transaction = Some(command);
        if self.input.session.in_block() {
            self.error(
                "25001",
                format!("{command} cannot run inside a transaction block"),
                self.input.span(),
            );
        }
    }

    /// After SQL that could not be understood a partitioned table may have more partitions than are known, and what
    /// locks it locks those.
    fn partitions_may_be_missing(&mut self) {
        if !self.input.before.disturbed {
            return;
        }
        let partitioned: Vec<String> = self
            .effects
            .locks
            .iter()
            .filter_map(|lock| self.input.before.relation(lock.target.oid?))
            .filter(|relation| relation.kind == RelationKind::PartitionedTable)
            .map(|relation| relation.name.to_string())
            .collect();
        for name in partitioned {
            self.assume(format!(
                "{name} may have partitions that are not known here: SQL before this could not be understood"
            ));
        }
    }

    pub fn finish(mut self) -> Effects {
        self.partitions_may_be_missing();
        for work in &mut self.effects.work {
            let lock = self.locks.find(&work.target.name, &self.effects.locks);
            work.under = lock.map(|at| self.effects.locks[at].mode);
        }
        self.effects
    }
}

/// Whether PostgreSQL raises this because an object, a column or a schema is there or is not, or
/// because something depends on it (src/backend/utils/errcodes.txt).
fn is_about_names(sqlstate: &str) -> bool {
    matches!(
        sqlstate,
        "42P01"
            | "42P06"
            | "42P07"
            | "42701"
            | "42703"
            | "42704"
            | "42710"
            | "42723"
            | "42883"
            | "3F000"
            | "2BP01"
            // What there is no unique index for, or no primary key, or what is not the only one of its name.
            | "42702"
            | "42803"
            | "42830"
            | "42P10"
    )
}
