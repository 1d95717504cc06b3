//! Subcommands on one existing column: NOT NULL, defaults, identity, generated columns.

use std::ops::Range;

use pg_query::NodeEnum;

use super::{Alteration, Command};
use crate::catalog::{Column, ConstraintKind, NotNull, Oid, Relation, RelationKind};
use crate::effects::expression::{Scope, analyse_assigned, not_null_proof};
use crate::effects::{ChangeKind, LockMode, Reason};

impl<'a> Alteration<'_, 'a> {
    /// The column of a relation, or a certain error 42703 when the relation is known and has none.
    pub fn column(&mut self, oid: Oid, name: &str, span: &Range<usize>) -> Option<&'a Column> {
        let relation = self.relation(oid)?;
        let column = relation.column(name);
        if column.is_none() && relation.complete && oid == self.root && !self.adds_column(name) {
            self.c.error(
                "42703",
                format!(
                    "column \"{name}\" of relation \"{}\" does not exist",
                    relation.name.name
                ),
                span.clone(),
            );
        }
        column
    }

    /// Whether another subcommand of the statement adds the column (they run in passes, additions early).
    pub fn adds_column(&self, name: &str) -> bool {
        self.commands.iter().any(|command| {
            matches!(
                command.node.def.as_ref().and_then(|def| def.node.as_ref()),
                Some(NodeEnum::ColumnDef(def))
                    if def.colname == name
                        && command.node.subtype()
                            == pg_query::protobuf::AlterTableType::AtAddColumn
            )
        })
    }

    /// Whether another subcommand of the statement drops the column.
    pub fn drops_column(&self, name: &str) -> bool {
        self.commands.iter().any(|command| {
            command.node.subtype() == pg_query::protobuf::AlterTableType::AtDropColumn
                && command.node.name == name
        })
    }

    /// A scope for expressions over a relation's columns.
    pub fn scope(&self, relation: &'a Relation) -> Scope<'a> {
        self.c.input.scope(Some(relation))
    }

    /// `ATExecSetNotNull`: a scan of every table that nothing proves.
    pub fn set_not_null(&mut self, column: &str, span: &Range<usize>) {
        if self.only_with_partitions(span, "constraint must be added to child tables too") {
            return;
        }
        if self.family_is_not_null(column) {
            return;
        }
        for oid in self.family(span) {
            self.column(oid, column, span);
            if self.c.failed() {
                return;
            }
            if self.needs_not_null_scan(oid, column) {
                let reason = Reason::SetNotNull {
                    column: column.to_owned(),
                };
                self.phase3.scan(oid, reason, span);
            }
        }
    }

    /// The children of a column that is NOT NULL already are left alone (`ATPrepSetNotNull`); before 18
    /// inheritance children may still be nullable.
    fn family_is_not_null(&self, column: &str) -> bool {
        self.relation(self.root).is_some_and(|relation| {
            (self.since(18) || relation.kind == RelationKind::PartitionedTable)
                && !self.drops_not_null(column)
                && relation
                    .column(column)
                    .is_some_and(|column| column.not_null == NotNull::Valid)
        })
    }

    /// ALTER TABLE ONLY of a partitioned table that has partitions: 42P16.
    fn only_with_partitions(&mut self, span: &Range<usize>, message: &str) -> bool {
        let partitioned = self
            .relation(self.root)
            .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
        let refused =
            self.only && partitioned && self.c.input.before.children(self.root).next().is_some();
        if refused {
            self.c.error("42P16", message, span.clone());
        }
        refused
    }

    /// Whether making a column NOT NULL reads the table: it is nullable and no valid CHECK proves it
    /// (`NotNullImpliedByRelConstraints`). The constraints are read when the statement's other
    /// subcommands have run: one that it drops proves nothing, one that it adds proves what it will.
    pub fn needs_not_null_scan(&self, oid: Oid, column: &str) -> bool {
        let Some(relation) = self.relation(oid) else {
            return true;
        };
        match relation.column(column).map(|column| column.not_null) {
            Some(NotNull::Valid) if !self.drops_not_null(column) => return false,
            Some(NotNull::Valid | NotNull::No | NotNull::NotValid) | None => {}
        }
        let kept = self.c.input.after.relation(oid).unwrap_or(relation);
        let checks = super::constraint::valid_checks(kept);
        let scope = Scope {
            relation: Some(kept),
            catalog: self.c.input.after,
            ..self.scope(relation)
        };
        !not_null_proof(column, &checks, &scope)
    }

    /// Dropped in an earlier pass than it is set.
    fn drops_not_null(&self, column: &str) -> bool {
        use pg_query::protobuf::AlterTableType as T;
        let constraint = self
            .relation(self.root)
            .and_then(|relation| relation.not_null_constraint(column));
        self.commands
            .iter()
            .any(|command| match command.node.subtype() {
                T::AtDropNotNull => command.node.name == column,
                T::AtDropConstraint => {
                    constraint.is_some_and(|constraint| constraint.name == command.node.name)
                }
                _ => false,
            })
    }

    pub fn drop_not_null(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        if !self.since(18)
            && self.only_with_partitions(
                span,
                "cannot remove constraint from only the partitioned table when partitions exist",
            )
        {
            return;
        }
        // From 18 on it is a constraint, and children are locked even with ONLY.
        let nullable = self.relation(self.root).and_then(|relation| {
            let column = relation.column(name).filter(|_| relation.complete)?;
            Some(column.not_null == NotNull::No)
        });
        if self.since(18) && nullable == Some(true) {
            return;
        }
        let only = self.only && !self.since(18);
        let only = std::mem::replace(&mut self.only, only);
        self.family(span);
        self.only = only;
        let Some(column) = self.column(self.root, name, span) else {
            return;
        };
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        if let Some(refusal) = not_null_is_needed(self, relation, column) {
            self.c.error("42P16", refusal, span.clone());
            return;
        }
        if let Some(target) = self.c.target(self.root) {
            self.c.change(
                ChangeKind::NotNullDropped {
                    relation: target,
                    column: name.clone(),
                },
                span.clone(),
            );
        }
    }

    pub fn set_default(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        for oid in self.family(span) {
            let Some(column) = self.column(oid, name, span) else {
                continue;
            };
            let Some(relation) = self.relation(oid) else {
                continue;
            };
            if oid != self.root {
                continue;
            }
            if column.identity.is_some() && !self.drops_identity(name) {
                let message = format!(
                    "column \"{name}\" of relation \"{}\" is an identity column",
                    relation.name.name
                );
                self.c.error("42601", message, span.clone());
            } else if column.generated.is_some() {
                let message = format!(
                    "column \"{name}\" of relation \"{}\" is a generated column",
                    relation.name.name
                );
                self.c.error("42601", message, span.clone());
            } else if let Some(default) = &command.node.def {
                let scope = Scope {
                    relation: None,
                    ..self.scope(relation)
                };
                // The type was changed in an earlier pass.
                let ty = (self.c.input.after.relation(oid))
                    .and_then(|after| after.column(name))
                    .map_or(&column.ty, |after| &after.ty);
                let facts = analyse_assigned(default, ty, &scope);
                if let Some((sqlstate, message)) = facts.error {
                    self.c.error(sqlstate, message, span.clone());
                }
            }
        }
    }

    /// SET EXPRESSION (17): a stored column is computed for every row; a virtual one (18) is not, unless a
    /// CHECK or NOT NULL must be verified again.
    pub fn set_expression(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        for oid in self.family(span) {
            let Some(column) = self.column(oid, name, span) else {
                continue;
            };
            let Some(generated) = &column.generated else {
                let message = format!("column \"{name}\" is not a generated column");
                self.c.error("55000", message, span.clone());
                return;
            };
            if !generated.stored && self.has_checks(oid) {
                let message = "ALTER TABLE / SET EXPRESSION is not supported for virtual generated columns in tables with check constraints";
                self.c.error("0A000", message, span.clone());
                return;
            }
            let reason = Reason::SetExpression {
                column: name.clone(),
            };
            if generated.stored {
                self.phase3.rewrite(oid, reason, span);
            } else if self.is_verified(oid, column) {
                self.phase3.scan(oid, reason, span);
            }
        }
    }

    fn has_checks(&self, oid: Oid) -> bool {
        self.relation(oid).is_some_and(|relation| {
            relation
                .constraints
                .iter()
                .any(|constraint| matches!(constraint.kind, ConstraintKind::Check { .. }))
        })
    }

    /// Whether a NOT NULL or a valid CHECK mentions the column.
    fn is_verified(&self, oid: Oid, column: &Column) -> bool {
        column.not_null == NotNull::Valid
            || self.relation(oid).is_some_and(|relation| {
                relation.constraints.iter().any(|constraint| {
                    matches!(&constraint.kind, ConstraintKind::Check { columns, .. }
                        if constraint.valid && constraint.enforced && columns.contains(&column.name))
                })
            })
    }

    pub fn drop_expression(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        self.family(span);
        let Some(column) = self.column(self.root, name, span) else {
            return;
        };
        match &column.generated {
            None if !command.node.missing_ok => self.c.error(
                "55000",
                format!("column \"{name}\" is not a generated column"),
                span.clone(),
            ),
            Some(generated) if !generated.stored => self.c.error(
                "0A000",
                "ALTER TABLE / DROP EXPRESSION is not supported for virtual generated columns",
                span.clone(),
            ),
            None | Some(_) => {}
        }
    }

    pub fn add_identity(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        self.identity_family(span);
        let Some(column) = self.column(self.root, name, span) else {
            return;
        };
        let numeric = matches!(
            column.ty.builtin_name(),
            Some("int2" | "int4" | "int8") | None
        );
        if !numeric {
            let message = "identity column type must be smallint, integer, or bigint";
            self.c.error("22023", message, span.clone());
            return;
        }
        let refusal = if column.not_null == NotNull::No && !self.sets_not_null(name) {
            Some("must be declared NOT NULL before identity can be added")
        } else if column.identity.is_some() {
            Some("is already an identity column")
        } else if column.default.is_some() && !self.drops_default(name) {
            Some("already has a default value")
        } else {
            None
        };
        if let Some(refusal) = refusal {
            let message = format!("column \"{name}\" {refusal}");
            self.c.error("55000", message, span.clone());
        }
    }

    /// From 17 on identity belongs to partitions too; inheritance children are never touched.
    fn identity_family(&mut self, span: &Range<usize>) {
        let partitioned = self
            .relation(self.root)
            .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
        if partitioned && self.since(17) {
            self.family(span);
        }
    }

    fn sets_not_null(&self, column: &str) -> bool {
        self.commands.iter().any(|command| {
            command.node.subtype() == pg_query::protobuf::AlterTableType::AtSetNotNull
                && command.node.name == column
        })
    }

    pub fn drops_default(&self, column: &str) -> bool {
        self.commands.iter().any(|command| {
            command.node.subtype() == pg_query::protobuf::AlterTableType::AtColumnDefault
                && command.node.name == column
                && command.node.def.is_none()
        })
    }

    /// SET GENERATED changes the column; sequence options alter the sequence, which gets new storage.
    pub fn set_identity(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        self.identity_family(span);
        let Some(column) = self.column(self.root, name, span) else {
            return;
        };
        if column.identity.is_none() {
            let message = format!("column \"{name}\" is not an identity column");
            self.c.error("55000", message, span.clone());
            return;
        }
        let Some(sequence) = self.identity_sequence(name) else {
            return;
        };
        self.c.because("it numbers the identity column", |c| {
            c.lock(sequence, LockMode::ShareRowExclusive, span.clone())
        });
        if changes_sequence(command) {
            self.c.new_storage(sequence);
        }
    }

    fn identity_sequence(&self, column: &str) -> Option<Oid> {
        self.c
            .input
            .before
            .sequences_of(self.root, Some(column))
            .into_iter()
            .find(|sequence| {
                sequence
                    .owned_by
                    .as_ref()
                    .is_some_and(|owner| owner.identity)
            })
            .map(|sequence| sequence.oid)
    }

    /// DROP IDENTITY of the same statement comes before SET DEFAULT (`AT_PASS_DROP`).
    fn drops_identity(&self, column: &str) -> bool {
        self.commands.iter().any(|command| {
            command.node.subtype() == pg_query::protobuf::AlterTableType::AtDropIdentity
                && command.node.name == column
        })
    }

    pub fn drop_identity(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        let Some(column) = self.column(self.root, name, span) else {
            return;
        };
        if column.identity.is_none() {
            if !command.node.missing_ok {
                let message = format!("column \"{name}\" is not an identity column");
                self.c.error("55000", message, span.clone());
            }
            return;
        }
        self.identity_family(span);
        if let Some(sequence) = self.identity_sequence(name) {
            self.c.because("it numbers the identity column", |c| {
                c.lock(sequence, LockMode::AccessExclusive, span.clone())
            });
        }
    }
}

/// Why DROP NOT NULL is refused: primary key, replica identity, identity, or the parent's NOT NULL.
fn not_null_is_needed(
    alteration: &Alteration<'_, '_>,
    relation: &Relation,
    column: &Column,
) -> Option<String> {
    if column.not_null == NotNull::No {
        return None;
    }
    let name = &column.name;
    let catalog = alteration.c.input.before;
    if column.identity.is_some() {
        return Some(format!("column \"{name}\" is an identity column"));
    }
    let has = |index: Oid| {
        catalog
            .index(index)
            .is_some_and(|index| crate::effects::index::key_columns(index).contains(name))
    };
    if let Some(ConstraintKind::PrimaryKey { index }) =
        relation.primary_key().map(|constraint| &constraint.kind)
        && has(*index)
    {
        return Some(format!("column \"{name}\" is in a primary key"));
    }
    if let crate::catalog::ReplicaIdentity::Index(index) = relation.replica_identity
        && has(index)
    {
        return Some(format!(
            "column \"{name}\" is in index used as replica identity"
        ));
    }
    let parent_needs_it = relation.is_partition()
        && relation.parents.iter().any(|&parent| {
            catalog
                .relation(parent)
                .and_then(|parent| parent.column(name))
                .is_some_and(|column| column.not_null == NotNull::Valid)
        });
    parent_needs_it.then(|| format!("column \"{name}\" is marked NOT NULL in parent table"))
}

/// Whether SET options go to the sequence (anything but GENERATED ALWAYS / BY DEFAULT).
fn changes_sequence(command: &Command<'_>) -> bool {
    let Some(NodeEnum::List(options)) = command.node.def.as_ref().and_then(|def| def.node.as_ref())
    else {
        return false;
    };
    options.items.iter().any(|option| {
        matches!(&option.node, Some(NodeEnum::DefElem(option)) if option.defname != "generated")
    })
}
