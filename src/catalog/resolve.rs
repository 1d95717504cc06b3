//! From names as written to objects: the search path, temporary objects, and names of things never seen.

use pg_query::{Node, NodeEnum, protobuf};

use super::{Birth, Catalog, Oid, QualifiedName, Relation, RelationKind};
use crate::session::Settings;

/// The schema of everything temporary, whatever number the session's own has.
pub const PG_TEMP: &str = "pg_temp";

/// Longest name in bytes (`NAMEDATALEN - 1`).
pub const MAX_NAME_LENGTH: usize = 63;

/// A name cut to 63 bytes, never inside a character (`truncate_identifier` in src/backend/parser/scansup.c).
pub fn truncate_name(name: &str) -> &str {
    clip(name, MAX_NAME_LENGTH)
}

/// The longest prefix of at most `length` bytes that ends between characters (`pg_mbcliplen`).
pub(super) fn clip(name: &str, length: usize) -> &str {
    if name.len() <= length {
        return name;
    }
    let end = (0..=length)
        .rev()
        .find(|&end| name.is_char_boundary(end))
        .unwrap_or(0);
    &name[..end]
}

/// `pg_temp_3` and `pg_temp` are one schema here.
pub(super) fn schema_name(name: &str) -> &str {
    let name = truncate_name(name);
    if name.starts_with("pg_temp_") {
        PG_TEMP
    } else {
        name
    }
}

/// The strings of a list of String nodes: a qualified name as DROP, COMMENT and the like hold it.
pub(crate) fn strings(nodes: &[Node]) -> Vec<&str> {
    nodes
        .iter()
        .filter_map(|node| match node.node.as_ref()? {
            NodeEnum::String(string) => Some(string.sval.as_str()),
            _ => None,
        })
        .collect()
}

/// Schema and name of a dotted name; a leading database name is dropped.
pub(super) fn split_name<'a>(parts: &[&'a str]) -> Option<(Option<&'a str>, &'a str)> {
    match parts {
        [] => None,
        [name] => Some((None, name)),
        [.., schema, name] => Some((Some(schema), name)),
    }
}

/// Schema and name of a RangeVar.
pub(super) fn range_var_name(relation: &protobuf::RangeVar) -> (Option<&str>, &str) {
    let schema = Some(relation.schemaname.as_str()).filter(|schema| !schema.is_empty());
    (schema, &relation.relname)
}

impl Catalog {
    /// The table, view, sequence, composite type or index that a name means (`RelnameGetRelid` in
    /// src/backend/catalog/namespace.c): the schema given, or temporary objects first, then the
    /// search path in order. `pg_catalog` holds nothing that a migration made, so it is not searched.
    pub fn lookup(&self, schema: Option<&str>, name: &str, search_path: &[String]) -> Option<Oid> {
        let name = truncate_name(name);
        let schemas = self.relation_names.in_schemas(name)?;
        self.search(schema, search_path, |schema| schemas.get(schema))
    }

    /// [`Catalog::lookup`] for a name in a parse tree.
    pub fn lookup_range_var(
        &self,
        relation: &protobuf::RangeVar,
        settings: &Settings,
    ) -> Option<Oid> {
        let (schema, name) = range_var_name(relation);
        self.lookup(schema, name, &settings.search_path)
    }

    /// The name that a relation, type or function has or would have: where it is found, or else where
    /// CREATE would put it, which is the first schema of the search path that exists (`public` when none does).
    pub fn qualify(&self, schema: Option<&str>, name: &str, settings: &Settings) -> QualifiedName {
        if let Some(found) = self
            .lookup(schema, name, &settings.search_path)
            .and_then(|oid| self.name_of(oid))
        {
            return found.clone();
        }
        self.creation_name(schema, name, &settings.search_path)
    }

    /// Where CREATE puts a permanent object of this name (`RangeVarGetCreationNamespace`).
    pub fn creation_name(
        &self,
        schema: Option<&str>,
        name: &str,
        search_path: &[String],
    ) -> QualifiedName {
        let schema = match schema {
            Some(schema) => schema_name(schema),
            None => self.creation_schema(search_path).unwrap_or("public"),
        };
        QualifiedName::new(schema, truncate_name(name))
    }

    /// The first schema of the search path that exists, if any. While schemas may be missing from the
    /// catalog, the first one that is named.
    pub fn creation_schema<'a>(&self, search_path: &'a [String]) -> Option<&'a str> {
        search_path
            .iter()
            .map(|schema| schema_name(schema))
            .find(|schema| {
                matches!(*schema, PG_TEMP | "pg_catalog")
                    || self.has_schema(schema)
                    || !self.complete
            })
    }

    /// The name of a relation or an index.
    pub fn name_of(&self, oid: Oid) -> Option<&QualifiedName> {
        self.relation(oid)
            .map(|relation| &relation.name)
            .or_else(|| self.index(oid).map(|index| &index.name))
    }

    /// An incomplete relation for a name that was never seen to be created, so that what later
    /// statements tell of it has a place. It counts as one from before the history.
    pub fn stub(&mut self, name: QualifiedName, kind: RelationKind) -> Oid {
        let oid = self.new_oid();
        let mut relation = Relation::new(oid, name, kind, Birth::BEFORE);
        relation.complete = false;
        relation.filled = true;
        self.complete = false;
        self.schemas.insert(relation.name.schema.clone());
        self.insert_relation(relation);
        oid
    }

    /// The functions, procedures and aggregates that a name may mean: all overloads of the first
    /// schema of the search path that has one.
    pub fn lookup_functions(
        &self,
        schema: Option<&str>,
        name: &str,
        settings: &Settings,
    ) -> Vec<Oid> {
        let name = truncate_name(name);
        let found = self.search(schema, &settings.search_path, |schema| {
            self.function_names.get(&QualifiedName::new(schema, name))
        });
        found.into_iter().flatten().copied().collect()
    }

    /// Tries the schemas that a name may be in, in PostgreSQL's order.
    pub(super) fn search<T>(
        &self,
        schema: Option<&str>,
        search_path: &[String],
        find: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if let Some(schema) = schema {
            return find(schema_name(schema));
        }
        if !search_path
            .iter()
            .any(|schema| schema_name(schema) == PG_TEMP)
            && let Some(found) = find(PG_TEMP)
        {
            return Some(found);
        }
        search_path
            .iter()
            .find_map(|schema| find(schema_name(schema)))
    }
}
