//! ALTER ... RENAME of everything (`renameatt`, `RenameRelation`, `RenameConstraint` in
//! src/backend/commands/tablecmds.c).

use pg_query::NodeEnum;
use pg_query::protobuf::{ObjectType, RangeVar, RenameStmt};

use super::alter_table::relation_kind;
use super::column::quoted;
use super::drop::object_name;
use super::names::Found;
use super::{Outcome, Replay, refuse};
use crate::catalog::expression::{rename_column, rename_sequences};
use crate::catalog::resolve::{split_name, truncate_name};
use crate::catalog::{
    ConstraintKind, Dependency, IndexTarget, Oid, QualifiedName, Relation, RelationKind,
    UserTypeKind,
};

impl Replay<'_> {
    pub(super) fn rename(&mut self, stmt: &RenameStmt) -> Outcome {
        let new = truncate_name(&stmt.newname).to_owned();
        let object = stmt.object.as_deref().map(object_name).unwrap_or_default();
        let parts: Vec<&str> = object.iter().map(String::as_str).collect();
        match stmt.rename_type() {
            ObjectType::ObjectTable
            | ObjectType::ObjectView
            | ObjectType::ObjectMatview
            | ObjectType::ObjectSequence
            | ObjectType::ObjectForeignTable
            | ObjectType::ObjectIndex => self.rename_relation(stmt, new),
            ObjectType::ObjectColumn | ObjectType::ObjectAttribute => {
                self.rename_column_command(stmt, &new)
            }
            ObjectType::ObjectTabconstraint => self.rename_constraint(stmt, &new),
            ObjectType::ObjectDomconstraint => {
                self.rename_domain_check(&parts, &stmt.subname, &new)
            }
            ObjectType::ObjectTrigger | ObjectType::ObjectRule | ObjectType::ObjectPolicy => {
                self.rename_part(stmt, &new)
            }
            ObjectType::ObjectSchema => self.rename_schema(&stmt.subname, &new),
            ObjectType::ObjectType | ObjectType::ObjectDomain => self.rename_type(&parts, new),
            ObjectType::ObjectFunction
            | ObjectType::ObjectProcedure
            | ObjectType::ObjectRoutine
            | ObjectType::ObjectAggregate => {
                let Some(NodeEnum::ObjectWithArgs(function)) = stmt
                    .object
                    .as_deref()
                    .and_then(|object| object.node.as_ref())
                else {
                    return Ok(());
                };
                let Some(oid) = self.find_function(function)? else {
                    return self.missing_function(Some(function));
                };
                self.catalog
                    .edit_function(oid, |function| function.name.name = new);
                Ok(())
            }
            ObjectType::ObjectPublication => {
                let old = parts.first().copied().unwrap_or_default();
                if let Some(publication) = self.catalog.publications.remove(old) {
                    self.catalog.publications.insert(new, publication);
                }
                Ok(())
            }
            ObjectType::ObjectStatisticExt => {
                self.require_statistics(&parts)?;
                let found = split_name(&parts)
                    .and_then(|(schema, name)| self.find_statistics(schema, name));
                if let Some(old) = found {
                    let new = QualifiedName::new(old.schema.clone(), new);
                    self.catalog.rename_statistics(&old, new);
                }
                Ok(())
            }
            ObjectType::ObjectCollation => {
                let found =
                    split_name(&parts).and_then(|(schema, name)| self.find_collation(schema, name));
                if let Some(old) = found {
                    let new = QualifiedName::new(old.schema.clone(), new);
                    self.move_collation(&old, new)?;
                }
                Ok(())
            }
            // Kinds of objects that the catalog does not keep.
            _ => Ok(()),
        }
    }

    fn rename_relation(&mut self, stmt: &RenameStmt, new: String) -> Outcome {
        let Some(range_var) = &stmt.relation else {
            return Ok(());
        };
        if stmt.missing_ok && self.lookup(range_var).is_none() {
            return Ok(());
        }
        if stmt.rename_type() == ObjectType::ObjectIndex && self.lookup(range_var).is_none() {
            // Whose index it is cannot be told, so there is nothing to learn.
            return self.missing(None, || {
                (
                    "42P01",
                    format!("relation \"{}\" does not exist", range_var.relname),
                )
            });
        }
        let kind = relation_kind(stmt.rename_type());
        match self.relation_or_index(range_var, kind)? {
            Found::Relation(oid) => {
                let schema = self.get(oid)?.name.schema.clone();
                self.rename_relation_to(oid, QualifiedName::new(schema, new))
            }
            Found::Index(oid) => self.rename_index(oid, new),
        }
    }

    /// Gives a relation another name, its row type too; defaults that name a sequence follow it.
    pub(super) fn rename_relation_to(&mut self, oid: Oid, new: QualifiedName) -> Outcome {
        let old = self.get(oid)?.name.clone();
        if old == new {
            return refuse("42P07", format!("relation \"{}\" already exists", new.name));
        }
        self.make_room(&new)?;
        let row_type = self.catalog.type_oid(&old);
        if row_type.is_some() && self.catalog.type_oid(&new).is_some() {
            return refuse("42710", format!("type \"{}\" already exists", new.name));
        }
        if let Some(row_type) = row_type {
            let new = new.clone();
            self.catalog.edit_type(row_type, |ty| ty.name = new);
        }
        let is_sequence = self.get(oid)?.kind == RelationKind::Sequence;
        self.catalog
            .edit(oid, |relation| relation.name = new.clone());
        if is_sequence {
            self.rename_sequence_in_defaults(oid, &quoted(&old), &quoted(&new));
        }
        Ok(())
    }

    fn rename_sequence_in_defaults(&mut self, sequence: Oid, old: &str, new: &str) {
        let users: Vec<Oid> = self.catalog.users_of(sequence).collect();
        for user in users {
            self.catalog.edit(user, |relation| {
                for default in relation
                    .columns
                    .iter_mut()
                    .filter_map(|column| column.default.as_mut())
                {
                    rename_sequences(default, |name| (name == old).then(|| new.to_owned()));
                }
            });
        }
    }

    /// An index and its constraint have one name.
    fn rename_index(&mut self, oid: Oid, new: String) -> Outcome {
        let Some(index) = self.catalog.index(oid) else {
            return Ok(());
        };
        let name = QualifiedName::new(index.name.schema.clone(), new.clone());
        let table = index.table;
        if name == index.name {
            return refuse("42P07", format!("relation \"{new}\" already exists"));
        }
        self.make_room(&name)?;
        if self.catalog.constraint_of_index(oid).is_some() {
            self.refuse_constraint_of_name(table, &new)?;
            let new = new.clone();
            self.edit_index_constraint(oid, |constraint| constraint.name = new);
        }
        self.catalog.edit_index(oid, |index| index.name = name);
        Ok(())
    }

    fn refuse_constraint_of_name(&self, table: Oid, name: &str) -> Outcome {
        let relation = self.get(table)?;
        if relation.constraint(name).is_some() && relation.complete {
            return super::constraint::refuse_existing(relation, name);
        }
        Ok(())
    }

    fn rename_constraint(&mut self, stmt: &RenameStmt, new: &str) -> Outcome {
        let Some(range_var) = &stmt.relation else {
            return Ok(());
        };
        if stmt.missing_ok && self.lookup(range_var).is_none() {
            return Ok(());
        }
        let table = self.relation(range_var, RelationKind::Table)?;
        let old = stmt.subname.as_str();
        let relation = self.get(table)?;
        let Some(constraint) = relation.constraint(old) else {
            if relation.complete {
                return refuse(
                    "42704",
                    format!(
                        "constraint \"{old}\" for table \"{}\" does not exist",
                        relation.name.name
                    ),
                );
            }
            return Ok(());
        };
        let recurses = matches!(
            constraint.kind,
            ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. }
        ) && !constraint.no_inherit;
        if recurses && constraint.inherited > 0 && relation.complete {
            return refuse(
                "42P16",
                format!("cannot rename inherited constraint \"{old}\""),
            );
        }
        if let Some(index) = constraint.kind.index() {
            return self.rename_index(index, new.to_owned());
        }
        let mut members = vec![table];
        if recurses && range_var.inh {
            members = self.catalog.family(table);
        } else if recurses && !self.child_oids(table).is_empty() {
            return refuse(
                "42P16",
                format!("inherited constraint \"{old}\" must be renamed in child tables too"),
            );
        }
        for member in members {
            self.refuse_constraint_of_name(member, new)?;
            self.edit_constraint(member, old, |constraint| {
                new.clone_into(&mut constraint.name)
            });
        }
        Ok(())
    }

    fn rename_domain_check(&mut self, parts: &[&str], old: &str, new: &str) -> Outcome {
        let Some((schema, name)) = split_name(parts) else {
            return Ok(());
        };
        let found = self
            .catalog
            .lookup_type(schema, name, &self.session.settings);
        let Some(oid) = found else {
            return self.missing(schema, || {
                ("42704", format!("type \"{name}\" does not exist"))
            });
        };
        let known = self.catalog.user_type(oid).is_none_or(|ty| match &ty.kind {
            UserTypeKind::Domain(domain) => domain.checks.iter().any(|it| it.name == old),
            _ => true,
        });
        // From 17 on NOT NULL of a domain is a constraint with a name, which is not kept.
        if !known && self.certain() && !self.since(17) {
            return refuse(
                "42704",
                format!("constraint \"{old}\" for domain {name} does not exist"),
            );
        }
        self.catalog.edit_type(oid, |ty| {
            if let UserTypeKind::Domain(domain) = &mut ty.kind {
                for check in domain.checks.iter_mut().filter(|check| check.name == old) {
                    new.clone_into(&mut check.name);
                }
            }
        });
        Ok(())
    }

    /// A trigger, rule or policy.
    fn rename_part(&mut self, stmt: &RenameStmt, new: &str) -> Outcome {
        let Some(range_var) = &stmt.relation else {
            return Ok(());
        };
        if stmt.missing_ok && self.lookup(range_var).is_none() {
            return Ok(());
        }
        let table = self.relation(range_var, RelationKind::Table)?;
        let old = stmt.subname.as_str();
        let relation = self.get(table)?;
        let (noun, exists, taken) = match stmt.rename_type() {
            ObjectType::ObjectTrigger => (
                "trigger",
                relation.triggers.iter().any(|part| part.name == old),
                relation.triggers.iter().any(|part| part.name == new),
            ),
            ObjectType::ObjectRule => (
                "rule",
                relation.rules.iter().any(|part| part.name == old),
                relation.rules.iter().any(|part| part.name == new),
            ),
            _ => (
                "policy",
                relation.policies.iter().any(|part| part.name == old),
                relation.policies.iter().any(|part| part.name == new),
            ),
        };
        let name = &relation.name.name;
        if relation.complete && taken {
            return refuse(
                "42710",
                format!("{noun} \"{new}\" for relation \"{name}\" already exists"),
            );
        }
        if relation.complete && !exists {
            return refuse(
                "42704",
                format!("{noun} \"{old}\" for table \"{name}\" does not exist"),
            );
        }
        if noun == "trigger" {
            self.rename_trigger(table, old, new);
            return Ok(());
        }
        self.catalog.edit(table, |relation| {
            let rules = relation.rules.iter_mut().map(|rule| &mut rule.name);
            let policies = relation.policies.iter_mut().map(|policy| &mut policy.name);
            let renamed = |name: &mut String| {
                if name == old {
                    new.clone_into(name);
                }
            };
            if noun == "rule" {
                rules.for_each(renamed);
            } else {
                policies.for_each(renamed);
            }
        });
        Ok(())
    }

    fn rename_type(&mut self, parts: &[&str], new: String) -> Outcome {
        let Some((schema, name)) = split_name(parts) else {
            return Ok(());
        };
        let found = self
            .catalog
            .lookup_type(schema, name, &self.session.settings);
        let Some(oid) = found else {
            return self.missing(schema, || {
                ("42704", format!("type \"{name}\" does not exist"))
            });
        };
        let Some(ty) = self.catalog.user_type(oid) else {
            return Ok(());
        };
        let new = QualifiedName::new(ty.name.schema.clone(), new);
        match ty.kind {
            UserTypeKind::Row { .. } => {
                return refuse("42809", format!("{name} is a table's row type"));
            }
            UserTypeKind::Composite { .. } => {
                if let Some(relation) = self.catalog.relation_oid(&ty.name) {
                    return self.rename_relation_to(relation, new);
                }
            }
            UserTypeKind::Enum { .. }
            | UserTypeKind::Domain(_)
            | UserTypeKind::Range { .. }
            | UserTypeKind::Base => {}
        }
        if self.catalog.type_oid(&new).is_some() {
            return refuse("42710", format!("type \"{}\" already exists", new.name));
        }
        self.catalog.edit_type(oid, |ty| ty.name = new);
        Ok(())
    }

    fn rename_column_command(&mut self, stmt: &RenameStmt, new: &str) -> Outcome {
        let Some(range_var) = &stmt.relation else {
            return Ok(());
        };
        if stmt.missing_ok && self.lookup(range_var).is_none() {
            return Ok(());
        }
        let kind = match stmt.rename_type() {
            ObjectType::ObjectAttribute => RelationKind::CompositeType,
            _ => relation_kind(stmt.relation_type()),
        };
        let table = self.relation_to_rename_in(range_var, kind)?;
        let Some(table) = table else {
            return Ok(());
        };
        let old = stmt.subname.as_str();
        let relation = self.get(table)?;
        if relation.kind == RelationKind::Sequence {
            let name = &relation.name.name;
            return refuse(
                "42809",
                format!("cannot rename columns of relation \"{name}\""),
            );
        }
        if relation.column(old).is_none() && super::names::is_system_column(old) {
            return refuse("0A000", format!("cannot rename system column \"{old}\""));
        }
        if relation.column(old).is_none() && relation.complete {
            return refuse("42703", format!("column \"{old}\" does not exist"));
        }
        if relation
            .column(old)
            .is_some_and(|column| column.inherited > 0)
            && relation.complete
        {
            return refuse("42P16", format!("cannot rename inherited column \"{old}\""));
        }
        let children = !self.child_oids(table).is_empty();
        if children && !range_var.inh {
            return refuse(
                "42P16",
                format!("inherited column \"{old}\" must be renamed in child tables too"),
            );
        }
        for member in self.catalog.family(table) {
            let relation = self.get(member)?;
            if relation.column(new).is_some() && relation.complete {
                return refuse(
                    "42701",
                    format!(
                        "column \"{new}\" of relation \"{}\" already exists",
                        relation.name.name
                    ),
                );
            }
            self.learn_column(member, old)?;
            self.rename_column_of(member, old, new);
        }
        self.sync_composite(table);
        Ok(())
    }

    /// The columns of an index have names too, which nothing here keeps track of.
    fn relation_to_rename_in(
        &mut self,
        range_var: &RangeVar,
        kind: RelationKind,
    ) -> Outcome<Option<Oid>> {
        match self.relation_or_index(range_var, kind)? {
            Found::Relation(oid) => Ok(Some(oid)),
            Found::Index(_) => Ok(None),
        }
    }

    /// Renames a column wherever it is mentioned.
    fn rename_column_of(&mut self, table: Oid, old: &str, new: &str) {
        self.catalog.edit(table, |relation| {
            rename_column_in_relation(relation, old, new)
        });
        let indexes: Vec<Oid> = self
            .catalog
            .indexes_of(table)
            .filter(|index| index.reads(old))
            .map(|index| index.oid)
            .collect();
        for index in indexes {
            self.catalog.edit_index(index, |index| {
                for key in &mut index.keys {
                    rename_target(&mut key.target, old, new);
                }
                rename_in_list(&mut index.include, old, new);
                if let Some(predicate) = &mut index.predicate {
                    rename_column(predicate, old, new);
                }
            });
        }
        let sequences: Vec<Oid> = self
            .catalog
            .sequences_of(table, Some(old))
            .into_iter()
            .map(|sequence| sequence.oid)
            .collect();
        for sequence in sequences {
            self.catalog.edit(sequence, |sequence| {
                if let Some(owner) = &mut sequence.owned_by {
                    new.clone_into(&mut owner.column);
                }
            });
        }
        let referencing: Vec<Oid> = self
            .catalog
            .foreign_keys_to(table)
            .map(|(relation, _, _)| relation.oid)
            .collect();
        for oid in referencing {
            self.catalog.edit(oid, |relation| {
                for constraint in &mut relation.constraints {
                    if let ConstraintKind::ForeignKey(key) = &mut constraint.kind
                        && key.references == table
                    {
                        rename_in_list(&mut key.referenced_columns, old, new);
                    }
                }
            });
        }
        let mut readers: Vec<Oid> = self
            .catalog
            .readers(table)
            .map(|relation| relation.oid)
            .collect();
        readers.push(table);
        for oid in readers {
            self.catalog.edit(oid, |relation| {
                rename_reads(&mut relation.reads, table, old, new);
                for rule in &mut relation.rules {
                    rename_reads(&mut rule.reads, table, old, new);
                }
                for policy in &mut relation.policies {
                    rename_reads(&mut policy.reads, table, old, new);
                }
            });
        }
        let functions: Vec<Oid> = self.catalog.users_of(table).collect();
        for oid in functions {
            self.catalog.edit_function(oid, |function| {
                rename_reads(&mut function.reads, table, old, new);
            });
        }
        self.catalog.rename_published_column(table, old, new);
        self.catalog.rename_statistics_column(table, old, new);
    }
}

fn rename_column_in_relation(relation: &mut Relation, old: &str, new: &str) {
    for column in &mut relation.columns {
        if column.name == old {
            new.clone_into(&mut column.name);
        }
        if let Some(generated) = &mut column.generated {
            rename_column(&mut generated.expression, old, new);
        }
    }
    for constraint in &mut relation.constraints {
        match &mut constraint.kind {
            ConstraintKind::Check {
                expression,
                columns,
            } => {
                rename_column(expression, old, new);
                rename_in_list(columns, old, new);
            }
            ConstraintKind::NotNull { column } => {
                if column == old {
                    new.clone_into(column);
                }
            }
            ConstraintKind::ForeignKey(key) => rename_in_list(&mut key.columns, old, new),
            ConstraintKind::PrimaryKey { .. }
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Exclusion { .. } => {}
        }
    }
    for trigger in &mut relation.triggers {
        rename_in_list(&mut trigger.columns, old, new);
        if let Some(when) = &mut trigger.when {
            rename_column(when, old, new);
        }
    }
    if let Some(key) = &mut relation.partition_key {
        for part in &mut key.parts {
            rename_target(part, old, new);
        }
    }
}

fn rename_target(target: &mut IndexTarget, old: &str, new: &str) {
    match target {
        IndexTarget::Column(column) => {
            if column == old {
                new.clone_into(column);
            }
        }
        IndexTarget::Expression(expression) => rename_column(expression, old, new),
    }
}

fn rename_in_list(names: &mut [String], old: &str, new: &str) {
    for name in names.iter_mut().filter(|name| *name == old) {
        new.clone_into(name);
    }
}

fn rename_reads(reads: &mut [Dependency], relation: Oid, old: &str, new: &str) {
    for read in reads.iter_mut().filter(|read| read.relation == relation) {
        if read.column.as_deref() == Some(old) {
            read.column = Some(new.to_owned());
        }
    }
}
