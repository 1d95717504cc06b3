//! Values that ALTER TYPE ... ADD VALUE brought in this very transaction: using one is error 55P04 until the
//! transaction has committed (`check_safe_enum_use` in src/backend/utils/adt/enum.c).
//!
//! A literal is coerced to the enum when the statement is analysed, so it does not matter whether it runs.

use std::collections::BTreeMap;

use pg_query::protobuf::{
    AExpr, AExprKind, AlterTableCmd, AlterTableType, CaseExpr, ColumnDef, ConstrType, InsertStmt,
    MergeWhenClause, RangeVar, TypeName, UpdateStmt, a_const,
};
use pg_query::{Node, NodeEnum, NodeRef};

use super::{Collector, node, query, types};
use crate::catalog::{BaseType, Oid, Relation, Type, UserTypeKind};
use crate::sql::walk;

/// Reports 55P04 when the statement uses a value that is too new.
pub fn check(c: &mut Collector<'_>) {
    let unsafe_values = unsafe_values(c);
    if unsafe_values.is_empty() {
        return;
    }
    let uses = Uses {
        columns: enum_columns(c),
        values: unsafe_values,
    };
    let found = walk::descendants(c.input.node).find_map(|node| uses.in_node(node, c));
    if let Some((ty, value)) = found {
        let name = c
            .input
            .before
            .user_type(ty)
            .map_or("", |ty| ty.name.name.as_str());
        let message = format!("unsafe use of new value \"{value}\" of enum type {name}");
        c.error("55P04", message, c.input.span());
    }
}

/// The values added in the open transaction. From 17 on those of a type that was created in it are safe.
fn unsafe_values(c: &Collector<'_>) -> Vec<(Oid, String)> {
    let transaction = c.input.session.transaction_id;
    if c.input.before.unsafe_enum_values != Some(transaction) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for ty in c.input.before.user_types() {
        let UserTypeKind::Enum { values } = &ty.kind else {
            continue;
        };
        if c.input.since(17) && ty.birth.transaction == transaction {
            continue;
        }
        let new = values
            .iter()
            .filter(|value| value.added_in == Some(transaction));
        found.extend(new.map(|value| (ty.oid, value.name.clone())));
    }
    found
}

/// The columns of enum types of the relations that the statement names. Where two relations have a column of the
/// same name the enum counts.
fn enum_columns(c: &Collector<'_>) -> BTreeMap<String, Oid> {
    let mut columns = BTreeMap::new();
    for relation in named_relations(c) {
        for column in &relation.columns {
            if let Some(oid) = enum_of(&column.ty) {
                columns.insert(column.name.clone(), oid);
            }
        }
    }
    columns
}

fn named_relations<'a>(c: &Collector<'a>) -> Vec<&'a Relation> {
    let catalog = c.input.before;
    walk::descendants(c.input.node)
        .filter_map(|node| match node {
            NodeRef::RangeVar(name) => catalog.relation(c.input.oid(name)?),
            _ => None,
        })
        .collect()
}

/// An enum, or an array of one.
fn enum_of(ty: &Type) -> Option<Oid> {
    match ty.base {
        BaseType::User(oid) => Some(oid),
        BaseType::Builtin(_) | BaseType::Unknown(_) => None,
    }
}

struct Uses {
    columns: BTreeMap<String, Oid>,
    values: Vec<(Oid, String)>,
}

impl Uses {
    fn in_node(&self, node: NodeRef<'_>, c: &Collector<'_>) -> Option<(Oid, String)> {
        match node {
            NodeRef::TypeCast(cast) => {
                let ty = named_type(cast.type_name.as_ref()?, c)?;
                self.value(ty, cast.arg.as_deref()?)
            }
            NodeRef::AExpr(operator) => self.compared(operator, c),
            NodeRef::CaseExpr(case) => self.case(case),
            NodeRef::ColumnDef(column) => self.default_of(column, c),
            NodeRef::AlterTableCmd(command) => self.command(command),
            NodeRef::UpdateStmt(update) => self.set(update),
            NodeRef::InsertStmt(insert) => self.inserted(insert, c),
            NodeRef::MergeWhenClause(when) => self.merged(when),
            _ => None,
        }
    }

    /// A literal, or a list or array of them, that is taken for a value of this type.
    fn value(&self, ty: Oid, node: &Node) -> Option<(Oid, String)> {
        match node.node.as_ref()? {
            NodeEnum::AConst(constant) => match constant.val.as_ref()? {
                a_const::Val::Sval(text) => self
                    .values
                    .iter()
                    .find(|(of, value)| *of == ty && *value == text.sval)
                    .cloned(),
                _ => None,
            },
            NodeEnum::List(list) => list.items.iter().find_map(|item| self.value(ty, item)),
            NodeEnum::AArrayExpr(array) => {
                array.elements.iter().find_map(|item| self.value(ty, item))
            }
            NodeEnum::CoalesceExpr(list) => list.args.iter().find_map(|item| self.value(ty, item)),
            NodeEnum::CaseExpr(case) => case
                .args
                .iter()
                .filter_map(|arm| match arm.node.as_ref()? {
                    NodeEnum::CaseWhen(when) => when.result.as_deref(),
                    _ => None,
                })
                .chain(case.defresult.as_deref())
                .find_map(|result| self.value(ty, result)),
            _ => None,
        }
    }

    /// The enum type of a column reference.
    fn type_of(&self, node: &Node) -> Option<Oid> {
        match node.node.as_ref()? {
            NodeEnum::ColumnRef(column) => {
                let name = column.fields.last().and_then(node::string)?;
                self.columns.get(name).copied()
            }
            _ => None,
        }
    }

    fn compared(&self, operator: &AExpr, c: &Collector<'_>) -> Option<(Oid, String)> {
        let comparison = matches!(
            operator.kind(),
            AExprKind::AexprOp
                | AExprKind::AexprOpAny
                | AExprKind::AexprOpAll
                | AExprKind::AexprIn
                | AExprKind::AexprDistinct
                | AExprKind::AexprNotDistinct
                | AExprKind::AexprNullif
                | AExprKind::AexprBetween
                | AExprKind::AexprNotBetween
        );
        if !comparison {
            return None;
        }
        let (left, right) = (operator.lexpr.as_deref()?, operator.rexpr.as_deref()?);
        let side = |node: &Node| self.type_of(node).or_else(|| cast_to(node, c));
        side(left)
            .and_then(|ty| self.value(ty, right))
            .or_else(|| side(right).and_then(|ty| self.value(ty, left)))
    }

    /// `CASE x WHEN 'c'`
    fn case(&self, case: &CaseExpr) -> Option<(Oid, String)> {
        let ty = self.type_of(case.arg.as_deref()?)?;
        case.args.iter().find_map(|arm| match arm.node.as_ref()? {
            NodeEnum::CaseWhen(when) => self.value(ty, when.expr.as_deref()?),
            _ => None,
        })
    }

    fn default_of(&self, column: &ColumnDef, c: &Collector<'_>) -> Option<(Oid, String)> {
        let ty = named_type(column.type_name.as_ref()?, c)?;
        column.constraints.iter().find_map(|constraint| {
            let NodeEnum::Constraint(constraint) = constraint.node.as_ref()? else {
                return None;
            };
            (constraint.contype() == ConstrType::ConstrDefault)
                .then(|| self.value(ty, constraint.raw_expr.as_deref()?))
                .flatten()
        })
    }

    fn command(&self, command: &AlterTableCmd) -> Option<(Oid, String)> {
        if command.subtype() != AlterTableType::AtColumnDefault {
            return None;
        }
        let ty = *self.columns.get(&command.name)?;
        self.value(ty, command.def.as_deref()?)
    }

    fn set(&self, update: &UpdateStmt) -> Option<(Oid, String)> {
        self.targets(&update.target_list)
    }

    fn targets(&self, targets: &[Node]) -> Option<(Oid, String)> {
        targets.iter().find_map(|target| {
            let NodeEnum::ResTarget(target) = target.node.as_ref()? else {
                return None;
            };
            let ty = *self.columns.get(&target.name)?;
            self.value(ty, target.val.as_deref()?)
        })
    }

    fn inserted(&self, insert: &InsertStmt, c: &Collector<'_>) -> Option<(Oid, String)> {
        let columns = insert_columns(insert.relation.as_ref()?, &insert.cols, c);
        let NodeEnum::SelectStmt(select) = insert.select_stmt.as_ref()?.node.as_ref()? else {
            return None;
        };
        let rows = select
            .values_lists
            .iter()
            .filter_map(|row| match row.node.as_ref()? {
                NodeEnum::List(row) => Some(row.items.as_slice()),
                _ => None,
            });
        let selected: Vec<Node> = select
            .target_list
            .iter()
            .filter_map(|target| match target.node.as_ref()? {
                NodeEnum::ResTarget(target) => target.val.as_deref().cloned(),
                _ => None,
            })
            .collect();
        let mut rows = rows.chain(std::iter::once(selected.as_slice()));
        rows.find_map(|row| self.row(&columns, row)).or_else(|| {
            let conflict = insert.on_conflict_clause.as_ref()?;
            self.targets(&conflict.target_list)
        })
    }

    fn row(&self, columns: &[String], values: &[Node]) -> Option<(Oid, String)> {
        columns.iter().zip(values).find_map(|(column, value)| {
            let ty = *self.columns.get(column)?;
            self.value(ty, value)
        })
    }

    fn merged(&self, when: &MergeWhenClause) -> Option<(Oid, String)> {
        let columns = owned(node::target_names(&when.target_list));
        self.targets(&when.target_list)
            .or_else(|| self.row(&columns, &when.values))
    }
}

fn named_type(name: &TypeName, c: &Collector<'_>) -> Option<Oid> {
    types::find(&node::strings(&name.names), c).map(|ty| ty.oid)
}

fn cast_to(node: &Node, c: &Collector<'_>) -> Option<Oid> {
    match node.node.as_ref()? {
        NodeEnum::TypeCast(cast) => named_type(cast.type_name.as_ref()?, c),
        _ => None,
    }
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

fn insert_columns(name: &RangeVar, targets: &[Node], c: &Collector<'_>) -> Vec<String> {
    match c.input.relation(name) {
        Some(relation) => query::written_columns(targets, relation),
        None => owned(node::target_names(targets)),
    }
}
