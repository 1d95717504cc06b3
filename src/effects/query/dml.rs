//! INSERT, UPDATE, DELETE and MERGE: the target, the rows, and what foreign keys, defaults and partitions add.

use std::ops::Range;

use pg_query::protobuf::{
    CmdType, DeleteStmt, InferClause, InsertStmt, MergeStmt, MergeWhenClause, OnConflictAction,
    RangeVar, UpdateStmt,
};
use pg_query::{Node, NodeEnum, NodeRef};

use super::access::{self, Shape};
use super::build::{Planner, Wanted};
use super::level::{Count, Level, Rows};
use super::mention::Stage;
use super::new_rows::{changed_rows, inserted_rows, new_rows, row, rows_written, written_columns};
use super::referential::{self, Event};
use crate::catalog::{ConstraintKind, Oid, Relation, RelationKind};
use crate::effects::key_columns;
use crate::effects::named::Named;
use crate::effects::{Collector, DmlCommand, LockMode, RowBound};

/// The relation that is written, under any updatable views.
pub(super) enum Written<'q> {
    Table(&'q Relation),
    Unknown(crate::effects::Target),
    Nothing,
}

pub(super) fn insert<'q>(stmt: &'q InsertStmt, planner: &mut Planner<'q, '_, '_>) {
    let whole = NodeRef::InsertStmt(stmt);
    planner.with(stmt.with_clause.as_ref(), whole, |planner| {
        let Some(name) = &stmt.relation else {
            return;
        };
        let select = match stmt
            .select_stmt
            .as_ref()
            .and_then(|node| node.node.as_ref())
        {
            Some(NodeEnum::SelectStmt(select)) => Some(select.as_ref()),
            _ => None,
        };
        let count = select.map_or(Count::Few, |select| planner.select(select, Wanted::AllRows));
        let bound = match select {
            _ if count.is_bounded() => RowBound::Bounded,
            Some(select) if select.where_clause.is_none() && select.larg.is_none() => {
                RowBound::Unbounded
            }
            _ => RowBound::Filtered,
        };
        conflict_clause(stmt, planner);
        if let Some(returning) = &stmt.returning_clause {
            planner.sublinks_of(&returning.exprs);
        }
        let written = written(name, planner);
        let span = planner.c.name_span(name.location);
        if let (Written::Table(table), Some(conflict)) = (&written, &stmt.on_conflict_clause) {
            arbiters(table, conflict.infer.as_deref(), planner.c, &span);
        }
        if planner.stage < Stage::Executed {
            return;
        }
        let command = DmlCommand::Insert;
        rows_written(&written, command, bound, planner, &span);
        if let Written::Table(table) = written {
            let rows = inserted_rows(stmt, select, table);
            new_rows(table, &rows, planner, &span);
        }
        if updates_on_conflict(stmt)
            && let Some(conflict) = &stmt.on_conflict_clause
        {
            changed_rows(&conflict.target_list, name, planner, &span);
        }
    });
}

/// `process_matched_tle` in src/backend/rewrite/rewriteHandler.c; elements and fields of one column may be set
/// one by one.
fn refuse_double_assignment(targets: &[Node], c: &mut Collector<'_>) {
    let mut assigned: Vec<&str> = Vec::new();
    for target in targets {
        let Some(NodeEnum::ResTarget(target)) = &target.node else {
            continue;
        };
        if !target.indirection.is_empty() {
            continue;
        }
        if assigned.contains(&target.name.as_str()) {
            let span = c.input.clause(target.location);
            let message = format!("multiple assignments to same column \"{}\"", target.name);
            c.error("42601", message, span);
            return;
        }
        assigned.push(&target.name);
    }
}

fn updates_on_conflict(stmt: &InsertStmt) -> bool {
    stmt.on_conflict_clause
        .as_ref()
        .is_some_and(|clause| clause.action() == OnConflictAction::OnconflictUpdate)
}

fn conflict_clause<'q>(stmt: &'q InsertStmt, planner: &mut Planner<'q, '_, '_>) {
    if let Some(conflict) = &stmt.on_conflict_clause {
        planner.sublinks_below(NodeRef::OnConflictClause(conflict));
    }
}

/// `infer_arbiter_indexes` opens every index of the table, or only that of the constraint that is named.
fn arbiters(
    table: &Relation,
    infer: Option<&InferClause>,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let Some(infer) = infer else {
        return;
    };
    if let Some((sqlstate, message)) = no_arbiter(table, infer, c) {
        c.error(sqlstate, message, span.clone());
        return;
    }
    let mode = LockMode::RowExclusive;
    if infer.conname.is_empty() {
        c.lock_indexes(table.oid, mode, span);
        return;
    }
    let index = table
        .constraint(&infer.conname)
        .and_then(|constraint| match constraint.kind {
            ConstraintKind::PrimaryKey { index }
            | ConstraintKind::Unique { index }
            | ConstraintKind::Exclusion { index } => Some(index),
            ConstraintKind::Check { .. }
            | ConstraintKind::NotNull { .. }
            | ConstraintKind::ForeignKey(_) => None,
        });
    if let Some(index) = index {
        c.lock(index, mode, span.clone());
    }
}

/// The columns must be those of a unique index without a condition, or the constraint must be there. What has
/// expressions or a condition of its own is not looked at.
fn no_arbiter(
    table: &Relation,
    infer: &InferClause,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    if !table.complete {
        return None;
    }
    if !infer.conname.is_empty() {
        let (name, of) = (&infer.conname, &table.name.name);
        return table.constraint(name).is_none().then(|| {
            let message = format!("constraint \"{name}\" for table \"{of}\" does not exist");
            ("42704", message)
        });
    }
    let mut wanted = Vec::new();
    for element in &infer.index_elems {
        match &element.node {
            Some(NodeEnum::IndexElem(element))
                if element.expr.is_none() && infer.where_clause.is_none() =>
            {
                wanted.push(element.name.clone());
            }
            _ => return None,
        }
    }
    if let Some(missing) = wanted.iter().find(|name| table.column(name).is_none()) {
        return Some(("42703", format!("column \"{missing}\" does not exist")));
    }
    wanted.sort();
    wanted.dedup();
    let fits = c.input.before.indexes_of(table.oid).any(|index| {
        let mut columns = key_columns(index);
        let plain = columns.len() == index.keys.len();
        columns.sort();
        index.unique && index.predicate.is_none() && plain && columns == wanted
    });
    (!fits).then(|| {
        let message =
            "there is no unique or exclusion constraint matching the ON CONFLICT specification";
        ("42P10", message.to_owned())
    })
}

pub(super) fn update<'q>(stmt: &'q UpdateStmt, planner: &mut Planner<'q, '_, '_>) {
    let whole = NodeRef::UpdateStmt(stmt);
    planner.with(stmt.with_clause.as_ref(), whole, |planner| {
        let Some(name) = &stmt.relation else {
            return;
        };
        refuse_double_assignment(&stmt.target_list, planner.c);
        if is_prevented(name, CmdType::CmdUpdate, planner.c) {
            return;
        }
        let mut level = Level::default();
        let scope = level.add_scope(None);
        planner.target(name, &mut level, scope);
        planner.add_list(&stmt.from_clause, &mut level, scope, &|_| {
            LockMode::AccessShare
        });
        planner.conditions(stmt.where_clause.as_deref(), &mut level, scope, None);
        planner.sublinks_of(&stmt.target_list);
        if let Some(returning) = &stmt.returning_clause {
            planner.sublinks_of(&returning.exprs);
        }
        let bound = planner.write(&level, DmlCommand::Update);
        if planner.stage < Stage::Executed {
            return;
        }
        let span = planner.c.name_span(name.location);
        let written = written(name, planner);
        rows_written(&written, DmlCommand::Update, bound, planner, &span);
        if !level.never {
            changed_rows(&stmt.target_list, name, planner, &span);
        }
    });
}

pub(super) fn delete<'q>(stmt: &'q DeleteStmt, planner: &mut Planner<'q, '_, '_>) {
    let whole = NodeRef::DeleteStmt(stmt);
    planner.with(stmt.with_clause.as_ref(), whole, |planner| {
        let Some(name) = &stmt.relation else {
            return;
        };
        if is_prevented(name, CmdType::CmdDelete, planner.c) {
            return;
        }
        let mut level = Level::default();
        let scope = level.add_scope(None);
        planner.target(name, &mut level, scope);
        planner.add_list(&stmt.using_clause, &mut level, scope, &|_| {
            LockMode::AccessShare
        });
        planner.conditions(stmt.where_clause.as_deref(), &mut level, scope, None);
        if let Some(returning) = &stmt.returning_clause {
            planner.sublinks_of(&returning.exprs);
        }
        let bound = planner.write(&level, DmlCommand::Delete);
        if planner.stage < Stage::Executed {
            return;
        }
        let span = planner.c.name_span(name.location);
        let written = written(name, planner);
        rows_written(&written, DmlCommand::Delete, bound, planner, &span);
        if !level.never
            && let Written::Table(table) = written
            && !has_no_partitions(table, planner.c)
        {
            referential::act_on_referencing(table, Event::Delete, planner.c, &span);
        }
    });
}

/// A rule DO INSTEAD NOTHING leaves nothing of the statement but the lock on its table.
fn is_prevented(name: &RangeVar, event: CmdType, c: &Collector<'_>) -> bool {
    c.input.relation(name).is_some_and(|table| {
        table.kind == RelationKind::Table
            && (table.rules.iter()).any(|rule| rule.enabled && rule.prevents && rule.event == event)
    })
}

/// A partitioned table without partitions has no rows.
pub(super) fn has_no_partitions(table: &Relation, c: &Collector<'_>) -> bool {
    table.kind == RelationKind::PartitionedTable
        && table.complete
        && c.input.before.children(table.oid).next().is_none()
}

pub(super) fn merge<'q>(stmt: &'q MergeStmt, planner: &mut Planner<'q, '_, '_>) {
    let whole = NodeRef::MergeStmt(stmt);
    planner.with(stmt.with_clause.as_ref(), whole, |planner| {
        let Some(name) = &stmt.relation else {
            return;
        };
        let mut level = Level::default();
        let scope = level.add_scope(None);
        planner.target_of(name, super::targets::does_nothing(stmt), &mut level, scope);
        if let Some(source) = &stmt.source_relation {
            planner.add_item(source, &mut level, scope, &|_| LockMode::AccessShare);
        }
        planner.conditions(stmt.join_condition.as_deref(), &mut level, scope, None);
        for clause in &stmt.merge_when_clauses {
            planner.sublinks(clause);
        }
        if let Some(returning) = &stmt.returning_clause {
            planner.sublinks_of(&returning.exprs);
        }
        planner.write(&level, DmlCommand::Merge);
        if planner.stage < Stage::Executed {
            return;
        }
        let span = planner.c.name_span(name.location);
        let bound = merge_bound(&level);
        let written = written(name, planner);
        rows_written(&written, DmlCommand::Merge, bound, planner, &span);
        for clause in &stmt.merge_when_clauses {
            if let Some(NodeEnum::MergeWhenClause(clause)) = &clause.node {
                merge_action(clause, name, planner, &span);
            }
        }
    });
}

/// The source's rows are what MERGE goes through.
fn merge_bound(level: &Level<'_>) -> RowBound {
    let sources = level.sources.get(1..).unwrap_or_default();
    let limited = sources
        .iter()
        .any(|source| matches!(source.rows, Rows::Planned(count) if count.is_bounded()));
    if limited {
        RowBound::Bounded
    } else if level.conditions.len() > 1 {
        RowBound::Filtered
    } else {
        RowBound::Unbounded
    }
}

fn merge_action<'q>(
    clause: &'q MergeWhenClause,
    name: &RangeVar,
    planner: &mut Planner<'q, '_, '_>,
    span: &Range<usize>,
) {
    match clause.command_type() {
        CmdType::CmdInsert => {
            if let Written::Table(table) = written(name, planner) {
                let columns = written_columns(&clause.target_list, table);
                let rows = vec![row(&columns, &clause.values, table)];
                new_rows(table, &rows, planner, span);
            }
        }
        CmdType::CmdUpdate => changed_rows(&clause.target_list, name, planner, span),
        CmdType::CmdDelete => {
            if let Written::Table(table) = written(name, planner) {
                referential::act_on_referencing(table, Event::Delete, planner.c, span);
            }
        }
        _ => {}
    }
}

impl<'q, 'a: 'q> Planner<'q, '_, 'a> {
    /// The target as the first source of its level. What a view with triggers reads is only read.
    fn target(&mut self, name: &'q RangeVar, level: &mut Level<'q>, scope: usize) {
        self.target_of(name, false, level, scope);
    }

    /// `only_read`: the statement does nothing to the target's rows.
    fn target_of(
        &mut self,
        name: &'q RangeVar,
        only_read: bool,
        level: &mut Level<'q>,
        scope: usize,
    ) {
        let mode = LockMode::RowExclusive;
        let is_read = self.c.input.relation(name).is_some_and(|view| {
            let command = self.c.input.node;
            let event = super::targets::event_of(command);
            view.kind == RelationKind::View
                && (only_read || super::targets::has_instead_trigger(view, event))
        });
        let mode = if is_read { LockMode::AccessShare } else { mode };
        // A CTE's name never means the target.
        let ctes = self.hide_ctes();
        self.relation(name, mode, false, level, scope);
        self.show_ctes(ctes);
    }

    fn write(&mut self, level: &Level<'q>, command: DmlCommand) -> RowBound {
        let outer = self.writing.replace(command);
        let found = access::emit(level, &Shape::default(), self);
        self.writing = outer;
        found.target
    }
}

/// The table under updatable views.
pub(super) fn written<'q>(name: &RangeVar, planner: &mut Planner<'q, '_, '_>) -> Written<'q> {
    let oid = match planner.c.named(name, RelationKind::Table) {
        Named::Known(oid) => oid,
        Named::Unknown(target) => return Written::Unknown(target),
        Named::Nothing => return Written::Nothing,
    };
    let under = base_table(oid, planner.c);
    match under.and_then(|oid| planner.catalog.relation(oid)) {
        Some(table) => Written::Table(table),
        None => match planner.c.target(oid) {
            Some(target) => Written::Unknown(target),
            None => Written::Nothing,
        },
    }
}

/// Follows simple views; none when a view is not that simple or has triggers of its own.
fn base_table(oid: Oid, c: &Collector<'_>) -> Option<Oid> {
    let mut relation = c.relation(oid)?;
    for _ in 0..32 {
        if relation.kind != RelationKind::View {
            return Some(relation.oid);
        }
        relation = super::targets::under_view(relation, c)?;
    }
    None
}

/// The relations under a view that is written: RowExclusive on the table of an updatable view, AccessShare on what
/// else it reads.
pub(super) fn lock_written_through(
    view: Oid,
    command: DmlCommand,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let Some(mut relation) = c
        .relation(view)
        .filter(|relation| relation.kind == RelationKind::View)
    else {
        return;
    };
    // Rows that a trigger takes come from elsewhere: the view is not read.
    if command == DmlCommand::Insert
        && super::targets::has_instead_trigger(relation, super::targets::INSERT)
    {
        return;
    }
    super::mention::lock_view_reads(view, LockMode::AccessShare, c, span);
    if base_table(view, c).is_none() {
        return;
    }
    let because = format!("view {} passes the change on to it", relation.name.name);
    for _ in 0..32 {
        let Some(under) = super::targets::under_view(relation, c) else {
            return;
        };
        c.because(because.clone(), |c| {
            c.lock(under.oid, LockMode::RowExclusive, span.clone())
        });
        relation = under;
    }
}
