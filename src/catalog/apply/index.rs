//! CREATE INDEX, and the indexes of constraints (`DefineIndex` in src/backend/commands/indexcmds.c).

use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::{IndexElem, IndexStmt, SortByDir, SortByNulls};

use super::names::Found;
use super::spec::{IndexConstraint, IndexSpec, KeySpec, NotNullSpec, dotted, given, options};
use super::{Outcome, Replay, refuse};
use crate::catalog::choose_name::{IndexRole, index_column_names};
use crate::catalog::figure_name::figure_index_column_name;
use crate::catalog::{
    Constraint, ConstraintKind, Index, IndexKey, IndexTarget, NotNull, Oid, QualifiedName,
    Relation, RelationKind,
};

/// How a new index stands to indexes and partitions that exist.
struct Placement {
    /// The parent's index of which this one becomes a partition.
    parent: Option<Oid>,
    /// ON ONLY: partitions get none, so a partitioned index is not valid yet.
    only: bool,
    birth: crate::catalog::Birth,
}

impl Replay<'_> {
    pub(super) fn create_index(&mut self, stmt: &IndexStmt) -> Outcome {
        let Some(range_var) = &stmt.relation else {
            return Ok(());
        };
        let table = match self.relation_or_index(range_var, RelationKind::Table)? {
            Found::Relation(oid) => oid,
            Found::Index(_) => {
                return refuse("42809", format!("\"{}\" is an index", range_var.relname));
            }
        };
        let spec = self.index_of_statement(stmt);
        let name = spec.name.as_ref().map(|name| self.beside(table, name));
        if stmt.if_not_exists && name.is_some_and(|name| self.catalog.relation_oid(&name).is_some())
        {
            return Ok(());
        }
        let placement = Placement {
            parent: None,
            only: !range_var.inh,
            birth: self.birth_of_new(stmt.if_not_exists),
        };
        self.build_index(table, spec, &placement)?;
        Ok(())
    }

    fn index_of_statement(&self, stmt: &IndexStmt) -> IndexSpec {
        let mut spec = IndexSpec::new();
        spec.name = given(&stmt.idxname);
        spec.unique = stmt.unique;
        if let Some(method) = given(&stmt.access_method) {
            // The historical name of GiST (`ResolveIndexMethod`).
            spec.method = if method == "rtree" {
                "gist".to_owned()
            } else {
                method
            };
        }
        for parameter in &stmt.index_params {
            if let Some(NodeEnum::IndexElem(element)) = &parameter.node {
                spec.keys.extend(key_spec(element));
            }
        }
        for parameter in &stmt.index_including_params {
            if let Some(NodeEnum::IndexElem(element)) = &parameter.node {
                spec.include.push(element.name.clone());
            }
        }
        spec.predicate = stmt.where_clause.as_deref().cloned().map(Arc::new);
        spec.nulls_not_distinct = stmt.nulls_not_distinct;
        spec.options = options(&stmt.options);
        spec.tablespace = given(&stmt.table_space);
        spec
    }

    /// The index of a constraint, on this table and everything below it.
    pub(super) fn define_index(&mut self, table: Oid, spec: IndexSpec) -> Outcome<Oid> {
        self.define_index_level(table, spec, false)
    }

    pub(super) fn define_index_level(
        &mut self,
        table: Oid,
        spec: IndexSpec,
        only: bool,
    ) -> Outcome<Oid> {
        let placement = Placement {
            parent: None,
            only,
            birth: self.birth(),
        };
        self.build_index(table, spec, &placement)
    }

    /// A copy of a partitioned table's index on one of its partitions.
    pub(super) fn clone_index(&mut self, parent_index: Oid, partition: Oid) -> Outcome<Oid> {
        let Some(spec) = self.index_as_spec(parent_index) else {
            return refuse("42P01", "index does not exist");
        };
        let placement = Placement {
            parent: Some(parent_index),
            only: false,
            birth: self.birth(),
        };
        self.build_index(partition, spec, &placement)
    }

    fn build_index(&mut self, table: Oid, spec: IndexSpec, placement: &Placement) -> Outcome<Oid> {
        for column in spec.columns() {
            self.require_column(table, column)?;
        }
        if spec.is_primary_key() {
            self.refuse_second_primary_key(table)?;
        }
        let column_names = spec.column_names.clone().unwrap_or_else(|| {
            let keys = spec.keys.iter().map(|key| key.name.clone());
            let include = spec.include.iter().cloned().map(Some);
            index_column_names(&keys.chain(include).collect::<Vec<_>>())
        });
        let name = match &spec.name {
            Some(name) => self.beside(table, name),
            None => self.made_up_index_name(table, &spec, &column_names)?,
        };
        self.make_room(&name)?;
        let constraint_name = name.name.clone();
        if spec.constraint.is_some() && self.has_constraint(table, &constraint_name) {
            let table = self.name(table);
            return refuse(
                "42710",
                format!("constraint \"{constraint_name}\" for relation \"{table}\" already exists"),
            );
        }
        let oid = self.catalog.new_oid();
        let partitioned = self.get(table)?.kind == RelationKind::PartitionedTable;
        let partitions = if partitioned {
            self.child_oids(table)
        } else {
            Vec::new()
        };
        let index = self.index_from_spec(oid, name, table, &spec, column_names, placement);
        self.catalog.insert_index(index);
        if placement.only && !partitions.is_empty() {
            self.catalog.edit_index(oid, |index| index.valid = false);
        }
        if let Some(constraint) = spec.constraint {
            let kind = match constraint {
                IndexConstraint::PrimaryKey => ConstraintKind::PrimaryKey { index: oid },
                IndexConstraint::Unique => ConstraintKind::Unique { index: oid },
                IndexConstraint::Exclusion => ConstraintKind::Exclusion { index: oid },
            };
            self.store_index_constraint(
                table,
                constraint_name,
                kind,
                spec.deferrable,
                placement.parent.is_some(),
            );
        }
        if spec.is_primary_key() {
            self.primary_key_not_null(table, &spec)?;
        }
        if !placement.only {
            for partition in partitions {
                self.index_on_partition(oid, partition)?;
            }
        }
        Ok(oid)
    }

    /// A partition gets the index too: one that fits is attached, otherwise one is made.
    pub(super) fn index_on_partition(&mut self, parent_index: Oid, partition: Oid) -> Outcome {
        if self.get(partition)?.kind == RelationKind::ForeignTable {
            return Ok(());
        }
        match self.matching_index(parent_index, partition) {
            Some(child) => self.attach_index(parent_index, child),
            None => {
                self.clone_index(parent_index, partition)?;
            }
        }
        Ok(())
    }

    fn index_from_spec(
        &mut self,
        oid: Oid,
        name: QualifiedName,
        table: Oid,
        spec: &IndexSpec,
        column_names: Vec<String>,
        placement: &Placement,
    ) -> Index {
        let keys = spec
            .keys
            .iter()
            .map(|key| {
                let mut key = key.key.clone();
                if let IndexTarget::Expression(expression) = &mut key.target {
                    *expression = self.stored(expression, table);
                }
                key
            })
            .collect();
        let predicate = spec
            .predicate
            .as_ref()
            .map(|predicate| self.stored(predicate, table));
        Index {
            oid,
            name,
            table,
            method: spec.method.clone(),
            unique: spec.unique,
            keys,
            operators: spec
                .keys
                .iter()
                .filter_map(|key| key.operator.clone())
                .collect(),
            include: spec.include.clone(),
            column_names,
            predicate,
            parent: placement.parent,
            valid: true,
            nulls_not_distinct: spec.nulls_not_distinct,
            clustered: false,
            options: spec.options.clone(),
            tablespace: spec.tablespace.clone(),
            birth: placement.birth,
        }
    }

    fn store_index_constraint(
        &mut self,
        table: Oid,
        name: String,
        kind: ConstraintKind,
        deferrable: bool,
        inherited: bool,
    ) {
        self.catalog.edit(table, |relation| {
            // connoinherit is true except on partitioned tables, where the partitions have copies.
            let no_inherit = relation.kind != RelationKind::PartitionedTable;
            relation.constraints.push(Constraint {
                name,
                kind,
                valid: true,
                enforced: true,
                no_inherit,
                deferrable,
                local: !inherited,
                inherited: u32::from(inherited),
            });
        });
    }

    fn made_up_index_name(
        &self,
        table: Oid,
        spec: &IndexSpec,
        column_names: &[String],
    ) -> Outcome<QualifiedName> {
        let role = match spec.constraint {
            Some(IndexConstraint::PrimaryKey) => IndexRole::PrimaryKey,
            // LIKE copies WITHOUT OVERLAPS with its operators, as those of an exclusion constraint.
            Some(IndexConstraint::Unique)
                if spec.method == "gist" && spec.column_names.is_some() =>
            {
                IndexRole::Exclusion
            }
            Some(IndexConstraint::Unique) => IndexRole::Unique,
            Some(IndexConstraint::Exclusion) => IndexRole::Exclusion,
            None => IndexRole::Plain,
        };
        let table = &self.get(table)?.name;
        let name = self
            .catalog
            .choose_index_name(&table.name, &table.schema, column_names, role);
        Ok(QualifiedName::new(table.schema.clone(), name))
    }

    /// Indexes live in the schema of their table.
    fn beside(&self, table: Oid, name: &str) -> QualifiedName {
        let schema = self
            .catalog
            .name_of(table)
            .map_or("public", |table| &table.schema);
        QualifiedName::new(schema, name)
    }

    fn refuse_second_primary_key(&self, table: Oid) -> Outcome {
        let relation = self.get(table)?;
        if relation.primary_key().is_some() && relation.complete {
            return refuse(
                "42P16",
                format!(
                    "multiple primary keys for table \"{}\" are not allowed",
                    relation.name.name
                ),
            );
        }
        Ok(())
    }

    /// The key columns of a primary key become NOT NULL, on children as well.
    fn primary_key_not_null(&mut self, table: Oid, spec: &IndexSpec) -> Outcome {
        for key in &spec.keys {
            let IndexTarget::Column(column) = &key.key.target else {
                continue;
            };
            self.add_not_null_where_missing(table, column)?;
        }
        Ok(())
    }

    pub(super) fn add_not_null_where_missing(&mut self, table: Oid, column: &str) -> Outcome {
        let state = self
            .get(table)?
            .column(column)
            .map(|column| column.not_null);
        match state {
            Some(NotNull::Valid) => Ok(()),
            Some(NotNull::NotValid) => refuse(
                "55000",
                format!("cannot create primary key on column \"{column}\""),
            ),
            Some(NotNull::No) | None => {
                self.add_not_null(table, &NotNullSpec::unnamed(column), true)
            }
        }
    }

    /// An existing index as what it takes to make another like it (`generateClonedIndexStmt`).
    pub(super) fn index_as_spec(&self, oid: Oid) -> Option<IndexSpec> {
        let index = self.catalog.index(oid)?;
        let constraint = self.catalog.constraint_of_index(oid);
        let mut operators = index.operators.iter();
        Some(IndexSpec {
            name: None,
            constraint: constraint.and_then(|constraint| match constraint.kind {
                ConstraintKind::PrimaryKey { .. } => Some(IndexConstraint::PrimaryKey),
                ConstraintKind::Unique { .. } => Some(IndexConstraint::Unique),
                ConstraintKind::Exclusion { .. } => Some(IndexConstraint::Exclusion),
                ConstraintKind::Check { .. }
                | ConstraintKind::NotNull { .. }
                | ConstraintKind::ForeignKey(_) => None,
            }),
            unique: index.unique,
            method: index.method.clone(),
            keys: index
                .keys
                .iter()
                .map(|key| KeySpec {
                    key: key.clone(),
                    name: None,
                    operator: operators.next().cloned(),
                })
                .collect(),
            include: index.include.clone(),
            column_names: Some(index_column_names(
                &index
                    .column_names
                    .iter()
                    .cloned()
                    .map(Some)
                    .collect::<Vec<_>>(),
            )),
            predicate: index.predicate.clone(),
            nulls_not_distinct: index.nulls_not_distinct,
            deferrable: constraint.is_some_and(|constraint| constraint.deferrable),
            options: index.options.clone(),
            tablespace: index.tablespace.clone(),
            existing: None,
        })
    }

    /// An unattached, valid index of the table with the same definition as a partitioned index
    /// (`CompareIndexInfo`), and with the same kind of constraint where the parent's has one.
    pub(super) fn matching_index(&self, parent_index: Oid, table: Oid) -> Option<Oid> {
        let parent = self.catalog.index(parent_index)?;
        let constraint = self.catalog.constraint_of_index(parent_index);
        self.catalog
            .indexes_of(table)
            .filter(|index| index.parent.is_none() && index.is_same_definition(parent))
            .find(|index| match constraint {
                None => true,
                Some(constraint) => self
                    .catalog
                    .constraint_of_index(index.oid)
                    .is_some_and(|child| child.kind.code() == constraint.kind.code()),
            })
            .map(|index| index.oid)
    }

    /// Makes an index the partition of another, and its constraint with it (`IndexSetParentIndex`).
    pub(super) fn attach_index(&mut self, parent: Oid, child: Oid) {
        self.catalog
            .edit_index(child, |index| index.parent = Some(parent));
        if self.catalog.constraint_of_index(parent).is_some() {
            self.edit_index_constraint(child, |constraint| {
                constraint.local = false;
                constraint.inherited += 1;
            });
        }
    }

    /// Changes the constraint that belongs to an index, if one does.
    pub(super) fn edit_index_constraint(
        &mut self,
        index: Oid,
        change: impl FnOnce(&mut Constraint),
    ) {
        let Some(table) = self.catalog.index(index).map(|index| index.table) else {
            return;
        };
        self.catalog.edit(table, |relation| {
            let constraint = relation
                .constraints
                .iter_mut()
                .find(|constraint| constraint.kind.index() == Some(index));
            if let Some(constraint) = constraint {
                change(constraint);
            }
        });
    }

    /// A partitioned index becomes valid once every partition has its part (`validatePartitionedIndex`).
    pub(super) fn validate_partitioned_index(&mut self, oid: Oid) {
        let Some(index) = self.catalog.index(oid) else {
            return;
        };
        let covered = |partition: &Relation| {
            self.catalog
                .indexes_of(partition.oid)
                .any(|child| child.parent == Some(oid) && child.valid)
        };
        let parent = index.parent;
        if index.valid || !self.catalog.children(index.table).all(covered) {
            return;
        }
        self.catalog.edit_index(oid, |index| index.valid = true);
        if let Some(parent) = parent {
            self.validate_partitioned_index(parent);
        }
    }
}

impl IndexSpec {
    /// The plain columns of the index, keys first.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        let keys = self.keys.iter().filter_map(|key| match &key.key.target {
            IndexTarget::Column(column) => Some(column.as_str()),
            IndexTarget::Expression(_) => None,
        });
        keys.chain(self.include.iter().map(String::as_str))
    }

    /// Whether two constraints of one CREATE TABLE ask for the same index.
    pub(super) fn is_same_definition(&self, other: &IndexSpec) -> bool {
        self.method == other.method
            && self.include == other.include
            && self.predicate == other.predicate
            && self.nulls_not_distinct == other.nulls_not_distinct
            && self.deferrable == other.deferrable
            && self.keys.len() == other.keys.len()
            && self
                .keys
                .iter()
                .zip(&other.keys)
                .all(|(one, other)| one.key.is_same(&other.key) && one.operator == other.operator)
    }
}

/// One element of an index's column list.
pub(super) fn key_spec(element: &IndexElem) -> Option<KeySpec> {
    let opclass = dotted(&element.opclass);
    let collation = dotted(&element.collation);
    let descending = element.ordering() == SortByDir::SortbyDesc;
    let nulls_first = match element.nulls_ordering() {
        SortByNulls::SortbyNullsFirst => true,
        SortByNulls::SortbyNullsLast => false,
        SortByNulls::SortbyNullsDefault | SortByNulls::Undefined => descending,
    };
    let target = match &element.expr {
        Some(expression) => IndexTarget::Expression(Arc::new(expression.as_ref().clone())),
        None => IndexTarget::Column(given(&element.name)?),
    };
    let name = match &element.expr {
        Some(expression) => figure_index_column_name(expression),
        None => given(&element.name),
    };
    Some(KeySpec {
        key: IndexKey {
            target,
            opclass,
            collation,
            descending,
            nulls_first,
        },
        name,
        operator: None,
    })
}
