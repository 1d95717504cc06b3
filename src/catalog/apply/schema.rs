//! CREATE SCHEMA, SET SCHEMA, and renaming schemas.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterObjectSchemaStmt, CreateSchemaStmt, ObjectType, RoleSpecType};

use super::drop::object_name;
use super::names::Found;
use super::{Outcome, Replay, refuse};
use crate::catalog::resolve::{schema_name, split_name};
use crate::catalog::{Oid, PG_TEMP, QualifiedName, RelationKind, UserTypeKind};
use crate::session::Session;

impl Replay<'_> {
    pub(super) fn create_schema(&mut self, stmt: &CreateSchemaStmt) -> Outcome {
        let name = match (&stmt.authrole, stmt.schemaname.as_str()) {
            // CREATE SCHEMA AUTHORIZATION role: the role's name.
            (Some(role), "") if role.roletype() == RoleSpecType::RolespecCstring => {
                role.rolename.clone()
            }
            (_, name) => name.to_owned(),
        };
        if name.is_empty() {
            return Ok(());
        }
        if name.starts_with("pg_") {
            return refuse("42939", format!("unacceptable schema name \"{name}\""));
        }
        if self.catalog.has_schema(&name) {
            if stmt.if_not_exists {
                return Ok(());
            }
            if self.catalog.complete || name == "public" {
                return refuse("42P06", format!("schema \"{name}\" already exists"));
            }
        }
        self.catalog.add_schema(&name);
        self.schema_elements(stmt, &name)
    }

    /// The statements inside CREATE SCHEMA run with the new schema in front of the search path.
    fn schema_elements(&mut self, stmt: &CreateSchemaStmt, schema: &str) -> Outcome {
        if stmt.schema_elts.is_empty() {
            return Ok(());
        }
        let mut session: Session = self.session.clone();
        session.settings.search_path.insert(0, schema.to_owned());
        let mut inner = Replay {
            catalog: &mut *self.catalog,
            session: &session,
            strict: self.strict,
        };
        // `transformCreateSchemaStmtElements`: sequences, tables, views, indexes, triggers.
        for wanted in 0..5 {
            for element in &stmt.schema_elts {
                let Some(node) = &element.node else {
                    continue;
                };
                let order = match node {
                    NodeEnum::CreateSeqStmt(_) => 0,
                    NodeEnum::CreateStmt(_) => 1,
                    NodeEnum::ViewStmt(_) => 2,
                    NodeEnum::IndexStmt(_) => 3,
                    _ => 4,
                };
                if order == wanted {
                    inner.statement(node)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn missing_schema(&self, schema: &str) -> Outcome {
        if schema == PG_TEMP || self.catalog.has_schema(schema) {
            return Ok(());
        }
        self.missing(None, || {
            ("3F000", format!("schema \"{schema}\" does not exist"))
        })
    }

    pub(super) fn set_schema(&mut self, stmt: &AlterObjectSchemaStmt) -> Outcome {
        let schema = schema_name(&stmt.newschema).to_owned();
        match stmt.object_type() {
            ObjectType::ObjectTable
            | ObjectType::ObjectView
            | ObjectType::ObjectMatview
            | ObjectType::ObjectForeignTable
            | ObjectType::ObjectSequence => {
                let Some(range_var) = &stmt.relation else {
                    return Ok(());
                };
                if stmt.missing_ok && self.lookup(range_var).is_none() {
                    return Ok(());
                }
                let kind = super::alter_table::relation_kind(stmt.object_type());
                let found = self.relation_or_index(range_var, kind)?;
                self.missing_schema(&schema)?;
                self.catalog.add_schema(&schema);
                match found {
                    Found::Relation(oid) => self.move_relation(oid, &schema),
                    Found::Index(_) => {
                        let name = &range_var.relname;
                        refuse("42809", format!("cannot change schema of index \"{name}\""))
                    }
                }
            }
            ObjectType::ObjectType | ObjectType::ObjectDomain => {
                let name = stmt.object.as_deref().map(object_name).unwrap_or_default();
                let parts: Vec<&str> = name.iter().map(String::as_str).collect();
                let Some((old, name)) = split_name(&parts) else {
                    return Ok(());
                };
                let found = self.catalog.lookup_type(old, name, &self.session.settings);
                let Some(oid) = found else {
                    return self
                        .missing(old, || ("42704", format!("type \"{name}\" does not exist")));
                };
                self.missing_schema(&schema)?;
                self.catalog.add_schema(&schema);
                self.move_type(oid, &schema)
            }
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
                self.missing_schema(&schema)?;
                self.catalog.add_schema(&schema);
                self.catalog
                    .edit_function(oid, |function| function.name.schema = schema);
                Ok(())
            }
            ObjectType::ObjectExtension => {
                let name = stmt.object.as_deref().map(object_name).unwrap_or_default();
                if let Some(name) = name.first() {
                    self.missing_schema(&schema)?;
                    self.catalog.add_schema(&schema);
                    self.move_extension(name, &schema);
                }
                Ok(())
            }
            ObjectType::ObjectStatisticExt => {
                let name = stmt.object.as_deref().map(object_name).unwrap_or_default();
                let parts: Vec<&str> = name.iter().map(String::as_str).collect();
                self.require_statistics(&parts)?;
                let found =
                    split_name(&parts).and_then(|(old, name)| self.find_statistics(old, name));
                if let Some(old) = found {
                    let new = QualifiedName::new(schema, old.name.clone());
                    self.catalog.rename_statistics(&old, new);
                }
                Ok(())
            }
            ObjectType::ObjectCollation => {
                let name = stmt.object.as_deref().map(object_name).unwrap_or_default();
                let parts: Vec<&str> = name.iter().map(String::as_str).collect();
                let found =
                    split_name(&parts).and_then(|(old, name)| self.find_collation(old, name));
                if let Some(old) = found {
                    let new = QualifiedName::new(schema, old.name.clone());
                    self.move_collation(&old, new)?;
                }
                Ok(())
            }
            // Kinds of objects that the catalog does not keep.
            _ => Ok(()),
        }
    }

    /// A relation moves with its row type, indexes and the sequences of its columns.
    fn move_relation(&mut self, oid: Oid, schema: &str) -> Outcome {
        let relation = self.get(oid)?;
        if relation.name.schema == schema {
            return Ok(());
        }
        if relation.kind == RelationKind::Sequence
            && relation.owned_by.is_some()
            && relation.complete
        {
            return refuse("0A000", "cannot move an owned sequence into another schema");
        }
        let mut moved = vec![oid];
        let sequences = self.catalog.sequences_of(oid, None);
        moved.extend(sequences.iter().map(|sequence| sequence.oid));
        let indexes: Vec<Oid> = self
            .catalog
            .indexes_of(oid)
            .map(|index| index.oid)
            .collect();
        for oid in moved {
            let mut name = self.get(oid)?.name.clone();
            schema.clone_into(&mut name.schema);
            self.rename_relation_to(oid, name)?;
        }
        for index in indexes {
            let Some(mut name) = self.catalog.index(index).map(|index| index.name.clone()) else {
                continue;
            };
            schema.clone_into(&mut name.schema);
            self.make_room(&name)?;
            self.catalog.edit_index(index, |index| index.name = name);
        }
        Ok(())
    }

    fn move_type(&mut self, oid: Oid, schema: &str) -> Outcome {
        let Some(ty) = self.catalog.user_type(oid) else {
            return Ok(());
        };
        let new = QualifiedName::new(schema, ty.name.name.clone());
        match ty.kind {
            UserTypeKind::Composite { .. } => {
                if let Some(relation) = self.catalog.relation_oid(&ty.name) {
                    return self.move_relation(relation, schema);
                }
            }
            UserTypeKind::Row { .. } => {
                return refuse("42809", format!("{} is a table's row type", ty.name.name));
            }
            UserTypeKind::Enum { .. }
            | UserTypeKind::Domain(_)
            | UserTypeKind::Range { .. }
            | UserTypeKind::Base => {}
        }
        if new != ty.name && self.catalog.type_oid(&new).is_some() {
            return refuse("42710", format!("type \"{}\" already exists", new.name));
        }
        self.catalog.edit_type(oid, |ty| ty.name = new);
        Ok(())
    }

    fn move_extension(&mut self, extension: &str, schema: &str) {
        let types: Vec<Oid> = self
            .catalog
            .user_types()
            .filter(|ty| ty.extension.as_deref() == Some(extension))
            .map(|ty| ty.oid)
            .collect();
        let functions: Vec<Oid> = self
            .catalog
            .functions()
            .filter(|function| function.extension.as_deref() == Some(extension))
            .map(|function| function.oid)
            .collect();
        for oid in types {
            self.catalog
                .edit_type(oid, |ty| schema.clone_into(&mut ty.name.schema));
        }
        for oid in functions {
            self.catalog.edit_function(oid, |function| {
                schema.clone_into(&mut function.name.schema);
            });
        }
    }

    pub(super) fn rename_schema(&mut self, old: &str, new: &str) -> Outcome {
        if !self.catalog.has_schema(old) {
            self.missing_schema(old)?;
            self.catalog.add_schema(new);
            return Ok(());
        }
        if new.starts_with("pg_") {
            return refuse("42939", format!("unacceptable schema name \"{new}\""));
        }
        if self.catalog.has_schema(new) && self.catalog.complete {
            return refuse("42P06", format!("schema \"{new}\" already exists"));
        }
        let relations: Vec<(Oid, QualifiedName)> = self
            .catalog
            .relations()
            .filter(|relation| relation.name.schema == old)
            .map(|relation| (relation.oid, QualifiedName::new(new, &relation.name.name)))
            .collect();
        for (oid, name) in relations {
            self.rename_relation_to(oid, name)?;
        }
        let indexes: Vec<Oid> = self
            .catalog
            .indexes()
            .filter(|index| index.name.schema == old)
            .map(|index| index.oid)
            .collect();
        for oid in indexes {
            self.catalog
                .edit_index(oid, |index| new.clone_into(&mut index.name.schema));
        }
        let types: Vec<Oid> = self
            .catalog
            .user_types()
            .filter(|ty| ty.name.schema == old)
            .map(|ty| ty.oid)
            .collect();
        for oid in types {
            self.catalog
                .edit_type(oid, |ty| new.clone_into(&mut ty.name.schema));
        }
        let functions: Vec<Oid> = self
            .catalog
            .functions()
            .filter(|function| function.name.schema == old)
            .map(|function| function.oid)
            .collect();
        for oid in functions {
            self.catalog
                .edit_function(oid, |function| new.clone_into(&mut function.name.schema));
        }
        self.catalog.remove_schema(old);
        self.catalog.add_schema(new);
        Ok(())
    }
}
