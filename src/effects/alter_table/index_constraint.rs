//! ADD CONSTRAINT of what has an index: UNIQUE, PRIMARY KEY, EXCLUDE, and USING INDEX.

use std::ops::Range;

use pg_query::protobuf::{ConstrType, Constraint};

use super::Alteration;
use super::phase3::{Cause, IndexCause};
use crate::catalog::{ConstraintKind, NotNull, Oid, RelationKind};
use crate::effects::index_definition::{constraint_refusal, exclusion_pairs, unique_refusal};
use crate::effects::node;
use crate::effects::{ConstraintNoun, LockMode, Reason};

impl<'a> Alteration<'_, 'a> {
    pub fn add_index_constraint(
        &mut self,
        constraint: &Constraint,
        column: Option<&str>,
        span: &Range<usize>,
    ) {
        let noun = match constraint.contype() {
            ConstrType::ConstrPrimary => ConstraintNoun::PrimaryKey,
            ConstrType::ConstrUnique => ConstraintNoun::Unique,
            _ => ConstraintNoun::Exclusion,
        };
        let columns = match column {
            Some(column) => vec![column.to_owned()],
            None => node::strings(&constraint.keys),
        };
        if column.is_none() {
            for name in &columns {
                self.column(self.root, name, span);
            }
        }
        let name = self.constraint_name(&constraint.conname, |kind| match noun {
            ConstraintNoun::PrimaryKey => matches!(kind, ConstraintKind::PrimaryKey { .. }),
            ConstraintNoun::Unique => matches!(kind, ConstraintKind::Unique { .. }),
            _ => matches!(kind, ConstraintKind::Exclusion { .. }),
        });
        let reason = Reason::AddConstraint {
            constraint: noun,
            name,
            column: column.map(str::to_owned),
        };
        self.refuse_index_constraint(constraint, noun, &columns, span);
        if self.c.failed() {
            return;
        }
        if noun == ConstraintNoun::PrimaryKey {
            self.primary_key_not_null(&columns, column, &reason, span);
        }
        self.lock_partitions_for_index(span);
        // A relation whose indexes are not known still has the new one built.
        if self
            .relation(self.root)
            .is_none_or(|relation| !relation.complete)
        {
            self.phase3.scan(self.root, reason.clone(), span);
        }
        self.phase3.index_causes.push(IndexCause {
            name: Some(constraint.conname.clone()).filter(|name| !name.is_empty()),
            columns,
            cause: Cause {
                reason,
                span: span.clone(),
            },
        });
    }

    /// `DefineIndex` locks each partition in ShareLock; 18 locks the whole family in the statement's mode.
    fn lock_partitions_for_index(&mut self, span: &Range<usize>) {
        let partitioned = self
            .relation(self.root)
            .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
        if !partitioned || self.only {
            return;
        }
        if self.since(18) {
            self.family(span);
            return;
        }
        for partition in self.c.family(self.root) {
            if partition != self.root {
                self.c.because("an index is built on each partition", |c| {
                    c.lock(partition, LockMode::Share, span.clone())
                });
            }
        }
    }

    /// A primary key makes its columns NOT NULL first: a scan of each table where one is nullable and
    /// nothing proves it.
    fn primary_key_not_null(
        &mut self,
        columns: &[String],
        inline: Option<&str>,
        reason: &Reason,
        span: &Range<usize>,
    ) {
        let known = |alteration: &Self, oid: Oid, name: &String| {
            alteration
                .relation(oid)
                .and_then(|relation| relation.column(name))
                .map(|column| column.not_null)
        };
        if self.since(18)
            && let Some(invalid) = columns
                .iter()
                .find(|name| known(self, self.root, name) == Some(NotNull::NotValid))
        {
            let message = format!(
                "cannot create primary key on column \"{invalid}\": its NOT NULL constraint is NOT VALID"
            );
            self.c.error("55000", message, span.clone());
            return;
        }
        let nullable = columns.iter().any(|name| {
            inline != Some(name) && known(self, self.root, name) != Some(NotNull::Valid)
        });
        if !nullable {
            return;
        }
        for oid in self.family(span) {
            let scanned = columns
                .iter()
                .any(|name| inline != Some(name) && self.needs_not_null_scan(oid, name));
            if scanned {
                self.phase3.scan(oid, reason.clone(), span);
            }
        }
    }

    fn refuse_index_constraint(
        &mut self,
        constraint: &Constraint,
        noun: ConstraintNoun,
        columns: &[String],
        span: &Range<usize>,
    ) {
        if constraint.skip_validation {
            let message = format!("{} constraints cannot be marked NOT VALID", noun.sql());
            self.c.error("0A000", message, span.clone());
            return;
        }
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        if noun == ConstraintNoun::PrimaryKey
            && relation.primary_key().is_some()
            && !self.drops_primary_key()
        {
            let message = format!(
                "multiple primary keys for table \"{}\" are not allowed",
                relation.name.name
            );
            self.c.error("42P16", message, span.clone());
            return;
        }
        let after = self.c.input.after.relation(self.root).unwrap_or(relation);
        let inline = (columns.len() > constraint.keys.len()).then(|| columns[0].as_str());
        if let Some((sqlstate, message)) =
            constraint_refusal(constraint, inline, self.scope(after), after)
        {
            self.c.error(sqlstate, message, span.clone());
            return;
        }
        if relation.partition_key.is_none() {
            return;
        }
        if noun == ConstraintNoun::Exclusion && !self.since(17) {
            let message = "exclusion constraints are not supported on partitioned tables";
            self.c.error("0A000", message, span.clone());
            return;
        }
        // From 17 on, if the partition key is compared for equality.
        let equal: Vec<String> = exclusion_pairs(constraint)
            .into_iter()
            .filter(|(_, operator)| operator == "=")
            .map(|(element, _)| element.name.clone())
            .collect();
        let columns = match noun {
            ConstraintNoun::Exclusion => &equal,
            _ => columns,
        };
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        if let Some((sqlstate, message)) = unique_refusal(relation, &columns, self.only, self.c) {
            self.c.error(sqlstate, message, span.clone());
        }
    }

    /// The statement drops the present primary key before it adds one.
    fn drops_primary_key(&self) -> bool {
        use pg_query::protobuf::AlterTableType as T;
        let Some(key) = self
            .relation(self.root)
            .and_then(|relation| relation.primary_key())
        else {
            return false;
        };
        let columns = match &key.kind {
            ConstraintKind::PrimaryKey { index } => self.c.input.before.index(*index),
            _ => None,
        }
        .map_or_else(Vec::new, crate::effects::index::key_columns);
        self.commands
            .iter()
            .any(|command| match command.node.subtype() {
                T::AtDropConstraint => command.node.name == key.name,
                T::AtDropColumn => columns.contains(&command.node.name),
                _ => false,
            })
    }

    /// ADD ... USING INDEX: no build; a primary key still makes its columns NOT NULL.
    pub fn add_using_index(&mut self, constraint: &Constraint, span: &Range<usize>) {
        let Some(oid) = self.index_named(&constraint.indexname) else {
            if self
                .relation(self.root)
                .is_some_and(|relation| relation.complete)
            {
                let message = format!("index \"{}\" does not exist", constraint.indexname);
                self.c.error("42704", message, span.clone());
            } else {
                self.assume_nullable_key(constraint, span);
            }
            return;
        };
        let Some(index) = self.c.input.before.index(oid) else {
            return;
        };
        let partitioned = self
            .relation(self.root)
            .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
        let refusal = if partitioned {
            Some((
                "0A000",
                "ALTER TABLE / ADD CONSTRAINT USING INDEX is not supported on partitioned tables"
                    .to_owned(),
            ))
        } else {
            crate::effects::index::not_a_constraint_index(index, constraint.deferrable)
                .map(|message| ("42809", message))
        };
        if let Some((sqlstate, message)) = refusal {
            self.c.error(sqlstate, message, span.clone());
            return;
        }
        let columns = crate::effects::index::key_columns(index);
        // It takes the constraint's name (`RenameRelationInternal`).
        let renamed = !matches!(&constraint.conname, name if name.is_empty() || *name == constraint.indexname);
        let mode = if renamed {
            LockMode::ShareUpdateExclusive
        } else {
            LockMode::AccessShare
        };
        self.c.lock(oid, mode, span.clone());
        if constraint.contype() != ConstrType::ConstrPrimary {
            return;
        }
        let name = match constraint.conname.as_str() {
            "" => constraint.indexname.clone(),
            name => name.to_owned(),
        };
        self.refuse_index_constraint(constraint, ConstraintNoun::PrimaryKey, &columns, span);
        if self.c.failed() {
            return;
        }
        let reason = Reason::AddConstraint {
            constraint: ConstraintNoun::PrimaryKey,
            name,
            column: None,
        };
        self.primary_key_not_null(&columns, None, &reason, span);
    }

    fn assume_nullable_key(&mut self, constraint: &Constraint, span: &Range<usize>) {
        if constraint.contype() != ConstrType::ConstrPrimary {
            return;
        }
        self.c.assume(format!(
            "the columns of index {} are not known: assumed to be nullable, so that the primary key scans for nulls",
            constraint.indexname
        ));
        let reason = Reason::AddConstraint {
            constraint: ConstraintNoun::PrimaryKey,
            name: constraint.conname.clone(),
            column: None,
        };
        self.phase3.scan(self.root, reason, span);
    }
}
