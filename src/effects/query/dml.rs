//! INSERT, UPDATE, DELETE and MERGE: the target, the rows, and what foreign keys, defaults and partitions add.

use std::ops::Range;

use pg_query::protobuf::{
    CmdType, DeleteStmt, InferClause, InsertStmt, MergeStmt, MergeWhenClause, OnConflictAction,
    OverridingKind, RangeVar, ResTarget, SelectStmt, UpdateStmt,
};
use pg_query::{Node, NodeEnum, NodeRef};

use super::access::{self, Shape};
use super::build::{Planner, Wanted};
use super::level::{Count, Level, Rows};
use super::mention::Stage;
use super::referential::{self, Event, NewValue, Value};
use super::{partition, sequences};
use crate::catalog::{Column, ConstraintKind, Oid, Relation, RelationKind};
use crate::effects::named::Named;
use crate::effects::{Collector, DmlCommand, LockMode, Reason, RowBound, WorkKind};

/// The relation that is written, under any updatable views.
enum Written<'q> {
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

pub(super) fn update<'q>(stmt: &'q UpdateStmt, planner: &mut Planner<'q, '_, '_>) {
    let whole = NodeRef::UpdateStmt(stmt);
    planner.with(stmt.with_clause.as_ref(), whole, |planner| {
        let Some(name) = &stmt.relation else {
            return;
        };
        refuse_double_assignment(&stmt.target_list, planner.c);
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
        {
            referential::act_on_referencing(table, Event::Delete, planner.c, &span);
        }
    });
}

pub(super) fn merge<'q>(stmt: &'q MergeStmt, planner: &mut Planner<'q, '_, '_>) {
    let whole = NodeRef::MergeStmt(stmt);
    planner.with(stmt.with_clause.as_ref(), whole, |planner| {
        let Some(name) = &stmt.relation else {
            return;
        };
        let mut level = Level::default();
        let scope = level.add_scope(None);
        planner.target(name, &mut level, scope);
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
        let mode = LockMode::RowExclusive;
        let by_trigger = self
            .c
            .input
            .relation(name)
            .is_some_and(|view| view.kind == RelationKind::View && !view.triggers.is_empty());
        let mode = if by_trigger {
            LockMode::AccessShare
        } else {
            mode
        };
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
fn written<'q>(name: &RangeVar, planner: &mut Planner<'q, '_, '_>) -> Written<'q> {
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

/// Follows views that read one relation only; none when a view is not that simple or has triggers of its own.
fn base_table(oid: Oid, c: &Collector<'_>) -> Option<Oid> {
    let mut oid = oid;
    for _ in 0..32 {
        let relation = c.relation(oid)?;
        if relation.kind != RelationKind::View {
            return Some(oid);
        }
        let mut reads: Vec<Oid> = relation.reads.iter().map(|read| read.relation).collect();
        reads.dedup();
        let [only] = reads.as_slice() else {
            return None;
        };
        if !relation.triggers.is_empty() {
            return None;
        }
        oid = *only;
    }
    None
}

/// The relations under a view that is written: RowExclusive on the table of an updatable view, AccessShare on what
/// any other view reads.
pub(super) fn lock_written_through(view: Oid, c: &mut Collector<'_>, span: &Range<usize>) {
    let Some(relation) = c
        .relation(view)
        .filter(|relation| relation.kind == RelationKind::View)
    else {
        return;
    };
    let because = format!("view {} passes the change on to it", relation.name.name);
    let mode = LockMode::RowExclusive;
    if base_table(view, c).is_none() {
        super::mention::lock_view_reads(view, LockMode::AccessShare, c, span);
        return;
    }
    let mut waiting: Vec<Oid> = relation.reads.iter().map(|read| read.relation).collect();
    while let Some(oid) = waiting.pop() {
        c.because(because.clone(), |c| c.lock(oid, mode, span.clone()));
        if let Some(inner) = c
            .relation(oid)
            .filter(|inner| inner.kind == RelationKind::View && inner.oid != view)
        {
            waiting.extend(inner.reads.iter().map(|read| read.relation));
        }
    }
}

fn rows_written(
    written: &Written<'_>,
    command: DmlCommand,
    bound: RowBound,
    planner: &mut Planner<'_, '_, '_>,
    span: &Range<usize>,
) {
    let reason = Reason::Dml { command, bound };
    let kind = WorkKind::RowsWritten;
    match written {
        Written::Table(table) => {
            planner.c.work(table.oid, kind, reason, span.clone());
            for trigger in &table.triggers {
                planner.c.assume(format!(
                    "what trigger {} of {} runs is not looked into: assumed to touch no other table",
                    trigger.name, table.name
                ));
            }
            if !table.rules.is_empty() {
                rules(table, planner.c, span);
            }
        }
        Written::Unknown(target) => {
            planner
                .c
                .work_on(target.clone(), kind, None, reason, span.clone());
        }
        Written::Nothing => {}
    }
}

/// Rules may read or write what they name.
fn rules(table: &Relation, c: &mut Collector<'_>, span: &Range<usize>) {
    for rule in &table.rules {
        for read in &rule.reads {
            if read.relation == table.oid {
                continue;
            }
            let because = format!("rule {} names it", rule.name);
            c.because(because, |c| {
                c.lock(read.relation, LockMode::RowExclusive, span.clone())
            });
        }
    }
}

/// The columns of an INSERT in the order of its values.
fn written_columns(targets: &[Node], table: &Relation) -> Vec<String> {
    if targets.is_empty() {
        return table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
    }
    targets
        .iter()
        .filter_map(|target| match target.node.as_ref()? {
            NodeEnum::ResTarget(target) => Some(target.name.clone()),
            _ => None,
        })
        .collect()
}

/// The rows that the text shows; for a SELECT one row with what its select list tells.
fn inserted_rows<'q>(
    stmt: &'q InsertStmt,
    select: Option<&'q SelectStmt>,
    table: &Relation,
) -> Vec<Vec<NewValue<'q>>> {
    let mut rows = given_rows(stmt, select, table);
    if stmt.r#override() == OverridingKind::OverridingUserValue {
        for value in rows.iter_mut().flatten() {
            let identity = |column: &crate::catalog::Column| column.identity.is_some();
            if table.column(&value.column).is_some_and(identity) {
                value.value = Value::Default;
            }
        }
    }
    rows
}

fn given_rows<'q>(
    stmt: &'q InsertStmt,
    select: Option<&'q SelectStmt>,
    table: &Relation,
) -> Vec<Vec<NewValue<'q>>> {
    let columns = written_columns(&stmt.cols, table);
    let Some(select) = select else {
        return vec![row(&[], &[], table)];
    };
    if !select.values_lists.is_empty() {
        return select
            .values_lists
            .iter()
            .filter_map(|values| match values.node.as_ref()? {
                NodeEnum::List(values) => Some(row(&columns, &values.items, table)),
                _ => None,
            })
            .collect();
    }
    let plain = select.larg.is_none()
        && select.target_list.iter().all(|target| match &target.node {
            Some(NodeEnum::ResTarget(target)) => !is_star(target.val.as_deref()),
            _ => false,
        });
    if !plain {
        return vec![
            columns
                .into_iter()
                .map(|column| NewValue {
                    column,
                    value: Value::Unknown,
                })
                .chain(defaults(&stmt.cols, table))
                .collect(),
        ];
    }
    let values = select.target_list.iter().map(|target| match &target.node {
        Some(NodeEnum::ResTarget(target)) => target.val.as_deref(),
        _ => None,
    });
    let given: Vec<NewValue<'q>> = columns
        .iter()
        .zip(values)
        .map(|(column, value)| NewValue {
            column: column.clone(),
            value: value.map_or(Value::Unknown, value_of),
        })
        .collect();
    vec![with_defaults(given, table)]
}

fn is_star(value: Option<&Node>) -> bool {
    match value.and_then(|value| value.node.as_ref()) {
        Some(NodeEnum::ColumnRef(column)) => matches!(
            column.fields.last().and_then(|field| field.node.as_ref()),
            Some(NodeEnum::AStar(_))
        ),
        Some(_) => false,
        None => true,
    }
}

/// The columns that an INSERT of unknown values does not name.
fn defaults<'q>(targets: &[Node], table: &Relation) -> Vec<NewValue<'q>> {
    if targets.is_empty() {
        return Vec::new();
    }
    let given = written_columns(targets, table);
    table
        .columns
        .iter()
        .filter(|column| !given.contains(&column.name))
        .map(|column| NewValue {
            column: column.name.clone(),
            value: default_of(column),
        })
        .collect()
}

fn row<'q>(columns: &[String], values: &'q [Node], table: &Relation) -> Vec<NewValue<'q>> {
    let given = columns
        .iter()
        .zip(values)
        .filter(|(_, value)| !matches!(value.node, Some(NodeEnum::SetToDefault(_))))
        .map(|(column, value)| NewValue {
            column: column.clone(),
            value: value_of(value),
        })
        .collect();
    with_defaults(given, table)
}

fn with_defaults<'q>(given: Vec<NewValue<'q>>, table: &Relation) -> Vec<NewValue<'q>> {
    let mut row = given;
    for column in &table.columns {
        if !row.iter().any(|value| value.column == column.name) {
            row.push(NewValue {
                column: column.name.clone(),
                value: default_of(column),
            });
        }
    }
    row
}

fn default_of<'q>(column: &Column) -> Value<'q> {
    if column.default.is_some() || column.identity.is_some() || column.generated.is_some() {
        Value::Default
    } else {
        Value::Null
    }
}

fn value_of(value: &Node) -> Value<'_> {
    match &value.node {
        Some(NodeEnum::AConst(constant)) if constant.isnull => Value::Null,
        Some(NodeEnum::TypeCast(cast)) => match cast.arg.as_deref().map(value_of) {
            Some(Value::Null) => Value::Null,
            _ => Value::Known(value),
        },
        Some(NodeEnum::AConst(_)) => Value::Known(value),
        _ => Value::Unknown,
    }
}

/// Partitions that the rows go to, sequences that number them, and their foreign keys.
fn new_rows(
    table: &Relation,
    rows: &[Vec<NewValue<'_>>],
    planner: &mut Planner<'_, '_, '_>,
    span: &Range<usize>,
) {
    let c = &mut *planner.c;
    if table.kind == RelationKind::PartitionedTable {
        for row in rows {
            route(table, row, c, span);
        }
    }
    for row in rows {
        for value in row {
            if matches!(value.value, Value::Default) {
                sequences::lock_default(table, &value.column, c, span);
            }
        }
    }
    referential::check_referenced(table, rows, c, span);
}

fn route(table: &Relation, row: &[NewValue<'_>], c: &mut Collector<'_>, span: &Range<usize>) {
    let known: Vec<(&str, &Node)> = row
        .iter()
        .filter_map(|value| match value.value {
            Value::Known(node) => Some((value.column.as_str(), node)),
            Value::Null | Value::Unknown | Value::Default => None,
        })
        .collect();
    for partition in partition::routed(table, &known, c.input.before) {
        c.because("a new row goes into it, or may", |c| {
            c.lock(partition.oid, LockMode::RowExclusive, span.clone())
        });
    }
}

/// SET: foreign keys of the columns that are set, those that reference them, and partitions that rows move to.
fn changed_rows<'q>(
    targets: &'q [Node],
    name: &RangeVar,
    planner: &mut Planner<'q, '_, '_>,
    span: &Range<usize>,
) {
    let Written::Table(table) = written(name, planner) else {
        return;
    };
    let row: Vec<NewValue<'q>> = targets
        .iter()
        .filter_map(|target| match target.node.as_ref()? {
            NodeEnum::ResTarget(target) if keeps_value(target) => None,
            NodeEnum::ResTarget(target) => Some(NewValue {
                column: target.name.clone(),
                value: target.val.as_deref().map_or(Value::Unknown, value_of),
            }),
            _ => None,
        })
        .collect();
    let columns: Vec<String> = row.iter().map(|value| value.column.clone()).collect();
    let c = &mut *planner.c;
    for target in targets {
        if let Some(NodeEnum::ResTarget(target)) = &target.node
            && let Some(NodeEnum::SetToDefault(_)) =
                target.val.as_ref().and_then(|value| value.node.as_ref())
        {
            sequences::lock_default(table, &target.name, c, span);
        }
    }
    if moves_between_partitions(table, &columns) {
        route(table, &row, c, span);
    }
    referential::act_on_referencing(table, Event::Update(&columns), c, span);
    referential::check_referenced(table, &[row], c, span);
}

/// `SET k = k`: foreign keys compare the old key with the new one.
fn keeps_value(target: &ResTarget) -> bool {
    match target.val.as_ref().and_then(|value| value.node.as_ref()) {
        Some(NodeEnum::ColumnRef(column)) => match column.fields.as_slice() {
            [name] => crate::effects::node::string(name) == Some(&target.name),
            _ => false,
        },
        _ => false,
    }
}

fn moves_between_partitions(table: &Relation, columns: &[String]) -> bool {
    table.partition_key.as_ref().is_some_and(|key| {
        key.parts.iter().any(|part| match part {
            crate::catalog::IndexTarget::Column(column) => columns.contains(column),
            crate::catalog::IndexTarget::Expression(_) => true,
        })
    })
}

/// COPY FROM: rows of which nothing is known.
pub(super) fn copied_rows<'q>(
    table: &'q Relation,
    columns: &[String],
    planner: &mut Planner<'q, '_, '_>,
    span: &Range<usize>,
) {
    let row: Vec<NewValue<'_>> = if columns.is_empty() {
        table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect()
    } else {
        columns.to_vec()
    }
    .into_iter()
    .map(|column| NewValue {
        column,
        value: Value::Unknown,
    })
    .collect();
    let given: Vec<String> = row.iter().map(|value| value.column.clone()).collect();
    let omitted: Vec<String> = table
        .columns
        .iter()
        .map(|column| column.name.clone())
        .filter(|column| !given.contains(column))
        .collect();
    let c = &mut *planner.c;
    if table.kind == RelationKind::PartitionedTable {
        route(table, &[], c, span);
    }
    for column in omitted {
        sequences::lock_default(table, &column, c, span);
    }
    referential::check_referenced(table, &[row], c, span);
}
