//! ADD, VALIDATE, ALTER and DROP CONSTRAINT.

use std::ops::Range;

use pg_query::protobuf::{ConstrType, Constraint};
use pg_query::{Node, NodeEnum};

use super::drop_column::lock_what_goes;
use super::phase3::{Cause, IndexCause};
use super::{Alteration, Command};
use crate::catalog::{ConstraintKind, IndexTarget, NotNull, Oid, RelationKind};
use crate::effects::column_definition::refused_check;
use crate::effects::index_definition::{constraint_refusal, exclusion_pairs};
use crate::effects::node;
use crate::effects::{ChangeKind, ConstraintNoun, LockMode, Reason, foreign_key};

impl<'a> Alteration<'_, 'a> {
    pub fn add_constraint(&mut self, command: &Command<'a>) {
        let Some(NodeEnum::Constraint(constraint)) =
            command.node.def.as_ref().and_then(|def| def.node.as_ref())
        else {
            return;
        };
        // From 18 on the family is locked before anybody looks at what is added (`ATPrepAddPrimaryKey`).
        if self.since(18) {
            self.family(&command.span);
        }
        if let Some((sqlstate, message)) = self
            .relation(self.root)
            .map(|relation| self.owner_of_definitions(relation))
            .and_then(|owner| owner.refused_on_foreign(constraint))
        {
            self.c.error(sqlstate, message, command.span.clone());
            return;
        }
        self.refuse_check(constraint, &command.span);
        if self.c.failed() {
            return;
        }
        match constraint.contype() {
            ConstrType::ConstrCheck => self.add_check(constraint, None, &command.span),
            ConstrType::ConstrNotnull => self.add_not_null(constraint, &command.span),
            ConstrType::ConstrForeign => self.add_foreign_key(constraint, None, &command.span),
            ConstrType::ConstrPrimary | ConstrType::ConstrUnique | ConstrType::ConstrExclusion => {
                if constraint.indexname.is_empty() {
                    self.add_index_constraint(constraint, None, &command.span);
                } else {
                    self.add_using_index(constraint, &command.span);
                }
            }
            // ADD CONSTRAINT takes none of these; the grammar attaches them to the constraint before.
            ConstrType::Undefined
            | ConstrType::ConstrNull
            | ConstrType::ConstrDefault
            | ConstrType::ConstrIdentity
            | ConstrType::ConstrGenerated
            | ConstrType::ConstrAttrDeferrable
            | ConstrType::ConstrAttrNotDeferrable
            | ConstrType::ConstrAttrDeferred
            | ConstrType::ConstrAttrImmediate
            | ConstrType::ConstrAttrEnforced
            | ConstrType::ConstrAttrNotEnforced => {}
        }
    }

    /// The name that the constraint has once the statement has run.
    fn constraint_name(&self, written: &str, is_it: impl Fn(&ConstraintKind) -> bool) -> String {
        if !written.is_empty() {
            return written.to_owned();
        }
        let (before, after) = (
            self.c.input.before.relation(self.root),
            self.c.input.after.relation(self.root),
        );
        after
            .into_iter()
            .flat_map(|relation| &relation.constraints)
            .find(|constraint| {
                is_it(&constraint.kind)
                    && before.is_none_or(|before| before.constraint(&constraint.name).is_none())
            })
            .map_or_else(
                || "(unnamed)".to_owned(),
                |constraint| constraint.name.clone(),
            )
    }

    /// `column`: the constraint is written inline in ADD COLUMN.
    pub fn add_check(
        &mut self,
        constraint: &Constraint,
        column: Option<&str>,
        span: &Range<usize>,
    ) {
        let family = if constraint.is_no_inherit {
            vec![self.root]
        } else {
            self.family(span)
        };
        if constraint.skip_validation || !constraint.is_enforced {
            return;
        }
        let name = self.constraint_name(&constraint.conname, |kind| {
            matches!(kind, ConstraintKind::Check { .. })
        });
        for oid in family {
            let reason = Reason::AddConstraint {
                constraint: ConstraintNoun::Check,
                name: name.clone(),
                column: column.map(str::to_owned),
            };
            self.phase3.scan(oid, reason, span);
        }
    }

    /// What PostgreSQL refuses about the expression of a CHECK.
    fn refuse_check(&mut self, constraint: &'a Constraint, span: &Range<usize>) {
        if constraint.contype() != ConstrType::ConstrCheck {
            return;
        }
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        if constraint.is_no_inherit && relation.kind == RelationKind::PartitionedTable {
            let message = "cannot add NO INHERIT constraint to partitioned table";
            self.c.error("42P16", message, span.clone());
            return;
        }
        // What the same statement adds, drops or changes was done in an earlier pass.
        let after = self.c.input.after.relation(self.root).unwrap_or(relation);
        if !after.complete {
            return;
        }
        if let Some((sqlstate, message)) = refused_check(constraint, &self.scope(after)) {
            self.c.error(sqlstate, message, span.clone());
        }
    }

    /// 18: NOT NULL as a table constraint. A valid one is proved or scanned as SET NOT NULL is.
    fn add_not_null(&mut self, constraint: &Constraint, span: &Range<usize>) {
        let Some(column) = constraint.keys.first().and_then(node::string) else {
            return;
        };
        self.column(self.root, column, span);
        if let Some(refusal) = self.refused_not_null(column, constraint) {
            self.c.error("55000", refusal, span.clone());
            return;
        }
        let family = if constraint.is_no_inherit {
            vec![self.root]
        } else {
            self.family(span)
        };
        if constraint.skip_validation {
            return;
        }
        let name = self.constraint_name(
            &constraint.conname,
            |kind| matches!(kind, ConstraintKind::NotNull { column: of } if of == column),
        );
        for oid in family {
            if self.needs_not_null_scan(oid, column) {
                let reason = Reason::AddConstraint {
                    constraint: ConstraintNoun::NotNull,
                    name: name.clone(),
                    column: None,
                };
                self.phase3.scan(oid, reason, span);
            }
        }
    }

    /// `AdjustNotNullInheritance`: a second constraint of a column must agree with the first.
    fn refused_not_null(&self, column: &str, constraint: &Constraint) -> Option<String> {
        let existing = self
            .relation(self.root)?
            .not_null_constraint(column)
            .filter(|existing| !self.drops_constraint(&existing.name))?;
        let name = &existing.name;
        if existing.no_inherit != constraint.is_no_inherit {
            return Some(format!(
                "cannot change NO INHERIT status of NOT NULL constraint \"{name}\""
            ));
        }
        if !existing.valid && !constraint.skip_validation {
            return Some(format!("incompatible NOT VALID constraint \"{name}\""));
        }
        let named = &constraint.conname;
        (!named.is_empty() && named != name).then(|| {
            format!(
                "cannot create not-null constraint \"{named}\" on column \"{column}\": it has \"{name}\""
            )
        })
    }

    /// Locks both sides; unless NOT VALID or NOT ENFORCED every referencing row is looked up.
    pub fn add_foreign_key(
        &mut self,
        constraint: &Constraint,
        column: Option<&str>,
        span: &Range<usize>,
    ) {
        let partitioned = self
            .relation(self.root)
            .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
        if partitioned {
            if self.only && self.c.input.before.children(self.root).next().is_some() {
                let message = "cannot use ONLY for foreign key on partitioned table";
                self.c.error("42809", message, span.clone());
                return;
            }
            self.family(span);
            if constraint.skip_validation && constraint.is_enforced && !self.since(18) {
                let message = "cannot add NOT VALID foreign key on a partitioned table referencing another relation";
                self.c.error("42809", message, span.clone());
                return;
            }
        }
        let referenced = foreign_key::lock_referenced(self.c, constraint, span);
        if let Some(referenced) = referenced {
            let columns = match column {
                Some(column) => vec![column.to_owned()],
                None => node::strings(&constraint.fk_attrs),
            };
            foreign_key::check(self.c, self.root, &columns, constraint, referenced, span);
        }
        if constraint.skip_validation || !constraint.is_enforced || self.c.failed() {
            return;
        }
        let name = self.constraint_name(&constraint.conname, |kind| {
            matches!(kind, ConstraintKind::ForeignKey(_))
        });
        let reason = Reason::AddConstraint {
            constraint: ConstraintNoun::ForeignKey,
            name,
            column: column.map(str::to_owned),
        };
        match referenced {
            Some(referenced) => {
                self.phase3
                    .validate_foreign_key(self.root, referenced, reason, span);
            }
            None => self.phase3.scan(self.root, reason, span),
        }
    }

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
        let Some(key) = &relation.partition_key else {
            return;
        };
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
        let covered = key.parts.iter().all(|part| match part {
            IndexTarget::Column(name) => columns.contains(name),
            IndexTarget::Expression(_) => false,
        });
        if !covered {
            let message =
                "unique constraint on partitioned table must include all partitioning columns";
            self.c.error("0A000", message, span.clone());
        }
    }

    /// A constraint that the same statement adds; that is done in an earlier pass than VALIDATE.
    fn adds_constraint(&self, name: &str) -> Option<&'a Constraint> {
        self.commands
            .iter()
            .find_map(|command| match command.node.def.as_ref()?.node.as_ref()? {
                NodeEnum::Constraint(constraint) if constraint.conname == name => {
                    Some(constraint.as_ref())
                }
                _ => None,
            })
    }

    fn drops_constraint(&self, name: &str) -> bool {
        self.commands.iter().any(|command| {
            command.node.subtype() == pg_query::protobuf::AlterTableType::AtDropConstraint
                && command.node.name == name
        })
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
    fn add_using_index(&mut self, constraint: &Constraint, span: &Range<usize>) {
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
        // A primary key makes nullable columns NOT NULL by a command of its own; the index is then only read
        // (measured 12 to 18).
        let nullable = constraint.contype() == ConstrType::ConstrPrimary
            && self.relation(self.root).is_some_and(|relation| {
                columns.iter().any(|name| {
                    relation
                        .column(name)
                        .is_some_and(|column| column.not_null == NotNull::No)
                })
            });
        let mode = if nullable || !renamed {
            LockMode::AccessShare
        } else {
            LockMode::ShareUpdateExclusive
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

    pub fn validate_constraint(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        // `ATCheckPartitionsNotInUse`
        if relation.kind == RelationKind::PartitionedTable {
            let only = std::mem::replace(&mut self.only, false);
            self.family(span);
            self.only = only;
        }
        if relation
            .constraint(name)
            .is_none_or(|_| self.drops_constraint(name))
            && let Some(added) = self.adds_constraint(name)
        {
            if added.skip_validation && added.is_enforced {
                let reason = Reason::ValidateConstraint { name: name.clone() };
                let referenced = added
                    .pktable
                    .as_ref()
                    .and_then(|table| self.c.input.oid(table));
                match referenced {
                    Some(referenced) => {
                        self.phase3
                            .validate_foreign_key(self.root, referenced, reason, span);
                    }
                    None => self.phase3.scan(self.root, reason, span),
                }
            }
            return;
        }
        let Some(constraint) = relation.constraint(name) else {
            if relation.complete {
                let message = format!(
                    "constraint \"{name}\" of relation \"{}\" does not exist",
                    relation.name.name
                );
                self.c.error("42704", message, span.clone());
            } else {
                self.c.assume(format!(
                    "constraint {name} is not known: assumed to need a scan"
                ));
                let reason = Reason::ValidateConstraint { name: name.clone() };
                self.phase3.scan(self.root, reason, span);
            }
            return;
        };
        if !constraint.enforced {
            self.c.error(
                "55000",
                "cannot validate NOT ENFORCED constraint",
                span.clone(),
            );
            return;
        }
        let reason = Reason::ValidateConstraint { name: name.clone() };
        match &constraint.kind {
            ConstraintKind::ForeignKey(key) => {
                if constraint.valid {
                    return;
                }
                for referenced in self.c.family_if_partitioned(key.references) {
                    self.c.because("its rows are looked up", |c| {
                        c.lock(referenced, LockMode::RowShare, span.clone())
                    });
                }
                if relation.kind == RelationKind::PartitionedTable {
                    self.family(span);
                }
                self.phase3
                    .validate_foreign_key(self.root, key.references, reason, span);
            }
            ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. } => {
                if constraint.valid {
                    return;
                }
                let has_children = self.c.input.before.children(self.root).next().is_some();
                if self.only && has_children && !constraint.no_inherit {
                    let message = "constraint must be validated on child tables too";
                    self.c.error("42P16", message, span.clone());
                    return;
                }
                let family = if constraint.no_inherit {
                    vec![self.root]
                } else {
                    self.family(span)
                };
                for oid in family {
                    let pending = self
                        .relation(oid)
                        .and_then(|relation| relation.constraint(name))
                        .is_none_or(|constraint| !constraint.valid);
                    if pending {
                        self.phase3.scan(oid, reason.clone(), span);
                    }
                }
            }
            ConstraintKind::PrimaryKey { .. }
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Exclusion { .. } => {
                let message = format!(
                    "constraint \"{name}\" of relation \"{}\" is not a foreign key or check constraint",
                    relation.name.name
                );
                self.c.error("42809", message, span.clone());
            }
        }
    }

    pub fn alter_constraint(&mut self, command: &Command<'a>) {
        let Some(NodeEnum::AtalterConstraint(alter)) =
            command.node.def.as_ref().and_then(|def| def.node.as_ref())
        else {
            return;
        };
        let span = &command.span;
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        let Some(constraint) = relation.constraint(&alter.conname) else {
            if relation.complete {
                let message = format!(
                    "constraint \"{}\" of relation \"{}\" does not exist",
                    alter.conname, relation.name.name
                );
                self.c.error("42704", message, span.clone());
            }
            return;
        };
        let key = match &constraint.kind {
            ConstraintKind::ForeignKey(key) => key,
            ConstraintKind::NotNull { .. } if self.since(18) && !alter.alter_enforceability => {
                self.family(span);
                return;
            }
            _ => {
                let message = format!(
                    "constraint \"{}\" of relation \"{}\" is not a foreign key constraint",
                    alter.conname, relation.name.name
                );
                self.c.error("42809", message, span.clone());
                return;
            }
        };
        if relation.kind == RelationKind::PartitionedTable {
            self.family(span);
        }
        if !alter.alter_enforceability || alter.is_enforced == constraint.enforced {
            return;
        }
        let mode = if alter.is_enforced {
            LockMode::ShareRowExclusive
        } else {
            LockMode::AccessExclusive
        };
        for referenced in self.c.family_if_partitioned(key.references) {
            self.c
                .because_of_key("its triggers for the foreign key change", |c| {
                    c.lock(referenced, mode, span.clone())
                });
        }
        if alter.is_enforced {
            let reason = Reason::ValidateConstraint {
                name: alter.conname.clone(),
            };
            self.phase3
                .validate_foreign_key(self.root, key.references, reason, span);
        }
    }

    pub fn drop_constraint(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        // `ATCheckPartitionsNotInUse`
        if relation.kind == RelationKind::PartitionedTable {
            let only = std::mem::replace(&mut self.only, false);
            self.family(span);
            self.only = only;
        }
        let Some(constraint) = relation.constraint(name) else {
            if relation.complete && !command.node.missing_ok {
                let message = format!(
                    "constraint \"{name}\" of relation \"{}\" does not exist",
                    relation.name.name
                );
                self.c.error("42704", message, span.clone());
            }
            return;
        };
        if constraint.inherited > 0 {
            let message = format!(
                "cannot drop inherited constraint \"{name}\" of relation \"{}\"",
                relation.name.name
            );
            self.c.error("42P16", message, span.clone());
            return;
        }
        let inheritable = match constraint.kind {
            ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. } => !constraint.no_inherit,
            ConstraintKind::PrimaryKey { .. }
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Exclusion { .. }
            | ConstraintKind::ForeignKey(_) => relation.kind == RelationKind::PartitionedTable,
        };
        // Children are locked even with ONLY.
        if inheritable {
            let only = std::mem::replace(&mut self.only, false);
            self.family(span);
            self.only = only;
        }
        if let Some(target) = self.c.target(self.root) {
            self.c.change(
                ChangeKind::ConstraintDropped {
                    relation: target,
                    constraint: name.clone(),
                },
                span.clone(),
            );
        }
        lock_what_goes(self.c, span);
    }
}

/// The expressions of the valid, enforced CHECK constraints of a relation.
pub(super) fn valid_checks(relation: &crate::catalog::Relation) -> Vec<&Node> {
    relation
        .constraints
        .iter()
        .filter(|constraint| constraint.valid && constraint.enforced)
        .filter_map(|constraint| match &constraint.kind {
            ConstraintKind::Check { expression, .. } => Some(expression.as_ref()),
            _ => None,
        })
        .collect()
}
