//! CREATE TABLE and CREATE FOREIGN TABLE: `transformCreateStmt` in src/backend/parser/parse_utilcmd.c,
//! `DefineRelation` in src/backend/commands/tablecmds.c.

use std::sync::Arc;

use pg_query::protobuf::{
    self, CreateStmt, OnCommitAction, PartitionStrategy as Strategy, RangeVar,
};
use pg_query::{Node, NodeEnum};

use super::column::{Owner, table_constraint};
use super::inherit::Inherited;
use super::like::Like;
use super::spec::{CheckSpec, NotNullSpec, SequenceSpec, TableSpec, given, options};
use super::{Outcome, Replay, refuse};
use crate::catalog::expression::is_null_constant;
use crate::catalog::resolve::strings;
use crate::catalog::{
    BaseType, Birth, Column, IndexTarget, NotNull, Oid, OwnedBy, PG_TEMP, PartitionBound,
    PartitionKey, PartitionStrategy, Persistence, QualifiedName, Relation, RelationKind, Type,
    UserType, UserTypeKind,
};

impl Replay<'_> {
    pub(super) fn create_table(&mut self, stmt: &CreateStmt) -> Outcome {
        let kind = match stmt.partspec {
            Some(_) => RelationKind::PartitionedTable,
            None => RelationKind::Table,
        };
        self.define_table(stmt, kind)
    }

    pub(super) fn create_foreign_table(
        &mut self,
        stmt: &protobuf::CreateForeignTableStmt,
    ) -> Outcome {
        match &stmt.base_stmt {
            Some(base) => self.define_table(base, RelationKind::ForeignTable),
            None => Ok(()),
        }
    }

    fn define_table(&mut self, stmt: &CreateStmt, kind: RelationKind) -> Outcome {
        let Some(range_var) = &stmt.relation else {
            return Ok(());
        };
        let name = self.new_relation_name(range_var)?;
        if stmt.if_not_exists && self.catalog.relation_oid(&name).is_some() {
            return Ok(());
        }
        self.make_room(&name)?;
        self.refuse_type_of_same_name(&name)?;

        let mut spec = TableSpec::default();
        self.columns_of_type(stmt, &mut spec);
        let likes = self.table_elements(stmt, &name, &mut spec)?;
        let parents = self.parents(stmt)?;
        let persistence = persistence(range_var, &name);
        for sequence in &spec.sequences {
            self.create_owned_sequence(sequence, persistence)?;
        }

        let partition = stmt.partbound.is_some();
        let own = std::mem::take(&mut spec.columns);
        let inherited = self.merge_parents(&parents, own, partition)?;
        self.primary_key_columns(&inherited, &mut spec)?;

        let oid = self.catalog.new_oid();
        let birth = self.birth_of_new(stmt.if_not_exists);
        let mut relation = Relation::new(oid, name.clone(), kind, birth);
        relation.complete = birth != Birth::BEFORE && inherited.complete;
        relation.filled = birth == Birth::BEFORE;
        relation.perhaps_new = birth == Birth::BEFORE;
        relation.persistence = persistence;
        relation.drop_on_commit = stmt.oncommit() == OnCommitAction::OncommitDrop;
        relation.parents = parents.clone();
        relation.options = options(&stmt.options);
        relation.tablespace = given(&stmt.tablespacename);
        relation.access_method = given(&stmt.access_method);
        relation.of_type = self.type_of_table(stmt);
        relation.partition_bound = stmt.partbound.as_ref().map(partition_bound);
        if let Some(ty) = relation.of_type {
            self.catalog.note_use(ty, oid);
        }
        self.insert_table(relation, inherited.columns);
        if let Some(partspec) = &stmt.partspec {
            self.set_partition_key(oid, partspec);
        }

        for check in inherited.checks {
            self.catalog
                .edit(oid, |relation| relation.constraints.push(check));
        }
        if let (true, Some(&parent)) = (partition, parents.first()) {
            self.clone_indexes_to_partition(parent, oid)?;
            self.clone_row_triggers(parent, oid);
            self.clone_foreign_keys(parent, oid)?;
        }
        refuse_duplicate_checks(&spec.checks, &name)?;
        for check in spec.checks {
            self.add_check_here(oid, &check, true, true)?;
        }
        self.add_not_nulls_of_new_table(oid, spec.not_nulls, inherited.not_nulls)?;
        for index in distinct_indexes(spec.indexes) {
            self.define_index(oid, index)?;
        }
        for like in &likes {
            self.expand_like(oid, like)?;
        }
        for key in spec.foreign_keys {
            self.add_foreign_key(oid, &key)?;
        }
        for sequence in &spec.sequences {
            self.own_sequence(&sequence.name, oid, &sequence.column, sequence.identity);
        }
        Ok(())
    }

    /// Columns, constraints and LIKE clauses in the order in which they are written.
    fn table_elements(
        &mut self,
        stmt: &CreateStmt,
        name: &QualifiedName,
        spec: &mut TableSpec,
    ) -> Outcome<Vec<Like>> {
        let owner = Owner {
            table: name,
            new: true,
        };
        let mut likes = Vec::new();
        for element in stmt.table_elts.iter().chain(&stmt.constraints) {
            match &element.node {
                Some(NodeEnum::ColumnDef(def)) => self.column(def, &owner, spec)?,
                Some(NodeEnum::Constraint(constraint)) => {
                    table_constraint(constraint, true, spec);
                }
                Some(NodeEnum::TableLikeClause(clause)) => {
                    likes.extend(self.like_columns(clause, &owner, spec)?);
                }
                _ => {}
            }
        }
        if stmt.of_typename.is_some() {
            merge_options_of_typed_columns(&mut spec.columns);
        }
        for not_null in &spec.not_nulls {
            let column = spec
                .columns
                .iter_mut()
                .find(|column| column.name == not_null.column);
            if let Some(column) = column
                && column.not_null == NotNull::No
            {
                column.not_null = NotNull::Valid;
            }
        }
        if stmt.partbound.is_none() {
            refuse_duplicate_columns(&spec.columns)?;
        }
        Ok(likes)
    }

    fn parents(&mut self, stmt: &CreateStmt) -> Outcome<Vec<Oid>> {
        let kind = match stmt.partbound {
            Some(_) => RelationKind::PartitionedTable,
            None => RelationKind::Table,
        };
        let mut parents = Vec::new();
        for parent in &stmt.inh_relations {
            if let Some(NodeEnum::RangeVar(parent)) = &parent.node {
                parents.push(self.relation(parent, kind)?);
            }
        }
        if let (Some(_), Some(&parent)) = (&stmt.partbound, parents.first()) {
            self.require_partitioned(parent)?;
        }
        Ok(parents)
    }

    /// Refuses a partition of what is not partitioned; an unknown table is learned to be partitioned.
    pub(super) fn require_partitioned(&mut self, parent: Oid) -> Outcome {
        let relation = self.get(parent)?;
        if relation.kind == RelationKind::PartitionedTable {
            return Ok(());
        }
        if relation.complete {
            return refuse(
                "42P17",
                format!("\"{}\" is not partitioned", relation.name.name),
            );
        }
        self.catalog.edit(parent, |relation| {
            relation.kind = RelationKind::PartitionedTable
        });
        Ok(())
    }

    /// A PRIMARY KEY makes its columns NOT NULL; a key column must exist.
    fn primary_key_columns(&mut self, inherited: &Inherited, spec: &mut TableSpec) -> Outcome {
        for index in &spec.indexes {
            for key in &index.keys {
                let IndexTarget::Column(name) = &key.key.target else {
                    continue;
                };
                let exists = inherited.columns.iter().any(|column| column.name == *name);
                if !exists && inherited.complete && !super::names::is_system_column(name) {
                    return refuse(
                        "42703",
                        format!("column \"{name}\" named in key does not exist"),
                    );
                }
                if index.is_primary_key()
                    && !spec
                        .not_nulls
                        .iter()
                        .any(|not_null| not_null.column == *name)
                {
                    spec.not_nulls.push(NotNullSpec::unnamed(name));
                }
            }
        }
        let primary_keys = spec.indexes.iter().filter(|index| index.is_primary_key());
        if primary_keys.count() > 1 {
            return refuse("42P16", "multiple primary keys for table are not allowed");
        }
        Ok(())
    }

    /// CREATE ... IF NOT EXISTS proves that the object is new only where nothing can be missing from
    /// the catalog.
    pub(super) fn birth_of_new(&self, if_not_exists: bool) -> Birth {
        if if_not_exists && !self.catalog.complete {
            Birth::BEFORE
        } else {
            self.birth()
        }
    }

    /// Puts a new relation in, then its columns (whose expressions refer to it), then its row type.
    pub(super) fn insert_table(&mut self, relation: Relation, columns: Vec<Column>) {
        let oid = relation.oid;
        self.catalog.insert_relation(relation);
        let columns = columns
            .into_iter()
            .map(|column| self.stored_column(column, oid))
            .collect();
        self.catalog
            .edit(oid, |relation| relation.columns = columns);
        self.insert_row_type(oid);
    }

    /// A column as the catalog keeps it.
    pub(super) fn stored_column(&mut self, mut column: Column, relation: Oid) -> Column {
        self.note_type(&column.ty, relation);
        if let Some(default) = column.default.take() {
            column.default = self.stored_default(&default, &column.ty, relation);
        }
        if let Some(generated) = &mut column.generated {
            generated.expression = self.stored(&generated.expression, relation);
        }
        column
    }

    /// A default as the catalog keeps it: NULL is none at all, except for a domain, where it hides the
    /// domain's own default (`AddRelationNewConstraints` in src/backend/catalog/heap.c).
    pub(super) fn stored_default(
        &mut self,
        default: &Node,
        ty: &Type,
        relation: Oid,
    ) -> Option<Arc<Node>> {
        let user = match ty.base {
            BaseType::User(oid) => self.catalog.user_type(oid),
            BaseType::Builtin(_) | BaseType::Unknown(_) => None,
        };
        let domain = user.is_some_and(|user| matches!(user.kind, UserTypeKind::Domain(_)));
        (domain || !is_null_constant(default)).then(|| self.stored(default, relation))
    }

    /// Every table, view and composite type has a type of its name.
    pub(super) fn insert_row_type(&mut self, relation: Oid) {
        let Some(of) = self.catalog.relation(relation) else {
            return;
        };
        let name = of.name.clone();
        let birth = of.birth;
        let kind = match of.kind {
            RelationKind::CompositeType => UserTypeKind::Composite {
                attributes: of
                    .columns
                    .iter()
                    .map(|column| (column.name.clone(), column.ty.clone()))
                    .collect(),
            },
            _ => UserTypeKind::Row { relation },
        };
        let oid = self.catalog.new_oid();
        self.catalog.insert_type(UserType {
            oid,
            name,
            kind,
            birth,
            extension: None,
        });
    }

    pub(super) fn refuse_type_of_same_name(&self, name: &QualifiedName) -> Outcome {
        if self.catalog.type_oid(name).is_some() {
            return refuse("42710", format!("type \"{}\" already exists", name.name));
        }
        Ok(())
    }

    /// CREATE TABLE ... OF: the columns of the composite type come first.
    fn columns_of_type(&self, stmt: &CreateStmt, spec: &mut TableSpec) {
        let attributes = self
            .type_of_table(stmt)
            .and_then(|oid| self.catalog.user_type(oid));
        let Some(UserTypeKind::Composite { attributes }) = attributes.map(|ty| &ty.kind) else {
            return;
        };
        spec.columns.extend(
            attributes
                .iter()
                .map(|(name, ty)| Column::plain(name.clone(), ty.clone())),
        );
    }

    fn type_of_table(&self, stmt: &CreateStmt) -> Option<Oid> {
        let name = stmt.of_typename.as_ref()?;
        match self.catalog.resolve_type(name, &self.session.settings).base {
            BaseType::User(oid) => Some(oid),
            BaseType::Builtin(_) | BaseType::Unknown(_) => None,
        }
    }

    pub(super) fn set_partition_key(&mut self, oid: Oid, spec: &protobuf::PartitionSpec) {
        let strategy = match spec.strategy() {
            Strategy::Undefined | Strategy::Range => PartitionStrategy::Range,
            Strategy::List => PartitionStrategy::List,
            Strategy::Hash => PartitionStrategy::Hash,
        };
        let mut parts = Vec::new();
        let (mut collations, mut opclasses) = (Vec::new(), Vec::new());
        let last = |names: &[Node]| strings(names).last().map(|name| (*name).to_owned());
        for part in &spec.part_params {
            let Some(NodeEnum::PartitionElem(element)) = &part.node else {
                continue;
            };
            match &element.expr {
                Some(expression) => {
                    parts.push(IndexTarget::Expression(self.stored(expression, oid)));
                }
                None => parts.push(IndexTarget::Column(element.name.clone())),
            }
            collations.push(last(&element.collation));
            opclasses.push(last(&element.opclass));
        }
        self.catalog.edit(oid, |relation| {
            relation.partition_key = Some(PartitionKey {
                strategy,
                parts,
                collations,
                opclasses,
            });
        });
    }

    pub(super) fn create_owned_sequence(
        &mut self,
        spec: &SequenceSpec,
        table: Persistence,
    ) -> Outcome {
        self.make_room(&spec.name)?;
        let oid = self.catalog.new_oid();
        let mut sequence =
            Relation::new(oid, spec.name.clone(), RelationKind::Sequence, self.birth());
        sequence.persistence = match spec.unlogged {
            Some(true) => Persistence::Unlogged,
            Some(false) => Persistence::Permanent,
            // Unlogged sequences came with 15.
            None if table == Persistence::Unlogged && !self.since(15) => Persistence::Permanent,
            None => table,
        };
        sequence.sequence_type = Some(spec.ty.clone().unwrap_or_else(|| Type::builtin("int8")));
        self.catalog.insert_relation(sequence);
        Ok(())
    }

    pub(super) fn own_sequence(
        &mut self,
        name: &QualifiedName,
        table: Oid,
        column: &str,
        identity: bool,
    ) {
        if let Some(oid) = self.catalog.relation_oid(name) {
            let owner = OwnedBy {
                table,
                column: column.to_owned(),
                identity,
            };
            self.catalog
                .edit(oid, |sequence| sequence.owned_by = Some(owner));
        }
    }
}

/// TEMP, UNLOGGED or neither. A name in `pg_temp` is temporary without being told.
pub(super) fn persistence(range_var: &RangeVar, name: &QualifiedName) -> Persistence {
    match range_var.relpersistence.as_str() {
        "t" => Persistence::Temporary,
        _ if name.schema == PG_TEMP => Persistence::Temporary,
        "u" => Persistence::Unlogged,
        _ => Persistence::Permanent,
    }
}

/// FOR VALUES or DEFAULT.
pub fn partition_bound(bound: &protobuf::PartitionBoundSpec) -> PartitionBound {
    if bound.is_default {
        return PartitionBound::Default;
    }
    PartitionBound::Values(Arc::new(pg_query::Node {
        node: Some(NodeEnum::PartitionBoundSpec(bound.clone())),
    }))
}

pub(super) fn refuse_duplicate_columns(columns: &[Column]) -> Outcome {
    for (at, column) in columns.iter().enumerate() {
        if columns[..at].iter().any(|other| other.name == column.name) {
            return refuse(
                "42701",
                format!("column \"{}\" specified more than once", column.name),
            );
        }
    }
    Ok(())
}

/// `AddRelationNewConstraints`: two CHECKs of one statement are never merged.
fn refuse_duplicate_checks(checks: &[CheckSpec], table: &QualifiedName) -> Outcome {
    let mut names = std::collections::BTreeSet::new();
    for name in checks.iter().filter_map(|check| check.name.as_ref()) {
        if !names.insert(name) {
            return refuse(
                "42710",
                format!(
                    "check constraint \"{name}\" of relation \"{}\" already exists",
                    table.name
                ),
            );
        }
    }
    Ok(())
}

/// `CREATE TABLE t OF type (column WITH OPTIONS ...)`: the options go to the type's column.
fn merge_options_of_typed_columns(columns: &mut Vec<Column>) {
    let mut merged: Vec<Column> = Vec::with_capacity(columns.len());
    for column in columns.drain(..) {
        match merged.iter_mut().find(|other| other.name == column.name) {
            Some(typed) => {
                typed.not_null = column.not_null;
                typed.default = column.default;
                typed.generated = column.generated;
            }
            None => merged.push(column),
        }
    }
    *columns = merged;
}

/// The primary key first; the same index asked for twice is made once (`transformIndexConstraints`).
pub(super) fn distinct_indexes(
    indexes: Vec<super::spec::IndexSpec>,
) -> Vec<super::spec::IndexSpec> {
    let (primary, others): (Vec<_>, Vec<_>) = indexes
        .into_iter()
        .partition(super::spec::IndexSpec::is_primary_key);
    let mut distinct = primary;
    for index in others {
        let prior = distinct
            .iter_mut()
            .find(|prior| prior.is_same_definition(&index));
        match prior {
            Some(prior) => {
                prior.unique |= index.unique;
                if prior.name.is_none() {
                    prior.name = index.name;
                }
            }
            None => distinct.push(index),
        }
    }
    distinct
}
