//! INSERT, UPDATE, DELETE and MERGE (`transformInsertStmt` and its like in src/backend/parser/analyze.c). The columns that
//! are written are the business of `effects::query::targets`.

use std::rc::Rc;

use pg_query::protobuf::{
    CmdType, DeleteStmt, InsertStmt, MergeStmt, MergeWhenClause, RangeVar, ReturningClause,
    SelectStmt, UpdateStmt,
};
use pg_query::{Node, NodeEnum};

use super::Analysis;
use super::names::{Names, Output};
use crate::catalog::{Column, Relation, Type};
use crate::effects::expression::Purpose;
use crate::effects::expression::coerce::{Context, can_coerce};
use crate::effects::expression::types;

impl<'a> Analysis<'a> {
    pub(super) fn insert(&mut self, stmt: &InsertStmt, outer: &Rc<Names>) -> Output {
        let level = self.level(stmt.with_clause.as_ref(), outer);
        let Some(name) = &stmt.relation else {
            return Output::default();
        };
        let relation = self.written(name);
        let source = Rc::new(level);
        let query = stmt
            .select_stmt
            .as_ref()
            .and_then(|node| node.node.as_ref());
        if let Some(NodeEnum::SelectStmt(select)) = query {
            self.inserted(select, stmt, relation, &source);
        }
        let level = self.with_relation(source.with_items(Vec::new(), Vec::new()), name);
        if let Some(conflict) = &stmt.on_conflict_clause {
            let excluded = self.with_relation_as(&level, name, "excluded");
            self.assignments(&conflict.target_list, relation, &excluded);
            self.condition(
                conflict.where_clause.as_deref(),
                &excluded,
                Purpose::Where,
                "WHERE",
            );
        }
        self.returning(stmt.returning_clause.as_ref(), &level)
    }

    /// The rows of INSERT: a single one is held against its columns by `effects::query::targets`.
    fn inserted(
        &mut self,
        select: &SelectStmt,
        stmt: &InsertStmt,
        relation: Option<&Relation>,
        names: &Rc<Names>,
    ) {
        let one_row = select.values_lists.len() == 1;
        if one_row {
            for row in &select.values_lists {
                if let Some(NodeEnum::List(row)) = &row.node {
                    for value in row.items.iter().filter(|value| !is_default(value)) {
                        self.expr(value, names, Purpose::Assigned);
                    }
                }
            }
            return;
        }
        let output = self.select(select, names, false);
        let Some(relation) = relation.filter(|_| output.known && self.error.is_none()) else {
            return;
        };
        let columns: Vec<&Column> = match stmt.cols.is_empty() {
            true => relation.columns.iter().collect(),
            false => {
                let named = stmt.cols.iter().filter_map(|node| match &node.node {
                    Some(NodeEnum::ResTarget(target)) if target.indirection.is_empty() => {
                        relation.column(&target.name)
                    }
                    _ => None,
                });
                named.collect()
            }
        };
        if !stmt.cols.is_empty() && columns.len() != stmt.cols.len() {
            return;
        }
        if output.columns.len() > columns.len() {
            return;
        }
        for (column, (_, ty)) in columns.into_iter().zip(&output.columns) {
            self.assignable(column, ty);
        }
    }

    /// `transformAssignedExpr`
    fn assignable(&mut self, column: &Column, ty: &Type) {
        if types::is_literal(ty) || !self.types.is_known(ty) {
            return;
        }
        if can_coerce(self.types, ty, &column.ty, Context::Assignment) == Some(false) {
            let (wanted, found) = (self.types.display(&column.ty), self.types.display(ty));
            self.fail(
                "42804",
                format!(
                    "column \"{}\" is of type {wanted} but expression is of type {found}",
                    column.name
                ),
            );
        }
    }

    pub(super) fn update(&mut self, stmt: &UpdateStmt, outer: &Rc<Names>) -> Output {
        let level = self.level(stmt.with_clause.as_ref(), outer);
        let Some(name) = &stmt.relation else {
            return Output::default();
        };
        let relation = self.written(name);
        let names = self.with_relation(level, name);
        let names = self.with_from(names, &stmt.from_clause);
        self.condition(
            stmt.where_clause.as_deref(),
            &names,
            Purpose::Where,
            "WHERE",
        );
        let output = self.returning(stmt.returning_clause.as_ref(), &names);
        self.assignments(&stmt.target_list, relation, &names);
        output
    }

    pub(super) fn delete(&mut self, stmt: &DeleteStmt, outer: &Rc<Names>) -> Output {
        let level = self.level(stmt.with_clause.as_ref(), outer);
        let Some(name) = &stmt.relation else {
            return Output::default();
        };
        let names = self.with_relation(level, name);
        let names = self.with_from(names, &stmt.using_clause);
        self.condition(
            stmt.where_clause.as_deref(),
            &names,
            Purpose::Where,
            "WHERE",
        );
        self.returning(stmt.returning_clause.as_ref(), &names)
    }

    pub(super) fn merge(&mut self, stmt: &MergeStmt, outer: &Rc<Names>) -> Output {
        let level = self.level(stmt.with_clause.as_ref(), outer);
        let Some(name) = &stmt.relation else {
            return Output::default();
        };
        let relation = self.written(name);
        let names = self.with_relation(level, name);
        let source: Vec<Node> = stmt
            .source_relation
            .iter()
            .map(|node| (**node).clone())
            .collect();
        let names = self.with_from(names, &source);
        self.condition(
            stmt.join_condition.as_deref(),
            &names,
            Purpose::JoinOn,
            "JOIN/ON",
        );
        for node in &stmt.merge_when_clauses {
            if let Some(NodeEnum::MergeWhenClause(clause)) = &node.node {
                self.merge_clause(clause, relation, &names);
            }
        }
        self.returning(stmt.returning_clause.as_ref(), &names)
    }

    /// Which side a WHEN clause sees is not looked at.
    fn merge_clause(
        &mut self,
        clause: &MergeWhenClause,
        relation: Option<&Relation>,
        names: &Rc<Names>,
    ) {
        self.condition(clause.condition.as_deref(), names, Purpose::Where, "WHEN");
        match clause.command_type() {
            CmdType::CmdUpdate => self.assignments(&clause.target_list, relation, names),
            CmdType::CmdInsert => {
                for value in clause.values.iter().filter(|value| !is_default(value)) {
                    self.expr(value, names, Purpose::Assigned);
                }
            }
            _ => {}
        }
    }

    /// SET: each value in its column (`transformUpdateTargetList`).
    fn assignments(&mut self, targets: &[Node], relation: Option<&Relation>, names: &Rc<Names>) {
        for node in targets {
            let Some(NodeEnum::ResTarget(target)) = &node.node else {
                continue;
            };
            let Some(value) = target.val.as_deref().filter(|value| !is_default(value)) else {
                continue;
            };
            if let Some(NodeEnum::MultiAssignRef(several)) = &value.node {
                if several.colno == 1
                    && let Some(source) = several.source.as_deref()
                    && !matches!(source.node, Some(NodeEnum::SubLink(_)))
                {
                    self.expr(source, names, Purpose::Assigned);
                }
                continue;
            }
            let column = relation.and_then(|relation| relation.column(&target.name));
            match column.filter(|_| target.indirection.is_empty()) {
                Some(column) => {
                    let wanted = self.types.display(&column.ty);
                    self.assigned_to(value, names, Purpose::Assigned, &column.ty, |found| {
                        format!(
                            "column \"{}\" is of type {wanted} but expression is of type {found}",
                            column.name
                        )
                    });
                }
                None => {
                    self.expr(value, names, Purpose::Assigned);
                }
            }
        }
    }

    fn returning(&mut self, clause: Option<&ReturningClause>, names: &Rc<Names>) -> Output {
        let Some(clause) = clause else {
            return Output::default();
        };
        // OLD and NEW are there from 18 on.
        let old = match self.scope.version.major() {
            ..18 => Rc::clone(names),
            _ => Rc::new(names.with_hidden(&["old", "new"])),
        };
        let targets = self.targets(&clause.exprs, &old, Purpose::Returning);
        targets.output()
    }

    fn written(&self, name: &RangeVar) -> Option<&'a Relation> {
        let catalog = self.scope.catalog;
        let oid = catalog.lookup_range_var(name, self.scope.settings)?;
        catalog.relation(oid).filter(|relation| relation.complete)
    }
}

fn is_default(value: &Node) -> bool {
    matches!(value.node, Some(NodeEnum::SetToDefault(_)))
}
