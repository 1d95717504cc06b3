//! ALTER COLUMN ... TYPE over the relation and its children.

use pg_query::protobuf::AlterTableType;

use super::{Alteration, Command};
use crate::catalog::{ConstraintKind, Oid, Type};
use crate::effects::expression::types::{modifiers, same};
use crate::effects::type_change::{self, TypeChange};
use crate::effects::{ChangeKind, LockMode, Reason};

impl<'a> Alteration<'_, 'a> {
    pub fn alter_column_type(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        if self.drops_column(name) {
            let table = self
                .relation(self.root)
                .map_or("", |it| it.name.name.as_str());
            let message = format!("column \"{name}\" of relation \"{table}\" does not exist");
            self.c.error("42703", message, span.clone());
            return;
        }
        if self.is_altered_twice(command) {
            let message = format!("cannot alter type of column \"{name}\" twice");
            self.c.error("0A000", message, span.clone());
            return;
        }
        if self.cannot_use(command) {
            let message = "cannot specify USING when altering type of generated column";
            self.c.error("42611", message, span.clone());
            return;
        }
        for oid in self.family(span) {
            if self.column(oid, name, span).is_none() {
                self.unknown_column(oid, command);
                continue;
            }
            let rewritten = self.is_rewritten_besides(oid, command);
            let Some(change) = self.classify(oid, command, rewritten) else {
                continue;
            };
            self.apply_type_change(oid, command, change);
            if self.c.failed() {
                return;
            }
        }
    }

    /// `ATPrepAlterColumnType` of every subcommand comes before the first is done.
    fn cannot_use(&self, command: &Command<'a>) -> bool {
        let Some(relation) = self.relation(self.root) else {
            return false;
        };
        self.commands.iter().any(|other| {
            let using = column_definition(other).is_some_and(|it| it.raw_default.is_some());
            let generated = relation
                .column(&other.node.name)
                .is_some_and(|column| column.generated.is_some());
            other.node.subtype() == AlterTableType::AtAlterColumnType
                && other.node.name != command.node.name
                && using
                && generated
        })
    }

    /// Another subcommand changes the column's type too (`ATExecAlterColumnType`).
    fn is_altered_twice(&self, command: &Command<'a>) -> bool {
        let name = &command.node.name;
        let column = self
            .relation(self.root)
            .and_then(|relation| relation.column(name));
        let types: Vec<Type> = self
            .commands
            .iter()
            .filter(|other| {
                other.node.subtype() == AlterTableType::AtAlterColumnType
                    && other.node.name == *name
            })
            .filter_map(|other| column_definition(other)?.type_name.as_ref())
            .map(|ty| {
                self.c
                    .input
                    .before
                    .resolve_type(ty, self.c.input.settings())
            })
            .collect();
        let (Some(column), Some((_, earlier))) = (column, types.split_last()) else {
            return false;
        };
        earlier
            .iter()
            .any(|ty| !same(&column.ty, ty) || modifiers(&column.ty) != modifiers(ty))
    }

    /// The worst that is plausible for a column that is not known: a rewrite.
    fn unknown_column(&mut self, oid: Oid, command: &Command<'a>) {
        if self.c.failed() {
            return;
        }
        let name = &command.node.name;
        self.c.assume(format!(
            "the type that column {name} has now is not known: assumed to need a rewrite"
        ));
        let reason = Reason::TypeChange {
            column: name.clone(),
            from: "an unknown type".to_owned(),
            to: self.new_type_text(oid, command),
        };
        self.phase3.rewrite(oid, reason, &command.span);
    }

    /// What every subcommand is prepared for counts when foreign keys are made again (`ATPostAlterTypeParse` is told
    /// `tab->rewrite`): other type changes, SET LOGGED and its like.
    fn is_rewritten_besides(&self, oid: Oid, command: &Command<'a>) -> bool {
        use AlterTableType as T;
        let others = self
            .commands
            .iter()
            .filter(|other| !std::ptr::eq(other.node, command.node));
        others.into_iter().any(|other| match other.node.subtype() {
            T::AtAlterColumnType => self
                .classify(oid, other, false)
                .is_some_and(|change| change.rewrite),
            T::AtSetLogged => oid == self.root && self.changes_persistence(true),
            T::AtSetUnLogged => oid == self.root && self.changes_persistence(false),
            T::AtSetAccessMethod => oid == self.root && self.changes_access_method(other),
            _ => false,
        })
    }

    /// `rewritten`: by another subcommand.
    fn classify(&self, oid: Oid, command: &Command<'a>, rewritten: bool) -> Option<TypeChange> {
        let input = self.c.input;
        let relation = self.relation(oid)?;
        let column = relation.column(&command.node.name)?;
        let changed = input.after.relation(oid)?.column(&command.node.name);
        let definition = column_definition(command)?;
        let new_type = match (changed, &definition.type_name) {
            (_, Some(name)) => input.before.resolve_type(name, input.settings()),
            (Some(changed), None) => changed.ty.clone(),
            (None, None) => return None,
        };
        let collation = definition.coll_clause.as_ref().and_then(|clause| {
            clause
                .collname
                .last()
                .and_then(crate::effects::node::string)
                .map(str::to_owned)
        });
        // What the same statement drops went in an earlier pass.
        let mut column = column.clone();
        if self.drops_default(&column.name) {
            column.default = None;
        }
        if self.drops_expression(&column.name) {
            column.generated = None;
        }
        Some(type_change::classify(&type_change::Input {
            catalog: input.before,
            settings: input.settings(),
            version: input.version(),
            relation,
            column: &column,
            ty: &new_type,
            collation: collation.as_deref(),
            using: definition.raw_default.as_deref(),
            recursing: oid != self.root,
            drops: self.commands.iter().any(|command| {
                matches!(
                    command.node.subtype(),
                    AlterTableType::AtDropColumn | AlterTableType::AtDropConstraint
                )
            }),
            rewritten,
        }))
    }

    fn drops_expression(&self, column: &str) -> bool {
        self.commands.iter().any(|command| {
            command.node.subtype() == AlterTableType::AtDropExpression
                && command.node.name == column
        })
    }

    fn apply_type_change(&mut self, oid: Oid, command: &Command<'a>, change: TypeChange) {
        let span = &command.span;
        if let Some((sqlstate, message)) = change.error {
            self.c.error(sqlstate, message, span.clone());
            return;
        }
        for assumption in change.assumptions {
            self.c.assume(assumption);
        }
        let (from, to) = self.type_texts(oid, command);
        let reason = Reason::TypeChange {
            column: command.node.name.clone(),
            from: from.clone(),
            to: to.clone(),
        };
        if oid == self.root
            && !change.no_op
            && let Some(relation) = self.c.target(oid)
        {
            self.c.change(
                ChangeKind::ColumnTypeChanged {
                    relation,
                    column: command.node.name.clone(),
                    from,
                    to,
                },
                span.clone(),
            );
        }
        if change.rewrite {
            self.phase3.rewrite(oid, reason.clone(), span);
        }
        for &index in &change.indexes_redefined {
            self.c.lock(index, LockMode::AccessExclusive, span.clone());
        }
        for &index in &change.indexes_rebuilt {
            self.c.lock(index, LockMode::AccessExclusive, span.clone());
            // Another subcommand drops it.
            if self.c.input.after.index(index).is_none() {
                continue;
            }
            if !change.rewrite {
                self.c.scan(oid, reason.clone(), span.clone());
            }
            self.c.index_build(index, reason.clone(), span.clone());
        }
        if !change.checks_verified.is_empty() {
            self.phase3.scan(oid, reason.clone(), span);
        }
        for key in &change.foreign_keys {
            let because = format!(
                "foreign key {} is dropped and created again",
                key.constraint
            );
            // Each partition of a referenced table has triggers of the key, the partitioned table itself from 15 on.
            let mut sides = vec![key.table];
            sides.extend(self.c.family_if_partitioned(key.references));
            let has_partitions = sides.len() > 2;
            for side in sides {
                let mode = match side == key.references && has_partitions && !self.since(15) {
                    true => LockMode::ShareRowExclusive,
                    false => LockMode::AccessExclusive,
                };
                self.c
                    .because_of_key(because.clone(), |c| c.lock(side, mode, span.clone()));
            }
            if key.validated {
                // Row by row for a temporal key (`validateForeignKeyConstraint`).
                if self.is_temporal(key) {
                    self.c
                        .lock_indexes(key.references, LockMode::RowShare, span);
                }
                self.phase3
                    .validate_foreign_key(key.table, key.references, reason.clone(), span);
            }
        }
        if let Some(sequence) = change.sequence_altered {
            self.c.because("it numbers the identity column", |c| {
                c.lock(sequence, LockMode::ShareRowExclusive, span.clone());
                c.new_storage(sequence);
            });
        }
    }

    /// PERIOD: only a temporal key references an index of the method gist.
    fn is_temporal(&self, remade: &type_change::ForeignKeyRemade) -> bool {
        let constraint = self
            .relation(remade.table)
            .and_then(|table| table.constraint(&remade.constraint));
        let index = match constraint.map(|constraint| &constraint.kind) {
            Some(ConstraintKind::ForeignKey(key)) => key.index,
            _ => None,
        };
        index
            .and_then(|index| self.c.input.before.index(index))
            .is_some_and(|index| index.method == "gist")
    }

    fn type_texts(&self, oid: Oid, command: &Command<'a>) -> (String, String) {
        let from = self
            .relation(oid)
            .and_then(|relation| relation.column(&command.node.name))
            .map_or_else(
                || "an unknown type".to_owned(),
                |column| self.c.input.before.type_display(&column.ty),
            );
        (from, self.new_type_text(oid, command))
    }

    pub fn new_type_text(&self, oid: Oid, command: &Command<'a>) -> String {
        let input = self.c.input;
        let written = column_definition(command)
            .and_then(|definition| definition.type_name.as_ref())
            .map(|name| input.before.resolve_type(name, input.settings()));
        let known = || {
            let column = input.after.relation(oid)?.column(&command.node.name)?;
            Some(column.ty.clone())
        };
        written.or_else(known).map_or_else(
            || "another type".to_owned(),
            |ty| input.before.type_display(&ty),
        )
    }
}

fn column_definition<'a>(command: &Command<'a>) -> Option<&'a pg_query::protobuf::ColumnDef> {
    match command.node.def.as_ref()?.node.as_ref()? {
        pg_query::NodeEnum::ColumnDef(definition) => Some(definition),
        _ => None,
    }
}
