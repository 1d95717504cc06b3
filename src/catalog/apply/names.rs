//! Finding the objects that a statement names, and what happens when they are missing.

use pg_query::protobuf::RangeVar;

use super::{Outcome, Replay, refuse};
use crate::catalog::resolve::{range_var_name, schema_name, truncate_name};
use crate::catalog::{Oid, PG_TEMP, QualifiedName, Relation, RelationKind};

/// What a name in the namespace of relations turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Relation(Oid),
    Index(Oid),
}

impl Replay<'_> {
    pub(super) fn lookup(&self, name: &RangeVar) -> Option<Oid> {
        self.catalog.lookup_range_var(name, &self.session.settings)
    }

    /// The relation of that name. A missing one is refused, or becomes a stub of the given kind.
    pub(super) fn relation(&mut self, name: &RangeVar, kind: RelationKind) -> Outcome<Oid> {
        let (schema, relname) = range_var_name(name);
        self.relation_in(schema, relname, kind)
    }

    pub(super) fn relation_in(
        &mut self,
        schema: Option<&str>,
        name: &str,
        kind: RelationKind,
    ) -> Outcome<Oid> {
        match self.catalog.lookup(schema, name, self.search_path()) {
            Some(oid) if self.catalog.relation(oid).is_some() => Ok(oid),
            Some(_) => refuse("42809", format!("\"{name}\" is an index")),
            None => self.missing_relation(schema, name, kind),
        }
    }

    /// The relation or index of that name.
    pub(super) fn relation_or_index(
        &mut self,
        name: &RangeVar,
        kind: RelationKind,
    ) -> Outcome<Found> {
        match self.lookup(name) {
            Some(oid) if self.catalog.index(oid).is_some() => Ok(Found::Index(oid)),
            _ => self.relation(name, kind).map(Found::Relation),
        }
    }

    /// A name that nobody created: an error where the catalog is complete, otherwise a stub.
    pub(super) fn missing_relation(
        &mut self,
        schema: Option<&str>,
        name: &str,
        kind: RelationKind,
    ) -> Outcome<Oid> {
        self.missing(schema, || match schema {
            Some(schema) => (
                "42P01",
                format!("relation \"{schema}.{name}\" does not exist"),
            ),
            None => ("42P01", format!("relation \"{name}\" does not exist")),
        })?;
        let name = self
            .catalog
            .creation_name(schema, name, &self.session.settings.search_path);
        Ok(self.catalog.stub(name, kind))
    }

    /// Refuses a missing name where the catalog is complete.
    pub(super) fn missing(
        &self,
        schema: Option<&str>,
        error: impl FnOnce() -> (&'static str, String),
    ) -> Outcome {
        if !self.certain() {
            return Ok(());
        }
        // A schema that no migration creates is made by somebody else, and so is what is in it.
        if let Some(schema) = schema.map(schema_name)
            && schema != PG_TEMP
            && !self.catalog.has_schema(schema)
        {
            return Ok(());
        }
        let (sqlstate, message) = error();
        refuse(sqlstate, message)
    }

    /// Whether a name that is not in the catalog is certainly missing from the database.
    pub(super) fn certain(&self) -> bool {
        self.strict && self.catalog.complete
    }

    /// Whether this is a relation of the system, which is never in the catalog.
    pub(super) fn is_system_name(name: &RangeVar) -> bool {
        match name.schemaname.as_str() {
            "pg_catalog" | "information_schema" | "pg_toast" => true,
            "" => name.relname.starts_with("pg_"),
            _ => false,
        }
    }

    /// Where a new relation goes, after checking that its schema exists.
    pub(super) fn new_relation_name(&self, name: &RangeVar) -> Outcome<QualifiedName> {
        if name.relpersistence == "t" {
            return Ok(QualifiedName::new(PG_TEMP, truncate_name(&name.relname)));
        }
        let (schema, relname) = range_var_name(name);
        let name = self.new_name(schema, relname)?;
        if name.schema == "pg_catalog" || name.schema == "pg_toast" {
            // `heap_create` in src/backend/catalog/heap.c
            let message = format!(
                "permission denied to create \"{}.{}\"",
                name.schema, name.name
            );
            return refuse("42501", message);
        }
        Ok(name)
    }

    pub(super) fn new_name(&self, schema: Option<&str>, name: &str) -> Outcome<QualifiedName> {
        if schema.is_none()
            && self.certain()
            && self.catalog.creation_schema(self.search_path()).is_none()
        {
            return refuse("3F000", "no schema has been selected to create in");
        }
        Ok(self.catalog.creation_name(schema, name, self.search_path()))
    }

    /// Clears the way for a new relation or index of this name, or refuses it. An object that is only
    /// half known gives way: whatever SQL could not be understood may have dropped it.
    pub(super) fn make_room(&mut self, name: &QualifiedName) -> Outcome {
        let Some(oid) = self.catalog.relation_oid(name) else {
            return Ok(());
        };
        if self.is_certain_to_exist(oid) {
            return refuse(
                "42P07",
                format!("relation \"{}\" already exists", name.name),
            );
        }
        self.forget(oid);
        Ok(())
    }

    /// Whether the relation or index is there for sure.
    pub(super) fn is_certain_to_exist(&self, oid: Oid) -> bool {
        let relation = match self.catalog.index(oid) {
            Some(index) => index.table,
            None => oid,
        };
        self.catalog
            .relation(relation)
            .is_some_and(|relation| relation.complete)
    }

    /// The relation, which the caller has just looked up.
    pub(super) fn get(&self, oid: Oid) -> Outcome<&Relation> {
        match self.catalog.relation(oid) {
            Some(relation) => Ok(relation),
            None => refuse("42P01", "relation does not exist"),
        }
    }

    /// `t` in messages.
    pub(super) fn name(&self, oid: Oid) -> String {
        self.catalog
            .name_of(oid)
            .map_or_else(String::new, |name| name.name.clone())
    }

    /// Refuses a column that the relation certainly does not have. True when it is known to be there.
    pub(super) fn require_column(&self, relation: Oid, column: &str) -> Outcome<bool> {
        let relation = self.get(relation)?;
        if relation.column(column).is_some() {
            return Ok(true);
        }
        if relation.complete && !is_system_column(column) {
            let table = &relation.name.name;
            return refuse(
                "42703",
                format!("column \"{column}\" of relation \"{table}\" does not exist"),
            );
        }
        Ok(false)
    }
}

/// Columns that every table has.
pub(super) fn is_system_column(name: &str) -> bool {
    matches!(
        name,
        "ctid" | "xmin" | "cmin" | "xmax" | "cmax" | "tableoid"
    )
}
