//! DROP of everything (`performMultipleDeletions` in src/backend/catalog/dependency.c,
//! `RemoveRelations` in src/backend/commands/tablecmds.c).

use pg_query::protobuf::{DropBehavior, DropStmt, ObjectType, ObjectWithArgs};
use pg_query::{Node, NodeEnum};

use super::object::Object;
use super::spec::name_list;
use super::{Outcome, Replay, refuse};
use crate::catalog::resolve::{split_name, strings};
use crate::catalog::{RelationKind, UserTypeKind};

impl Replay<'_> {
    pub(super) fn drop(&mut self, stmt: &DropStmt) -> Outcome {
        let cascade = stmt.behavior() == DropBehavior::DropCascade;
        let mut targets = Vec::new();
        let mut needed = None;
        for object in &stmt.objects {
            match self.drop_target(stmt, object) {
                Ok(target) => targets.extend(target),
                // What depends on it is looked at once everything has been found.
                Err(refusal) if refusal.sqlstate == "2BP01" => {
                    needed.get_or_insert(refusal);
                }
                Err(refusal) => return Err(refusal),
            }
        }
        match needed {
            Some(refusal) => Err(refusal),
            None => self.drop_objects(targets, cascade),
        }
    }

    /// The object to drop; none when there is nothing to do.
    fn drop_target(&mut self, stmt: &DropStmt, object: &Node) -> Outcome<Option<Object>> {
        let missing_ok = stmt.missing_ok;
        let names = object_name(object);
        let parts: Vec<&str> = names.iter().map(String::as_str).collect();
        match stmt.remove_type() {
            ObjectType::ObjectTable
            | ObjectType::ObjectView
            | ObjectType::ObjectMatview
            | ObjectType::ObjectForeignTable
            | ObjectType::ObjectSequence => {
                self.relation_to_drop(stmt.remove_type(), &parts, missing_ok)
            }
            ObjectType::ObjectIndex => self.index_to_drop(&parts, missing_ok),
            ObjectType::ObjectType | ObjectType::ObjectDomain => {
                let found = self.type_to_drop(&parts, missing_ok)?;
                if let (ObjectType::ObjectDomain, Some(Object::Type(oid))) =
                    (stmt.remove_type(), &found)
                    && let Some(ty) = self.catalog.user_type(*oid)
                    && !matches!(ty.kind, UserTypeKind::Domain(_) | UserTypeKind::Base)
                {
                    return refuse("42809", format!("\"{}\" is not a domain", ty.name.name));
                }
                Ok(found)
            }
            ObjectType::ObjectFunction
            | ObjectType::ObjectProcedure
            | ObjectType::ObjectRoutine
            | ObjectType::ObjectAggregate => {
                let Some(NodeEnum::ObjectWithArgs(function)) = &object.node else {
                    return Ok(None);
                };
                let found = self.function_to_drop(function, missing_ok)?;
                if let Some(Object::Function(oid)) = &found
                    && let Some(known) = self.catalog.function(*oid)
                {
                    use crate::catalog::FunctionKind as Kind;
                    let fits = match stmt.remove_type() {
                        ObjectType::ObjectFunction => known.kind != Kind::Procedure,
                        ObjectType::ObjectProcedure => known.kind == Kind::Procedure,
                        _ => true,
                    };
                    if !fits {
                        let message = format!("{} is of another kind", known.name.name);
                        return refuse("42809", message);
                    }
                }
                Ok(found)
            }
            ObjectType::ObjectTrigger | ObjectType::ObjectRule | ObjectType::ObjectPolicy => {
                self.part_to_drop(stmt.remove_type(), &names, missing_ok)
            }
            ObjectType::ObjectSchema => {
                let name = parts.first().copied().unwrap_or_default();
                if self.catalog.has_schema(name) {
                    return Ok(Some(Object::Schema(name.to_owned())));
                }
                if !missing_ok {
                    self.missing(None, || {
                        ("3F000", format!("schema \"{name}\" does not exist"))
                    })?;
                }
                Ok(None)
            }
            ObjectType::ObjectExtension => {
                let name = parts.first().copied().unwrap_or_default();
                if self.catalog.extensions.contains(name) {
                    return Ok(Some(Object::Extension(name.to_owned())));
                }
                // Every database has it from the start.
                if !missing_ok && name != "plpgsql" {
                    self.missing(None, || {
                        ("42704", format!("extension \"{name}\" does not exist"))
                    })?;
                }
                Ok(None)
            }
            ObjectType::ObjectStatisticExt => {
                let found = split_name(&parts)
                    .and_then(|(schema, name)| self.find_statistics(schema, name));
                if found.is_none() && !missing_ok {
                    let name = parts.join(".");
                    self.missing(None, || {
                        (
                            "42704",
                            format!("statistics object \"{name}\" does not exist"),
                        )
                    })?;
                }
                Ok(found.map(Object::Statistics))
            }
            ObjectType::ObjectCollation => {
                let found =
                    split_name(&parts).and_then(|(schema, name)| self.find_collation(schema, name));
                Ok(found.map(Object::Collation))
            }
            ObjectType::ObjectPublication => {
                let name = parts.first().copied().unwrap_or_default();
                let exists = self.catalog.publications.contains_key(name);
                if !exists && !missing_ok {
                    self.missing(None, || {
                        ("42704", format!("publication \"{name}\" does not exist"))
                    })?;
                }
                Ok(exists.then(|| Object::Publication(name.to_owned())))
            }
            // Kinds of objects that the catalog does not keep.
            ObjectType::Undefined
            | ObjectType::ObjectAccessMethod
            | ObjectType::ObjectAmop
            | ObjectType::ObjectAmproc
            | ObjectType::ObjectAttribute
            | ObjectType::ObjectCast
            | ObjectType::ObjectColumn
            | ObjectType::ObjectConversion
            | ObjectType::ObjectDatabase
            | ObjectType::ObjectDefault
            | ObjectType::ObjectDefacl
            | ObjectType::ObjectDomconstraint
            | ObjectType::ObjectEventTrigger
            | ObjectType::ObjectFdw
            | ObjectType::ObjectForeignServer
            | ObjectType::ObjectLanguage
            | ObjectType::ObjectLargeobject
            | ObjectType::ObjectOpclass
            | ObjectType::ObjectOperator
            | ObjectType::ObjectOpfamily
            | ObjectType::ObjectParameterAcl
            | ObjectType::ObjectPublicationNamespace
            | ObjectType::ObjectPublicationRel
            | ObjectType::ObjectRole
            | ObjectType::ObjectSubscription
            | ObjectType::ObjectTabconstraint
            | ObjectType::ObjectTablespace
            | ObjectType::ObjectTransform
            | ObjectType::ObjectTsconfiguration
            | ObjectType::ObjectTsdictionary
            | ObjectType::ObjectTsparser
            | ObjectType::ObjectTstemplate
            | ObjectType::ObjectUserMapping => Ok(None),
        }
    }

    fn relation_to_drop(
        &self,
        object: ObjectType,
        parts: &[&str],
        missing_ok: bool,
    ) -> Outcome<Option<Object>> {
        let Some((schema, name)) = split_name(parts) else {
            return Ok(None);
        };
        let noun = match object {
            ObjectType::ObjectView => "view",
            ObjectType::ObjectMatview => "materialized view",
            ObjectType::ObjectForeignTable => "foreign table",
            ObjectType::ObjectSequence => "sequence",
            _ => "table",
        };
        let found = self.catalog.lookup(schema, name, self.search_path());
        let Some(oid) = found else {
            if !missing_ok {
                self.missing(schema, || {
                    ("42P01", format!("{noun} \"{name}\" does not exist"))
                })?;
            }
            return Ok(None);
        };
        let Some(relation) = self.catalog.relation(oid) else {
            return refuse("42809", format!("\"{name}\" is not a {noun}"));
        };
        let fits = match relation.kind {
            RelationKind::Table | RelationKind::PartitionedTable => {
                object == ObjectType::ObjectTable
            }
            RelationKind::View => object == ObjectType::ObjectView,
            RelationKind::MaterializedView => object == ObjectType::ObjectMatview,
            RelationKind::ForeignTable => object == ObjectType::ObjectForeignTable,
            RelationKind::Sequence => object == ObjectType::ObjectSequence,
            RelationKind::CompositeType => false,
        };
        if !fits && relation.complete {
            return refuse("42809", format!("\"{name}\" is not a {noun}"));
        }
        if let Some(owner) = relation.owned_by.as_ref().filter(|owner| owner.identity) {
            return refuse(
                "2BP01",
                format!(
                    "cannot drop sequence {name} because column {} of table {} requires it",
                    owner.column,
                    self.name(owner.table)
                ),
            );
        }
        Ok(Some(Object::Relation(oid)))
    }

    fn index_to_drop(&self, parts: &[&str], missing_ok: bool) -> Outcome<Option<Object>> {
        let Some((schema, name)) = split_name(parts) else {
            return Ok(None);
        };
        let Some(oid) = self.catalog.lookup(schema, name, self.search_path()) else {
            if !missing_ok && self.certain() && self.all_relations_known() {
                self.missing(schema, || {
                    ("42704", format!("index \"{name}\" does not exist"))
                })?;
            }
            return Ok(None);
        };
        let Some(index) = self.catalog.index(oid) else {
            return refuse("42809", format!("\"{name}\" is not an index"));
        };
        if let Some(constraint) = self.catalog.constraint_of_index(oid) {
            return refuse(
                "2BP01",
                format!(
                    "cannot drop index {name} because constraint {} on table {} requires it",
                    constraint.name,
                    self.name(index.table)
                ),
            );
        }
        if let Some(parent) = index.parent {
            let parent = self.name(parent);
            return refuse(
                "2BP01",
                format!("cannot drop index {name} because index {parent} requires it"),
            );
        }
        Ok(Some(Object::Index(oid)))
    }

    /// An index may be on any relation that is not fully known.
    fn all_relations_known(&self) -> bool {
        self.catalog.relations().all(|relation| relation.complete)
    }

    fn type_to_drop(&self, parts: &[&str], missing_ok: bool) -> Outcome<Option<Object>> {
        let Some((schema, name)) = split_name(parts) else {
            return Ok(None);
        };
        let found = self
            .catalog
            .lookup_type(schema, name, &self.session.settings);
        let Some(oid) = found else {
            if !missing_ok {
                self.missing(schema, || {
                    ("42704", format!("type \"{name}\" does not exist"))
                })?;
            }
            return Ok(None);
        };
        let ty = self.catalog.user_type(oid);
        if let Some(UserTypeKind::Row { relation }) = ty.map(|ty| &ty.kind) {
            let relation = self.name(*relation);
            return refuse(
                "2BP01",
                format!("cannot drop type {name} because table {relation} requires it"),
            );
        }
        if let Some(extension) = ty.and_then(|ty| ty.extension.as_ref()) {
            return refuse(
                "2BP01",
                format!("cannot drop type {name} because extension {extension} requires it"),
            );
        }
        Ok(Some(Object::Type(oid)))
    }

    fn function_to_drop(
        &self,
        function: &ObjectWithArgs,
        missing_ok: bool,
    ) -> Outcome<Option<Object>> {
        let Some(oid) = self.find_function(function)? else {
            let parts = strings(&function.objname);
            if let (Some((schema, name)), false) = (split_name(&parts), missing_ok) {
                self.missing(schema, || {
                    ("42883", format!("function {name} does not exist"))
                })?;
            }
            return Ok(None);
        };
        if let Some(extension) = self
            .catalog
            .function(oid)
            .and_then(|function| function.extension.as_ref())
        {
            let name = strings(&function.objname)
                .last()
                .copied()
                .unwrap_or_default();
            return refuse(
                "2BP01",
                format!("cannot drop function {name} because extension {extension} requires it"),
            );
        }
        Ok(Some(Object::Function(oid)))
    }

    /// A trigger, rule or policy: the last part of the name, on the relation before it.
    fn part_to_drop(
        &self,
        object: ObjectType,
        names: &[String],
        missing_ok: bool,
    ) -> Outcome<Option<Object>> {
        let Some((part, table)) = names.split_last() else {
            return Ok(None);
        };
        let table: Vec<&str> = table.iter().map(String::as_str).collect();
        let Some((schema, table)) = split_name(&table) else {
            return Ok(None);
        };
        let found = self
            .catalog
            .lookup(schema, table, self.search_path())
            .and_then(|oid| self.catalog.relation(oid));
        let Some(relation) = found else {
            if !missing_ok {
                self.missing(schema, || {
                    ("42P01", format!("relation \"{table}\" does not exist"))
                })?;
            }
            return Ok(None);
        };
        let (noun, exists, target) = match object {
            ObjectType::ObjectTrigger => (
                "trigger",
                relation
                    .triggers
                    .iter()
                    .any(|trigger| trigger.name == *part),
                Object::Trigger(relation.oid, part.clone()),
            ),
            ObjectType::ObjectRule => (
                "rule",
                relation.rules.iter().any(|rule| rule.name == *part),
                Object::Rule(relation.oid, part.clone()),
            ),
            _ => (
                "policy",
                relation.policies.iter().any(|policy| policy.name == *part),
                Object::Policy(relation.oid, part.clone()),
            ),
        };
        let cloned = object == ObjectType::ObjectTrigger
            && relation
                .triggers
                .iter()
                .any(|trigger| trigger.name == *part && trigger.inherited);
        if cloned && relation.complete {
            let parent = relation.parents.first().map(|&parent| self.name(parent));
            let parent = parent.unwrap_or_default();
            return refuse(
                "2BP01",
                format!(
                    "cannot drop trigger {part} on table {table} because trigger {part} on table {parent} requires it"
                ),
            );
        }
        if object == ObjectType::ObjectRule
            && relation.kind == RelationKind::View
            && part == "_RETURN"
        {
            return refuse(
                "2BP01",
                format!(
                    "cannot drop rule _RETURN on view {table} because view {table} requires it"
                ),
            );
        }
        if exists {
            return Ok(Some(target));
        }
        if !missing_ok && relation.complete {
            return refuse(
                "42704",
                format!(
                    "{noun} \"{part}\" for {} \"{table}\" does not exist",
                    if noun == "rule" { "relation" } else { "table" }
                ),
            );
        }
        Ok(None)
    }
}

/// The name that a DROP holds: a list of strings, a single one, or a type name.
pub(super) fn object_name(object: &Node) -> Vec<String> {
    match &object.node {
        Some(NodeEnum::List(list)) => name_list(&list.items),
        Some(NodeEnum::String(name)) => vec![name.sval.clone()],
        Some(NodeEnum::TypeName(name)) => name_list(&name.names),
        Some(NodeEnum::ObjectWithArgs(object)) => name_list(&object.objname),
        _ => Vec::new(),
    }
}
