//! What goes when something is dropped: all that depends on it (`performMultipleDeletions` in
//! src/backend/catalog/dependency.c).

use std::collections::{BTreeMap, BTreeSet};

use super::object::{Object, Tie};
use super::{Outcome, Replay, refuse};
use crate::catalog::{ConstraintKind, NotNull, Oid, RelationKind, UserTypeKind};

impl Replay<'_> {
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
            Object::Collation(name) => format!("collation {}", name.name),
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
            Object::Collation(name) => {
                self.catalog.collations.remove(&name);
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
