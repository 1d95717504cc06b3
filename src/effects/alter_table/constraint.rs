//! ADD CONSTRAINT: CHECK, NOT NULL, foreign keys.

use std::ops::Range;

use pg_query::protobuf::{ConstrType, Constraint};
use pg_query::{Node, NodeEnum};

use super::{Alteration, Command};
use crate::catalog::{self, ConstraintKind, Oid, Relation, RelationKind};
use crate::effects::column_definition::refused_check;
use crate::effects::node;
use crate::effects::{ConstraintNoun, LockMode, Reason, foreign_key};

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
    pub fn constraint_name(
        &self,
        written: &str,
        is_it: impl Fn(&ConstraintKind) -> bool,
    ) -> String {
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
            // One that a child has already is taken over (`MergeWithExistingConstraint`).
            let has_it = oid != self.root
                && self
                    .relation(oid)
                    .and_then(|relation| relation.constraint(&name))
                    .is_some_and(|own| own.valid && own.enforced);
            if has_it {
                continue;
            }
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
            Some(referenced) if self.partitions_have(constraint, referenced) => {}
            Some(referenced) => {
                // A temporal key is looked up row by row, as new rows are (`validateForeignKeyConstraint`).
                if constraint.fk_with_period {
                    self.c.lock_indexes(referenced, LockMode::RowShare, span);
                }
                self.phase3
                    .validate_foreign_key(self.root, referenced, reason, span);
            }
            None => self.phase3.scan(self.root, reason, span),
        }
    }

    /// Every partition has this foreign key already, valid: the new one takes these over
    /// (`tryAttachPartitionForeignKey` in src/backend/commands/tablecmds.c).
    fn partitions_have(&self, constraint: &Constraint, referenced: Oid) -> bool {
        let before = self.c.input.before;
        let is_partitioned = |relation: &Relation| relation.kind == RelationKind::PartitionedTable;
        if !self.relation(self.root).is_some_and(is_partitioned) {
            return false;
        }
        let columns = node::strings(&constraint.fk_attrs);
        let other = node::strings(&constraint.pk_attrs);
        let action = |code: char, written: &str| written.chars().next().unwrap_or('a') == code;
        let same = |known: &catalog::Constraint| match &known.kind {
            ConstraintKind::ForeignKey(key) => {
                known.valid
                    && known.enforced
                    && known.deferrable == constraint.deferrable
                    && key.initially_deferred == constraint.initdeferred
                    && key.references == referenced
                    && key.columns == columns
                    && (other.is_empty() || key.referenced_columns == other)
                    && action(key.on_delete, &constraint.fk_del_action)
                    && action(key.on_update, &constraint.fk_upd_action)
            }
            _ => false,
        };
        let leaves: Vec<&Relation> = before
            .family(self.root)
            .into_iter()
            .filter_map(|oid| before.relation(oid))
            .filter(|relation| !is_partitioned(relation))
            .collect();
        !leaves.is_empty() && leaves.iter().all(|leaf| leaf.constraints.iter().any(same))
    }

    /// A constraint that the same statement adds; that is done in an earlier pass than VALIDATE.
    pub fn adds_constraint(&self, name: &str) -> Option<&'a Constraint> {
        self.commands
            .iter()
            .find_map(|command| match command.node.def.as_ref()?.node.as_ref()? {
                NodeEnum::Constraint(constraint) if constraint.conname == name => {
                    Some(constraint.as_ref())
                }
                _ => None,
            })
    }

    pub fn drops_constraint(&self, name: &str) -> bool {
        self.commands.iter().any(|command| {
            command.node.subtype() == pg_query::protobuf::AlterTableType::AtDropConstraint
                && command.node.name == name
        })
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
