//! ALTER COLUMN TYPE by expand and contract: a new column beside the old one, kept in step by a trigger, filled in
//! batches, given what the old one has, and put in its place in one short transaction.

use std::ops::Range;
use std::sync::Arc;

use pg_query::protobuf::{AlterTableType, ColumnDef};
use pg_query::{Node, NodeEnum};

use super::backfill::fill;
use super::constraint::is_indexed;
use super::index;
use super::not_null::require;
use super::steps::{
    beside, column_name, constraint_name, copied_key, literal, outside, own, promise, recipe,
};
use super::tree;
use crate::catalog::choose_name::make_object_name;
use crate::catalog::expression::{qualify_columns, reads_column, rename_column, string_constant};
use crate::catalog::{
    Column, Constraint, ConstraintKind, ForeignKey, Identity, Index, IndexTarget, NotNull,
    QualifiedName, Relation, RelationKind, ReplicaIdentity, Type,
};
use crate::effects::Target;
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Context, Recipe, Step};

/// In the place of ALTER COLUMN TYPE. None where something hangs on the column that cannot be carried over so.
pub fn change_type(
    cx: &Context<'_>,
    relation: &Target,
    column: &str,
    span: &Range<usize>,
) -> Option<Recipe> {
    if !cx.options.recipes {
        return None;
    }
    let command = cx
        .commands()
        .into_iter()
        .find(|command| command.span.start <= span.start && span.start < command.span.end)?;
    if command.node.subtype() != AlterTableType::AtAlterColumnType {
        return None;
    }
    let Some(NodeEnum::ColumnDef(definition)) = command.node.def.as_ref()?.node.as_ref() else {
        return None;
    };
    let before = relation.oid.and_then(|oid| cx.before.relation(oid));
    if before.is_some_and(|before| !can_move(cx, before, column)) {
        return None;
    }
    let mut change = Change {
        cx,
        table: &relation.name,
        before,
        column,
        definition,
        new: column_name(before, column, "new"),
        old: column_name(before, column, "old"),
        taken: Vec::new(),
        switch: Vec::new(),
        renames: Vec::new(),
        drops: Vec::new(),
    };
    let steps = change.steps()?;
    Some(recipe(
        "a new column beside the old one, then switch",
        steps,
    ))
}

/// Whether everything that hangs on the column is known to be carried over.
fn can_move(cx: &Context<'_>, table: &Relation, column: &str) -> bool {
    let Some(known) = table.column(column) else {
        return !table.complete;
    };
    let alone = table.kind == RelationKind::Table
        && table.parents.is_empty()
        && table.of_type.is_none()
        && cx.before.children(table.oid).next().is_none();
    let computed = known.generated.is_some()
        || table
            .columns
            .iter()
            .filter_map(|other| other.generated.as_ref())
            .any(|generated| reads_column(&generated.expression, column));
    let watched = table.triggers.iter().any(|trigger| {
        trigger.columns.iter().any(|name| name == column)
            || trigger
                .when
                .as_ref()
                .is_some_and(|when| reads_column(when, column))
    });
    let guarded = !table.rules.is_empty()
        || table
            .policies
            .iter()
            .flat_map(|policy| &policy.conditions)
            .any(|condition| reads_column(condition, column));
    let measured = cx.before.statistics.values().any(|statistics| {
        statistics.table == table.oid && statistics.columns.iter().any(|name| name == column)
    });
    let replicated = matches!(table.replica_identity, ReplicaIdentity::Index(index)
        if cx.before.index(index).is_some_and(|index| index.reads(column)));
    let excluded = cx.before.indexes_of(table.oid).any(|index| {
        index.reads(column) && (!index.operators.is_empty() || index.clustered || !index.valid)
    });
    let referenced = cx
        .before
        .foreign_keys_to(table.oid)
        .filter(|(_, _, key)| {
            key.referenced_columns.is_empty()
                || key.referenced_columns.iter().any(|name| name == column)
        })
        .any(|(referencing, _, key)| {
            referencing.oid == table.oid
                || referencing.kind != RelationKind::Table
                || key.columns.len() != 1
                || !is_whole_number(cx, known)
        });
    alone
        && !computed
        && !watched
        && !guarded
        && !measured
        && !replicated
        && !excluded
        && !referenced
}

/// Foreign keys between the integer types need no change of the referencing column.
fn is_whole_number(cx: &Context<'_>, column: &Column) -> bool {
    matches!(
        cx.before.type_display(&column.ty).as_str(),
        "smallint" | "integer" | "bigint"
    )
}

struct Change<'c, 'a> {
    cx: &'c Context<'a>,
    table: &'c QualifiedName,
    before: Option<&'c Relation>,
    column: &'c str,
    definition: &'c ColumnDef,
    new: String,
    old: String,
    /// Names of indexes and constraints that the steps have given out.
    taken: Vec<String>,
    /// What the switch takes from the old column, before the columns change names.
    switch: Vec<String>,
    /// What it gives to the new one, afterwards.
    renames: Vec<String>,
    /// Indexes of the old column, when it is not used any more.
    drops: Vec<String>,
}

impl Change<'_, '_> {
    fn steps(&mut self) -> Option<Vec<Step>> {
        let (table, column) = (sql_name(self.table), ident(self.column));
        let (new, old) = (ident(&self.new), ident(&self.old));
        let (value, of_new_row) = self.value()?;
        let function = self.function();
        let trigger = ident(&function.name);
        let called = sql_name(&function);
        let mut ty = tree::type_name(self.definition.type_name.as_ref()?)?;
        if let Some(collation) = &self.definition.coll_clause {
            let names: Vec<String> = crate::sql::names::parts(&collation.collname)
                .iter()
                .map(|part| ident(part))
                .collect();
            ty += &format!(" COLLATE {}", names.join("."));
        }
        let unknown = match self.before {
            Some(before) if before.complete => "",
            _ => {
                "; the table is not known here: carry over the indexes, constraints and default of the column, too"
            }
        };
        let mut steps = vec![own(
            format!("free; the trigger keeps the new column in step from now on{unknown}"),
            format!(
                "ALTER TABLE {table} ADD COLUMN {new} {ty};\n\
                 CREATE FUNCTION {called}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  NEW.{new} := {of_new_row};\n  RETURN NEW;\nEND $$;\n\
                 CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {called}();"
            ),
        )];
        steps.push(fill(self.cx, self.table, &self.new, &value));
        self.switch.push(format!(
            "DROP TRIGGER {trigger} ON {table};\nDROP FUNCTION {called}();"
        ));
        let known = self
            .before
            .and_then(|before| Some((before, before.column(self.column)?)));
        if let Some((before, known)) = known {
            if known.not_null != NotNull::No {
                steps.extend(require(self.cx, self.table, &self.new, None));
            }
            self.indexes(before, &mut steps)?;
            self.constraints(before, &mut steps)?;
            self.referencing(before, &mut steps)?;
            self.default(before, known)?;
            self.old_may_be_null(before, known);
        }
        let mut switch = self.switch.clone();
        switch.push(format!(
            "ALTER TABLE {table} RENAME COLUMN {column} TO {old};\n\
             -- humdrum: ignore rename-column: only the trigger named it\nALTER TABLE {table} RENAME COLUMN {new} TO {column};"
        ));
        switch.extend(self.renames.clone());
        steps.push(own(
            "the switch: nothing is read or written; short",
            switch.join("\n"),
        ));
        for drop in &self.drops {
            steps.push(outside("in a later release; outside a transaction", drop));
        }
        steps.push(own(
            "in a later release, when nobody misses the old values",
            format!(
                "-- humdrum: ignore drop-column: its values live on in {}\nALTER TABLE {table} DROP COLUMN {old};",
                self.column.replace(['\n', '\r'], " ")
            ),
        ));
        Some(steps)
    }

    /// The new value, of a stored row and of one that a trigger sees. Without USING it is assigned, as ALTER COLUMN
    /// TYPE does it.
    fn value(&self) -> Option<(String, String)> {
        let Some(using) = &self.definition.raw_default else {
            let column = ident(self.column);
            return Some((column.clone(), format!("NEW.{column}")));
        };
        let mut of_row = Arc::new(using.as_ref().clone());
        qualify_columns(&mut of_row, "new");
        Some((tree::expression(using)?, tree::expression(&of_row)?))
    }

    fn function(&self) -> QualifiedName {
        let free = |name: &QualifiedName| self.cx.before.functions_named(name).next().is_none();
        (0..)
            .map(|number| match number {
                0 => "sync".to_owned(),
                number => format!("sync{number}"),
            })
            .map(|label| {
                beside(
                    self.table,
                    &make_object_name(&self.table.name, Some(self.column), &label),
                )
            })
            .find(free)
            .unwrap_or_else(|| beside(self.table, "sync"))
    }

    /// A name for the copy of an index or constraint, until it gets the old one's.
    fn copy_name(&mut self, of: &str) -> String {
        self.free_name(of, "new")
    }

    fn free_name(&mut self, of: &str, label: &str) -> String {
        let is_free = |name: &str, taken: &[String]| {
            !taken.iter().any(|other| other == name)
                && self
                    .cx
                    .before
                    .relation_oid(&beside(self.table, name))
                    .is_none()
                && self
                    .before
                    .is_none_or(|before| before.constraint(name).is_none())
        };
        let name = (0..)
            .map(|number| match number {
                0 => make_object_name(of, None, label),
                number => make_object_name(of, None, &format!("{label}{number}")),
            })
            .find(|name| is_free(name, &self.taken))
            .unwrap_or_default();
        self.taken.push(name.clone());
        name
    }

    /// New rows leave the old column empty.
    fn old_may_be_null(&mut self, before: &Relation, known: &Column) {
        if known.not_null == NotNull::No {
            return;
        }
        let table = sql_name(self.table);
        self.renames.push(format!(
            "ALTER TABLE {table} ALTER COLUMN {} DROP NOT NULL;",
            ident(&self.old)
        ));
        if self.cx.version().major() >= 18
            && let Some(named) = before.not_null_constraint(self.column)
        {
            let promised = constraint_name(self.cx, self.table, Some(&self.new), "not_null");
            self.renames.push(format!(
                "ALTER TABLE {table} RENAME CONSTRAINT {} TO {};",
                ident(&promised),
                ident(&named.name)
            ));
        }
    }

    fn indexes(&mut self, before: &Relation, steps: &mut Vec<Step>) -> Option<()> {
        let table = sql_name(self.table);
        let indexes: Vec<&Index> = self
            .cx
            .before
            .indexes_of(before.oid)
            .filter(|index| index.reads(self.column))
            .collect();
        for index in indexes {
            let name = self.copy_name(&index.name.name);
            let copy = self.copy(index, &name);
            steps.push(outside(
                "outside a transaction; the table stays in use",
                format!(
                    "{};",
                    index::create(self.cx.before, &copy, "CONCURRENTLY ", false)?
                ),
            ));
            let constraint = self.cx.before.constraint_of_index(index.oid);
            let old = ident(&index.name.name);
            match constraint {
                Some(constraint) => {
                    let noun = match constraint.kind {
                        ConstraintKind::PrimaryKey { .. } => "PRIMARY KEY",
                        ConstraintKind::Unique { .. } => "UNIQUE",
                        _ => return None,
                    };
                    let when = if constraint.deferrable {
                        " DEFERRABLE"
                    } else {
                        ""
                    };
                    let named = ident(&constraint.name);
                    self.switch
                        .insert(1, format!("ALTER TABLE {table} DROP CONSTRAINT {named};"));
                    self.renames.push(format!(
                        "ALTER TABLE {table} ADD CONSTRAINT {named} {noun} USING INDEX {}{when};",
                        ident(&name)
                    ));
                }
                // It goes with the old column.
                None => {
                    let aside = self.free_name(&index.name.name, "old");
                    self.drops.push(format!(
                        "DROP INDEX CONCURRENTLY {};",
                        sql_name(&beside(self.table, &aside))
                    ));
                    self.renames.push(format!(
                        "ALTER INDEX {} RENAME TO {};\nALTER INDEX {} RENAME TO {old};",
                        sql_name(&index.name),
                        ident(&aside),
                        sql_name(&beside(self.table, &name)),
                    ));
                }
            }
        }
        Some(())
    }

    fn copy(&self, index: &Index, name: &str) -> Index {
        let mut copy = index.clone();
        copy.name.name = name.to_owned();
        for key in &mut copy.keys {
            match &mut key.target {
                IndexTarget::Column(column) if column == self.column => {
                    column.clone_from(&self.new)
                }
                IndexTarget::Column(_) => {}
                IndexTarget::Expression(expression) => {
                    rename_column(expression, self.column, &self.new)
                }
            }
        }
        for column in copy
            .include
            .iter_mut()
            .filter(|column| *column == self.column)
        {
            column.clone_from(&self.new);
        }
        if let Some(predicate) = &mut copy.predicate {
            rename_column(predicate, self.column, &self.new);
        }
        copy
    }

    fn constraints(&mut self, before: &Relation, steps: &mut Vec<Step>) -> Option<()> {
        let table = sql_name(self.table);
        for constraint in &before.constraints {
            let clause = match &constraint.kind {
                ConstraintKind::Check {
                    expression,
                    columns,
                } if columns.iter().any(|name| name == self.column) => {
                    let mut renamed = Arc::clone(expression);
                    rename_column(&mut renamed, self.column, &self.new);
                    let inherit = if constraint.no_inherit {
                        " NO INHERIT"
                    } else {
                        ""
                    };
                    format!("CHECK ({}){inherit}", tree::expression(&renamed)?)
                }
                ConstraintKind::ForeignKey(key)
                    if key.columns.iter().any(|name| name == self.column) =>
                {
                    let columns: Vec<String> = key
                        .columns
                        .iter()
                        .map(|name| {
                            if name == self.column {
                                self.new.clone()
                            } else {
                                name.clone()
                            }
                        })
                        .collect();
                    let other = &self.cx.before.relation(key.references)?.name;
                    foreign_key(key, constraint, &columns, other, &key.referenced_columns)
                }
                _ => continue,
            };
            if !constraint.enforced {
                return None;
            }
            let name = self.copy_name(&constraint.name);
            let mut promised = promise(self.table, &name, &clause);
            if !constraint.valid {
                promised.truncate(1);
            }
            if let ConstraintKind::ForeignKey(key) = &constraint.kind {
                let unindexed = !is_indexed(self.cx.before, before.oid, &key.columns);
                promised = copied_key(promised, unindexed, self.mismatches(key));
            }
            steps.extend(promised);
            self.switch.push(format!(
                "ALTER TABLE {table} DROP CONSTRAINT {};",
                ident(&constraint.name)
            ));
            self.renames.push(format!(
                "ALTER TABLE {table} RENAME CONSTRAINT {} TO {};",
                ident(&name),
                ident(&constraint.name)
            ));
        }
        Some(())
    }

    fn new_type(&self) -> Option<Type> {
        let name = self.definition.type_name.as_ref()?;
        Some(self.cx.after.resolve_type(name, &self.cx.session.settings))
    }

    /// Whether the column's new type is another than that of the column that it refers to.
    fn mismatches(&self, key: &ForeignKey) -> bool {
        let other = self.cx.before.relation(key.references);
        let pairs = key.columns.iter().zip(&key.referenced_columns);
        pairs
            .filter(|(own, _)| *own == self.column)
            .any(|(_, referenced)| {
                let ty = other.and_then(|other| Some(other.column(referenced)?.ty.clone()));
                ty != self.new_type()
            })
    }

    /// Foreign keys of other tables to the column: they get the new one's index to hold on to.
    fn referencing(&mut self, before: &Relation, steps: &mut Vec<Step>) -> Option<()> {
        let keys: Vec<(&Relation, &Constraint, &ForeignKey)> =
            self.cx.before.foreign_keys_to(before.oid).collect();
        for (other, constraint, key) in keys {
            if !key
                .referenced_columns
                .iter()
                .any(|name| name == self.column)
            {
                continue;
            }
            let name = make_object_name(&constraint.name, None, "new");
            if other.constraint(&name).is_some() {
                return None;
            }
            let clause = foreign_key(
                key,
                constraint,
                &key.columns,
                self.table,
                std::slice::from_ref(&self.new),
            );
            let unindexed = !is_indexed(self.cx.before, other.oid, &key.columns);
            let mismatched = other
                .column(&key.columns[0])
                .is_none_or(|column| Some(&column.ty) != self.new_type().as_ref());
            steps.extend(copied_key(
                promise(&other.name, &name, &clause),
                unindexed,
                mismatched,
            ));
            let (table, old) = (sql_name(&other.name), ident(&constraint.name));
            self.switch
                .insert(1, format!("ALTER TABLE {table} DROP CONSTRAINT {old};"));
            self.renames.push(format!(
                "ALTER TABLE {table} RENAME CONSTRAINT {} TO {old};",
                ident(&name)
            ));
        }
        Some(())
    }

    /// A literal keeps the type that it has now, as ALTER COLUMN TYPE leaves it.
    fn kept(&self, default: &Node, known: &Column) -> Option<String> {
        let text = tree::expression(default)?;
        let bare = Type {
            modifiers: Vec::new(),
            ..known.ty.clone()
        };
        Some(match string_constant(default) {
            Some(_) if self.definition.raw_default.is_none() => {
                format!("{text}::{}", self.cx.before.type_display(&bare))
            }
            _ => text,
        })
    }

    fn default(&mut self, before: &Relation, known: &Column) -> Option<()> {
        let (table, column, old) = (sql_name(self.table), ident(self.column), ident(&self.old));
        if let Some(default) = &known.default {
            self.switch.push(format!(
                "ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT;"
            ));
            self.renames.push(format!(
                "ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {};",
                self.kept(default, known)?
            ));
        }
        let sequences = self.cx.before.sequences_of(before.oid, Some(self.column));
        let Some(identity) = known.identity else {
            for sequence in sequences {
                self.renames.push(format!(
                    "ALTER SEQUENCE {} OWNED BY {table}.{column};",
                    sql_name(&sequence.name)
                ));
            }
            return Some(());
        };
        let [sequence] = sequences.as_slice() else {
            return None;
        };
        let when = match identity {
            Identity::Always => "ALWAYS",
            Identity::ByDefault => "BY DEFAULT",
        };
        let next = self.cx.before.choose_relation_name(
            &self.table.name,
            Some(self.column),
            "seq",
            &self.table.schema,
            false,
        );
        self.renames.push(format!(
            "ALTER TABLE {table} ALTER COLUMN {column} ADD GENERATED {when} AS IDENTITY;\n\
             SELECT setval(pg_get_serial_sequence({table_text}, {new_text}), nextval(pg_get_serial_sequence({table_text}, {old_text})), false);\n\
             ALTER TABLE {table} ALTER COLUMN {old} DROP IDENTITY;\n\
             ALTER SEQUENCE {} RENAME TO {};",
            sql_name(&beside(self.table, &next)),
            ident(&sequence.name.name),
            table_text = literal(&table),
            new_text = literal(self.column),
            old_text = literal(&self.old),
        ));
        Some(())
    }
}

/// FOREIGN KEY as a table constraint, from what the catalog knows of it.
pub fn foreign_key(
    key: &ForeignKey,
    constraint: &Constraint,
    columns: &[String],
    other: &QualifiedName,
    referenced: &[String],
) -> String {
    let list = |names: &[String]| {
        names
            .iter()
            .map(|name| ident(name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let action = |word: &str, code: char| match code {
        'c' => format!(" ON {word} CASCADE"),
        'n' => format!(" ON {word} SET NULL"),
        'd' => format!(" ON {word} SET DEFAULT"),
        'r' => format!(" ON {word} RESTRICT"),
        _ => String::new(),
    };
    let when = match (constraint.deferrable, key.initially_deferred) {
        (_, true) => " DEFERRABLE INITIALLY DEFERRED",
        (true, false) => " DEFERRABLE",
        (false, false) => "",
    };
    format!(
        "FOREIGN KEY ({}) REFERENCES {} ({}){}{}{when}",
        list(columns),
        sql_name(other),
        list(referenced),
        action("UPDATE", key.on_update),
        action("DELETE", key.on_delete)
    )
}
