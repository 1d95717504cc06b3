//! DROP of everything (`performMultipleDeletions` in src/backend/catalog/dependency.c,
//! `RemoveRelations` in src/backend/commands/tablecmds.c).

use std::collections::{BTreeMap, BTreeSet};

use pg_query::protobuf::{DropBehavior, DropStmt, ObjectType, ObjectWithArgs};
use pg_query::{Node, NodeEnum};

use super::object::{Object, Tie};
use super::spec::name_list;
use super::{Outcome, Replay, refuse};
use crate::catalog::resolve::{split_name, strings};
use crate::catalog::{ConstraintKind, NotNull, Oid, RelationKind, UserTypeKind};

impl Replay<'_> {
    pub(super) fn drop(&mut self, stmt: &DropStmt) -> Outcome {
        let cascade = stmt.behavior() == DropBehavior::DropCascade;
        let mut targets = Vec::new();
        for object in &stmt.objects {
            if let Some(target) = self.drop_target(stmt, object)? {
                targets.push(target);
            }
        }
        self.drop_objects(targets, cascade)
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
                self.function_to_drop(function, missing_ok)
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
            | ObjectType::ObjectCollation
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

    /// Drops objects with everything that hangs on them, or refuses when something does and CASCADE
    /// was not said.
    pub(super) fn drop_objects(&mut self, targets: Vec<Object>, cascade: bool) -> Outcome {
        // What every tie on the way from a target is silent about goes without CASCADE.
        let silent: BTreeSet<Object> = self
            .reachable(&targets, |tie| tie == Tie::Auto)
            .into_iter()
            .collect();
        let order = self.reachable(&targets, |_| true);
        let found: BTreeMap<Object, bool> = order
            .iter()
            .map(|object| (object.clone(), silent.contains(object)))
            .collect();
        // A part of something that goes silently goes silently too.
        if !cascade
            && let Some(blocking) = order.iter().find(|object| {
                found.get(object) == Some(&false) && !self.goes_with_relation(object, &found)
            })
        {
            return self.refuse_dependents(order.first(), blocking);
        }
        for object in order.into_iter().rev() {
            self.remove(object);
        }
        Ok(())
    }

    /// The targets and everything that hangs on them by such ties, nearest first.
    fn reachable(&self, targets: &[Object], follows: impl Fn(Tie) -> bool) -> Vec<Object> {
        let mut order = targets.to_vec();
        let mut seen: BTreeSet<Object> = targets.iter().cloned().collect();
        let mut next = 0;
        while let Some(object) = order.get(next).cloned() {
            for (dependent, tie) in self.catalog.dependents(&object, self.session.version) {
                if follows(tie) && seen.insert(dependent.clone()) {
                    order.push(dependent);
                }
            }
            next += 1;
        }
        order
    }

    /// Whether the relation that an object is a part of is dropped silently anyway.
    fn goes_with_relation(&self, object: &Object, found: &BTreeMap<Object, bool>) -> bool {
        let relation = match object {
            Object::Column(relation, _)
            | Object::Default(relation, _)
            | Object::Constraint(relation, _)
            | Object::Trigger(relation, _)
            | Object::Rule(relation, _)
            | Object::Policy(relation, _) => *relation,
            Object::Index(index) => match self.catalog.index(*index) {
                Some(index) => index.table,
                None => return false,
            },
            _ => return false,
        };
        if found.get(&Object::Relation(relation)) == Some(&true) {
            return true;
        }
        // The default of a column that is dropped, or a generated column's own expression.
        match object {
            Object::Default(relation, column) => {
                found.get(&Object::Column(*relation, column.clone())) == Some(&true)
            }
            _ => false,
        }
    }

    fn refuse_dependents(&self, target: Option<&Object>, _blocking: &Object) -> Outcome {
        let what = target.map_or_else(String::new, |target| self.describe(target));
        refuse(
            "2BP01",
            format!("cannot drop {what} because other objects depend on it"),
        )
    }

    /// In the words of PostgreSQL's messages (`getObjectDescription`).
    pub(super) fn describe(&self, object: &Object) -> String {
        match object {
            Object::Schema(name) => format!("schema {name}"),
            Object::Extension(name) => format!("extension {name}"),
            Object::Relation(oid) => {
                let noun = self.catalog.relation(*oid).map_or("relation", |relation| {
                    match relation.kind {
                        // Partitioned or not, messages about dependencies say table.
                        RelationKind::PartitionedTable => "table",
                        kind => kind.noun(),
                    }
                });
                format!("{noun} {}", self.name(*oid))
            }
            Object::Column(oid, column) => format!("column {column} of table {}", self.name(*oid)),
            Object::Default(oid, column) => {
                format!(
                    "default value for column {column} of table {}",
                    self.name(*oid)
                )
            }
            Object::Index(oid) => format!("index {}", self.name(*oid)),
            Object::Constraint(oid, name) => {
                format!("constraint {name} on table {}", self.name(*oid))
            }
            Object::Trigger(oid, name) => format!("trigger {name} on table {}", self.name(*oid)),
            Object::Rule(oid, name) => format!("rule {name} on table {}", self.name(*oid)),
            Object::Policy(oid, name) => format!("policy {name} on table {}", self.name(*oid)),
            Object::Type(oid) | Object::DomainDefault(oid) => {
                let name = self.catalog.user_type(*oid).map(|ty| ty.name.name.clone());
                format!("type {}", name.unwrap_or_default())
            }
            Object::DomainCheck(_, name) => format!("constraint {name}"),
            Object::Function(oid) => {
                let name = self
                    .catalog
                    .function(*oid)
                    .map(|function| &function.name.name);
                format!("function {}", name.map_or("", String::as_str))
            }
            Object::Statistics(name) => format!("statistics object {}", name.name),
            Object::Publication(name) | Object::PublishedTable(name, _) => {
                format!("publication {name}")
            }
        }
    }

    /// Takes one object out.
    fn remove(&mut self, object: Object) {
        match object {
            Object::Schema(name) => self.catalog.remove_schema(&name),
            Object::Extension(name) => {
                self.catalog.extensions.remove(&name);
            }
            Object::Relation(oid) => {
                self.catalog.remove_relation(oid);
            }
            Object::Column(oid, column) => self.remove_column(oid, &column),
            Object::Default(oid, column) => {
                self.edit_column(oid, &column, |column| column.default = None);
            }
            Object::Index(oid) => self.remove_index(oid),
            Object::Constraint(oid, name) => self.remove_dropped_constraint(oid, &name),
            Object::Trigger(oid, name) => self.drop_trigger_family(oid, &name),
            Object::Rule(oid, name) => {
                self.catalog.edit(oid, |relation| {
                    relation.rules.retain(|rule| rule.name != name)
                });
            }
            Object::Policy(oid, name) => {
                self.catalog.edit(oid, |relation| {
                    relation.policies.retain(|policy| policy.name != name);
                });
            }
            Object::Type(oid) => {
                let gone = self.catalog.remove_type(oid);
                if let Some(gone) = gone
                    && matches!(gone.kind, UserTypeKind::Composite { .. })
                    && let Some(relation) = self.catalog.relation_oid(&gone.name)
                {
                    self.catalog.remove_relation(relation);
                }
            }
            Object::DomainCheck(oid, name) => {
                self.catalog.edit_type(oid, |ty| {
                    if let UserTypeKind::Domain(domain) = &mut ty.kind {
                        domain.checks.retain(|check| check.name != name);
                    }
                });
            }
            Object::DomainDefault(oid) => {
                self.catalog.edit_type(oid, |ty| {
                    if let UserTypeKind::Domain(domain) = &mut ty.kind {
                        domain.default = None;
                    }
                });
            }
            Object::Function(oid) => {
                self.catalog.remove_function(oid);
            }
            Object::Statistics(name) => {
                self.catalog.statistics.remove(&name);
            }
            Object::Publication(name) => {
                self.catalog.publications.remove(&name);
            }
            Object::PublishedTable(name, table) => {
                if let Some(publication) = self.catalog.publications.get_mut(&name) {
                    publication.remove(table);
                }
            }
        }
    }

    fn remove_column(&mut self, table: Oid, column: &str) {
        self.catalog.edit(table, |relation| {
            relation.columns.retain(|other| other.name != column);
        });
        let row_type = self
            .catalog
            .relation(table)
            .and_then(|relation| self.catalog.type_oid(&relation.name));
        if let Some(row_type) = row_type {
            self.catalog.edit_type(row_type, |ty| {
                if let UserTypeKind::Composite { attributes } = &mut ty.kind {
                    attributes.retain(|(name, _)| name != column);
                }
            });
        }
    }

    /// The constraint of a dropped column or index: NOT NULL stays with a column that stays, except its own.
    fn remove_dropped_constraint(&mut self, table: Oid, name: &str) {
        let not_null = self.catalog.relation(table).and_then(|relation| {
            match &relation.constraint(name)?.kind {
                ConstraintKind::NotNull { column } => Some(column.clone()),
                _ => None,
            }
        });
        self.remove_constraint(table, name);
        if let Some(column) = not_null {
            self.edit_column(table, &column, |column| column.not_null = NotNull::No);
        }
    }

    fn remove_index(&mut self, oid: Oid) {
        let table = self.catalog.remove_index(oid).map(|index| index.table);
        if let Some(table) = table {
            // Nothing is left to identify rows by: `REPLICA IDENTITY USING INDEX` of a dropped index is NOTHING.
            let used = self.catalog.relation(table).is_some_and(|relation| {
                relation.replica_identity == crate::catalog::ReplicaIdentity::Index(oid)
            });
            if used {
                self.catalog.edit(table, |relation| {
                    relation.replica_identity = crate::catalog::ReplicaIdentity::Nothing;
                });
            }
        }
    }

    /// Takes a relation or index out with whatever depends on it, without asking.
    pub(super) fn forget(&mut self, oid: Oid) {
        let object = if self.catalog.index(oid).is_some() {
            Object::Index(oid)
        } else {
            Object::Relation(oid)
        };
        // CASCADE is never refused.
        let _ = self.drop_objects(vec![object], true);
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
