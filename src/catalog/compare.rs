//! How two schemas differ, by name: what a rollback leaves behind or does not give back.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Catalog, ConstraintKind, Index, NotNull, Persistence, QualifiedName, Relation, RelationKind,
    UserTypeKind,
};

impl Catalog {
    /// What is different in `after`, each a clause such as `table audit is still there`, in the order of the
    /// names. Relations that are not known completely, temporary ones, and what only belongs to another
    /// object (the sequence of a serial column) are left out, as are the expressions of defaults and checks: two ways of
    /// writing one expression look different.
    pub fn deviations(&self, after: &Catalog) -> Vec<String> {
        let mut found = Deviations {
            before: self,
            after,
            clauses: Vec::new(),
        };
        found.relations();
        found.types();
        found.functions();
        let schemas = |catalog: &Catalog| -> BTreeSet<String> {
            catalog.schemas().map(str::to_owned).collect()
        };
        found.names("schema", &schemas(self), &schemas(after));
        found.clauses
    }
}

struct Deviations<'a> {
    before: &'a Catalog,
    after: &'a Catalog,
    clauses: Vec<String>,
}

impl<'a> Deviations<'a> {
    /// `noun`: what the names are of.
    fn names(&mut self, noun: &str, before: &BTreeSet<String>, after: &BTreeSet<String>) {
        for gone in before.difference(after) {
            self.clauses
                .push(format!("{noun} {gone} is not given back"));
        }
        for left in after.difference(before) {
            self.clauses.push(format!("{noun} {left} is still there"));
        }
    }

    fn relations(&mut self) {
        // Only what the two do not share has to be looked at.
        let difference = self.before.difference(self.after);
        let changed = difference.changed_relations.iter();
        let old = difference.removed_relations.iter().copied();
        let new = difference.added_relations.iter().copied();
        let before = by_name(old.chain(changed.clone().map(|pair| pair.0)));
        let after = by_name(new.chain(changed.map(|pair| pair.1)));
        for (name, relation) in &before {
            match after.get(name) {
                Some(now) if now.kind == relation.kind => self.relation(relation, now),
                Some(now) => self.clauses.push(format!(
                    "{} is a {} instead of a {}",
                    short(name),
                    now.kind.noun(),
                    relation.kind.noun()
                )),
                None => self.clauses.push(format!(
                    "{} {} is not given back",
                    relation.kind.noun(),
                    short(name)
                )),
            }
        }
        for (name, relation) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
            let clause = format!("{} {} is still there", relation.kind.noun(), short(name));
            self.clauses.push(clause);
        }
        self.lone_indexes(&before, &after);
    }

    /// The indexes of relations that did not change otherwise.
    fn lone_indexes(
        &mut self,
        before: &BTreeMap<QualifiedName, &'a Relation>,
        after: &BTreeMap<QualifiedName, &'a Relation>,
    ) {
        let difference = self.before.difference(self.after);
        let mut tables = BTreeSet::new();
        let changed = difference.changed_indexes.iter();
        let old = difference.removed_indexes.iter().copied();
        for index in old.chain(changed.clone().map(|pair| pair.0)) {
            tables.extend(self.before.relation(index.table).map(|it| it.name.clone()));
        }
        let new = difference.added_indexes.iter().copied();
        for index in new.chain(changed.map(|pair| pair.1)) {
            tables.extend(self.after.relation(index.table).map(|it| it.name.clone()));
        }
        for name in tables {
            if before.contains_key(&name) || after.contains_key(&name) {
                continue;
            }
            let table = |catalog: &'a Catalog| catalog.relation_named(&name);
            if let (Some(then), Some(now)) = (table(self.before), table(self.after))
                && then.complete
                && now.complete
            {
                self.indexes(then, now);
            }
        }
    }

    fn relation(&mut self, then: &'a Relation, now: &'a Relation) {
        if then.kind == RelationKind::Sequence {
            return;
        }
        let table = short(&then.name);
        let columns = |relation: &Relation| -> BTreeSet<String> {
            let names = relation.columns.iter();
            names
                .map(|column| format!("{table}.{}", column.name))
                .collect()
        };
        self.names("column", &columns(then), &columns(now));
        for column in &then.columns {
            let Some(new) = now.column(&column.name) else {
                continue;
            };
            let name = format!("{table}.{}", column.name);
            let (old_type, new_type) = (
                self.before.type_display(&column.ty),
                self.after.type_display(&new.ty),
            );
            if old_type != new_type {
                let clause = format!("column {name} is {new_type} instead of {old_type}");
                self.clauses.push(clause);
            }
            let required = |not_null: NotNull| not_null != NotNull::No;
            self.flag(
                &name,
                "NOT NULL",
                required(column.not_null),
                required(new.not_null),
            );
            let plain = column.generated.is_none() && new.generated.is_none();
            if plain && column.identity.is_none() && new.identity.is_none() {
                self.flag(
                    &name,
                    "a default",
                    column.default.is_some(),
                    new.default.is_some(),
                );
            }
            self.flag(
                &name,
                "an identity",
                column.identity.is_some(),
                new.identity.is_some(),
            );
            self.flag(
                &name,
                "generated",
                column.generated.is_some(),
                new.generated.is_some(),
            );
        }
        let constraints = |relation: &Relation| -> BTreeSet<String> {
            let named = relation.constraints.iter();
            // NOT NULL is the column's.
            let own = named.filter(|it| !matches!(it.kind, ConstraintKind::NotNull { .. }));
            own.map(|it| format!("{} of {table}", it.name)).collect()
        };
        self.names("constraint", &constraints(then), &constraints(now));
        let triggers = |relation: &Relation| -> BTreeSet<String> {
            let named = relation.triggers.iter();
            named.map(|it| format!("{} of {table}", it.name)).collect()
        };
        self.names("trigger", &triggers(then), &triggers(now));
        let policies = |relation: &Relation| -> BTreeSet<String> {
            let named = relation.policies.iter();
            named.map(|it| format!("{} of {table}", it.name)).collect()
        };
        self.names("policy", &policies(then), &policies(now));
        self.flag(
            &table,
            "row level security",
            then.row_security,
            now.row_security,
        );
        self.indexes(then, now);
    }

    /// The indexes of a table that belong to no constraint.
    fn indexes(&mut self, then: &Relation, now: &Relation) {
        let of = |catalog: &'a Catalog, table: &Relation| -> BTreeMap<String, &'a Index> {
            let own = catalog.indexes_of(table.oid);
            let lone = own.filter(|index| catalog.constraint_of_index(index.oid).is_none());
            lone.map(|index| (short(&index.name), index)).collect()
        };
        let (before, after) = (of(self.before, then), of(self.after, now));
        let names = |indexes: &BTreeMap<String, &Index>| indexes.keys().cloned().collect();
        self.names("index", &names(&before), &names(&after));
        for (name, index) in &before {
            if after
                .get(name)
                .is_some_and(|now| now.unique != index.unique)
            {
                let clause = match index.unique {
                    true => format!("index {name} is no longer unique"),
                    false => format!("index {name} is unique now"),
                };
                self.clauses.push(clause);
            }
        }
    }

    fn flag(&mut self, name: &str, what: &str, before: bool, after: bool) {
        match (before, after) {
            (true, false) => self.clauses.push(format!("{name} has lost {what}")),
            (false, true) => self.clauses.push(format!("{name} has kept {what}")),
            (true, true) | (false, false) => {}
        }
    }

    fn types(&mut self) {
        let names = |catalog: &Catalog, other: &Catalog| -> BTreeSet<String> {
            let unlike = catalog.types_unlike(other);
            let own = unlike.into_iter().filter(|ty| {
                ty.extension.is_none()
                    && !matches!(
                        ty.kind,
                        UserTypeKind::Row { .. } | UserTypeKind::Composite { .. }
                    )
            });
            own.map(|ty| short(&ty.name)).collect()
        };
        let (gone, left) = (
            names(self.before, self.after),
            names(self.after, self.before),
        );
        self.names("type", &gone, &left);
    }

    fn functions(&mut self) {
        let (before, after) = (self.before, self.after);
        // A signature speaks of types: with other types every function may have another one.
        let same_types =
            before.types_unlike(after).is_empty() && after.types_unlike(before).is_empty();
        let names = |catalog: &Catalog, other: &Catalog| -> BTreeSet<String> {
            let unlike = match same_types {
                true => catalog.functions_unlike(other),
                false => catalog.functions().collect(),
            };
            let own = unlike.into_iter().filter(|it| it.extension.is_none());
            own.map(|it| {
                let arguments = it.arguments.iter().map(|it| catalog.type_display(&it.ty));
                let arguments: Vec<String> = arguments.collect();
                format!("{}({})", short(&it.name), arguments.join(", "))
            })
            .collect()
        };
        let (gone, left) = (names(before, after), names(after, before));
        self.names("function", &gone, &left);
    }
}

fn by_name<'a>(
    relations: impl Iterator<Item = &'a Relation>,
) -> BTreeMap<QualifiedName, &'a Relation> {
    let counted = relations.filter(|relation| {
        relation.complete
            && relation.persistence != Persistence::Temporary
            && relation.owned_by.is_none()
            && relation.kind != RelationKind::CompositeType
    });
    counted
        .map(|relation| (relation.name.clone(), relation))
        .collect()
}

/// Without the schema `public`.
fn short(name: &QualifiedName) -> String {
    if name.schema == "public" {
        name.name.clone()
    } else {
        name.to_string()
    }
}
