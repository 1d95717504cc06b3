//! What INSERT, UPDATE, DELETE and MERGE refuse about the relation they write and its columns
//! (src/backend/parser/analyze.c, parse_target.c, src/backend/rewrite/rewriteHandler.c).

use std::ops::Range;

use pg_query::protobuf::{
    CmdType, InsertStmt, MergeStmt, MergeWhenClause, OverridingKind, RangeVar, SelectStmt,
    SetOperation, UpdateStmt,
};
use pg_query::{Node, NodeEnum, NodeRef};

use super::mention::Stage;
use super::replication;
use crate::catalog::builtin::{self, FunctionKind};
use crate::catalog::query::Reader;
use crate::catalog::{Column, Identity, Relation, RelationKind};
use crate::effects::expression::{Purpose, analyse_assigned_for};
use crate::effects::{Collector, node};
use crate::sql::walk;

type Refusal = (&'static str, String);

/// Refuses the statement at the top of a query; data-modifying CTEs are not looked into.
pub(super) fn check(query: &NodeEnum, stage: Stage, c: &mut Collector<'_>) {
    if c.failed() || c.input.foreign_names {
        return;
    }
    let (name, command) = match query {
        NodeEnum::InsertStmt(stmt) => (&stmt.relation, CmdType::CmdInsert),
        NodeEnum::UpdateStmt(stmt) => (&stmt.relation, CmdType::CmdUpdate),
        NodeEnum::DeleteStmt(stmt) => (&stmt.relation, CmdType::CmdDelete),
        NodeEnum::MergeStmt(stmt) => (&stmt.relation, CmdType::CmdMerge),
        _ => return,
    };
    let Some(name) = name else {
        return;
    };
    let Some(relation) = target(name, c) else {
        return;
    };
    let refusal = match query {
        NodeEnum::InsertStmt(stmt) => insert(stmt, relation, c),
        NodeEnum::UpdateStmt(stmt) => assignments(&stmt.target_list, relation, c),
        NodeEnum::MergeStmt(stmt) => merge(stmt, relation, c),
        _ => None,
    };
    let refusal = refusal
        .or_else(|| match query {
            NodeEnum::MergeStmt(stmt) if does_nothing(stmt) => None,
            _ => not_writable(relation, command, stage, c),
        })
        .or_else(|| match query {
            NodeEnum::MergeStmt(stmt) if stage >= Stage::Planned => {
                merge_commands(stmt).find_map(|it| replication::refusal(relation, it, c))
            }
            _ => None,
        })
        .or_else(|| match query {
            NodeEnum::InsertStmt(stmt) => inserted_values(stmt, relation, c),
            NodeEnum::UpdateStmt(stmt) => updated_values(stmt, relation, c),
            _ => None,
        });
    if let Some((sqlstate, message)) = refusal {
        let span: Range<usize> = c.name_span(name.location);
        c.error(sqlstate, message, span);
    }
}

/// The values of a single row, each in its column (`transformAssignedExpr`). Rows of several are made of one type first.
fn inserted_values(stmt: &InsertStmt, relation: &Relation, c: &Collector<'_>) -> Option<Refusal> {
    let NodeEnum::SelectStmt(select) = stmt.select_stmt.as_ref()?.node.as_ref()? else {
        return None;
    };
    let [row] = select.values_lists.as_slice() else {
        return None;
    };
    let Some(NodeEnum::List(row)) = &row.node else {
        return None;
    };
    let names = node::target_names(&stmt.cols);
    let columns: Vec<&Column> = match names.is_empty() {
        true => relation.columns.iter().collect(),
        false => names
            .iter()
            .filter_map(|name| relation.column(name))
            .collect(),
    };
    columns
        .into_iter()
        .zip(&row.items)
        .find_map(|(column, value)| assigned(column, value, None, c))
}

fn updated_values(stmt: &UpdateStmt, relation: &Relation, c: &Collector<'_>) -> Option<Refusal> {
    if !stmt.from_clause.is_empty() || stmt.with_clause.is_some() {
        return None;
    }
    stmt.target_list
        .iter()
        .find_map(|target| match &target.node {
            Some(NodeEnum::ResTarget(target)) if target.indirection.is_empty() => {
                let column = relation.column(&target.name)?;
                assigned(column, target.val.as_deref()?, Some(relation), c)
            }
            _ => None,
        })
}

/// What the type of a value is certain to be refused for.
fn assigned(
    column: &Column,
    value: &Node,
    relation: Option<&Relation>,
    c: &Collector<'_>,
) -> Option<Refusal> {
    if matches!(
        value.node.as_ref()?,
        NodeEnum::SetToDefault(_) | NodeEnum::MultiAssignRef(_) | NodeEnum::SubLink(_)
    ) {
        return None;
    }
    let scope = c.input.scope(relation);
    analyse_assigned_for(Purpose::Other, value, &column.ty, &scope)
        .error
        .filter(|(sqlstate, _)| matches!(*sqlstate, "42804" | "22P02" | "22007" | "22003"))
}

fn target<'a>(name: &RangeVar, c: &Collector<'a>) -> Option<&'a Relation> {
    let relation = c.input.relation(name)?;
    relation.complete.then_some(relation)
}

fn insert(stmt: &InsertStmt, relation: &Relation, c: &Collector<'_>) -> Option<Refusal> {
    let names = node::target_names(&stmt.cols);
    if let Some(refusal) = unknown_column(&names, relation).or_else(|| twice(&names)) {
        return Some(refusal);
    }
    let select = match stmt.select_stmt.as_ref()?.node.as_ref()? {
        NodeEnum::SelectStmt(select) => select,
        _ => return None,
    };
    let columns: Vec<&str> = if names.is_empty() {
        relation
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect()
    } else {
        names.clone()
    };
    // `rewriteTargetListIU` ignores a value for GENERATED ALWAYS under OVERRIDING USER VALUE since 13.
    let overrides = match stmt.r#override() {
        OverridingKind::OverridingSystemValue => true,
        OverridingKind::OverridingUserValue => c.input.since(13),
        _ => false,
    };
    if select.values_lists.is_empty() {
        let given = count_of(select, c)?;
        return unequal(given, &columns, !names.is_empty())
            .or_else(|| stored_by_default(columns.iter().take(given), relation, overrides, c));
    }
    let rows: Vec<&[Node]> = select
        .values_lists
        .iter()
        .filter_map(|row| match row.node.as_ref()? {
            NodeEnum::List(row) => Some(row.items.as_slice()),
            _ => None,
        })
        .collect();
    let first = rows.first()?.len();
    if rows.iter().any(|row| row.len() != first) {
        let message = "VALUES lists must all be the same length".to_owned();
        return Some(("42601", message));
    }
    if let Some(refusal) = unequal(first, &columns, !names.is_empty()) {
        return Some(refusal);
    }
    let written = columns
        .iter()
        .enumerate()
        .take(first)
        .filter(|(at, _)| rows.iter().any(|row| !is_default(row.get(*at))))
        .map(|(_, name)| name);
    stored_by_default(written, relation, overrides, c)
}

/// As [`count_of`] for a query that may be none.
pub(in crate::effects) fn count_of_columns(
    query: Option<&Node>,
    c: &Collector<'_>,
) -> Option<usize> {
    match query?.node.as_ref()? {
        NodeEnum::SelectStmt(select) => count_of(select, c),
        _ => None,
    }
}

/// How many columns a query gives, when that is known.
fn count_of(select: &SelectStmt, c: &Collector<'_>) -> Option<usize> {
    let mut reader = Reader::new(c.input.before, c.input.settings());
    reader.query(&NodeEnum::SelectStmt(Box::new(select.clone())), &[]);
    let reading = reader.finish();
    reading.complete.then_some(reading.columns.len())
}

/// `transformInsertRow`
fn unequal(given: usize, columns: &[&str], named: bool) -> Option<Refusal> {
    if given > columns.len() {
        let message = "INSERT has more expressions than target columns";
        return Some(("42601", message.to_owned()));
    }
    (named && given < columns.len()).then(|| {
        let message = "INSERT has more target columns than expressions";
        ("42601", message.to_owned())
    })
}

/// A value for a generated column, or without OVERRIDING for one that is GENERATED ALWAYS AS IDENTITY
/// (`rewriteTargetListIU`).
fn stored_by_default<'n>(
    written: impl Iterator<Item = &'n &'n str>,
    relation: &Relation,
    overrides: bool,
    c: &Collector<'_>,
) -> Option<Refusal> {
    for name in written {
        let column = relation.column(name)?;
        let always = column.identity == Some(Identity::Always) && !overrides;
        if column.generated.is_some() || always {
            let message = format!("cannot insert a non-DEFAULT value into column \"{name}\"");
            return Some((generated_sqlstate(column, c), message));
        }
    }
    None
}

/// `ERRCODE_GENERATED_ALWAYS` is for identity only until 13.
fn generated_sqlstate(column: &Column, c: &Collector<'_>) -> &'static str {
    if column.generated.is_some() && !c.input.since(14) {
        "42601"
    } else {
        "428C9"
    }
}

/// SET of UPDATE, of MERGE and of ON CONFLICT.
fn assignments(targets: &[Node], relation: &Relation, c: &Collector<'_>) -> Option<Refusal> {
    let names = node::target_names(targets);
    if let Some(refusal) = unknown_column(&names, relation).or_else(|| assigned_twice(targets)) {
        return Some(refusal);
    }
    for target in targets {
        let Some(NodeEnum::ResTarget(target)) = &target.node else {
            continue;
        };
        if is_default(target.val.as_deref()) {
            continue;
        }
        let column = relation.column(&target.name)?;
        if column.generated.is_some() || column.identity == Some(Identity::Always) {
            let message = format!("column \"{}\" can only be updated to DEFAULT", target.name);
            return Some((generated_sqlstate(column, c), message));
        }
    }
    None
}

fn merge(stmt: &MergeStmt, relation: &Relation, c: &Collector<'_>) -> Option<Refusal> {
    // `transformMergeStmt` in src/backend/parser/parse_merge.c; views from 17 on.
    let takes = match relation.kind {
        RelationKind::Table | RelationKind::PartitionedTable => relation.rules.is_empty(),
        RelationKind::View => c.input.since(17),
        _ => false,
    };
    if !takes {
        let message = format!(
            "cannot execute MERGE on relation \"{}\"",
            relation.name.name
        );
        return Some(("0A000", message));
    }
    let clauses = stmt.merge_when_clauses.iter();
    clauses
        .filter_map(|clause| match &clause.node {
            Some(NodeEnum::MergeWhenClause(clause)) => Some(clause),
            _ => None,
        })
        .find_map(|clause| merge_clause(clause, relation, c))
}

/// Nothing is asked of a view by MERGE when all it says is DO NOTHING (`error_view_not_updatable`).
pub(super) fn does_nothing(stmt: &MergeStmt) -> bool {
    stmt.merge_when_clauses
        .iter()
        .all(|clause| match &clause.node {
            Some(NodeEnum::MergeWhenClause(clause)) => clause.command_type() == CmdType::CmdNothing,
            _ => false,
        })
}

/// What the WHEN clauses do.
fn merge_commands(stmt: &MergeStmt) -> impl Iterator<Item = CmdType> {
    stmt.merge_when_clauses
        .iter()
        .filter_map(|clause| match &clause.node {
            Some(NodeEnum::MergeWhenClause(clause)) => Some(clause.command_type()),
            _ => None,
        })
}

fn merge_clause(
    clause: &MergeWhenClause,
    relation: &Relation,
    c: &Collector<'_>,
) -> Option<Refusal> {
    match clause.command_type() {
        CmdType::CmdUpdate => assignments(&clause.target_list, relation, c),
        CmdType::CmdInsert => {
            let names = node::target_names(&clause.target_list);
            let all = relation.columns.len();
            unknown_column(&names, relation)
                .or_else(|| twice(&names))
                .or_else(|| {
                    let wanted = if names.is_empty() { all } else { names.len() };
                    (clause.values.len() > wanted).then(|| {
                        let message = "INSERT has more expressions than target columns";
                        ("42601", message.to_owned())
                    })
                })
        }
        _ => None,
    }
}

/// `attnameAttNum`; system columns are none that can be written.
fn unknown_column(names: &[&str], relation: &Relation) -> Option<Refusal> {
    let unknown = names
        .iter()
        .find(|name| relation.column(name).is_none())
        .copied()?;
    let message = format!(
        "column \"{unknown}\" of relation \"{}\" does not exist",
        relation.name.name
    );
    Some(("42703", message))
}

fn twice(names: &[&str]) -> Option<Refusal> {
    let again = names
        .iter()
        .enumerate()
        .find(|(at, name)| names[..*at].contains(name))?;
    Some((
        "42701",
        format!("column \"{}\" specified more than once", again.1),
    ))
}

/// Parts of one column (`a[1] = 1, a[2] = 2`) may be assigned one by one.
fn assigned_twice(targets: &[Node]) -> Option<Refusal> {
    let whole: Vec<&str> = targets
        .iter()
        .filter_map(|target| match target.node.as_ref()? {
            NodeEnum::ResTarget(target) if target.indirection.is_empty() => {
                Some(target.name.as_str())
            }
            _ => None,
        })
        .collect();
    let (_, name) = twice(&whole)?;
    Some((
        "42601",
        name.replace("specified more than once", "is assigned to more than once"),
    ))
}

fn is_default(value: Option<&Node>) -> bool {
    matches!(
        value.and_then(|value| value.node.as_ref()),
        Some(NodeEnum::SetToDefault(_))
    )
}

/// `CheckValidResultRel` in src/backend/executor/execMain.c, and for views `rewriteTargetView`.
fn not_writable(
    relation: &Relation,
    command: CmdType,
    stage: Stage,
    c: &Collector<'_>,
) -> Option<Refusal> {
    let name = &relation.name.name;
    match relation.kind {
        RelationKind::Table | RelationKind::PartitionedTable if stage >= Stage::Planned => {
            replication::refusal(relation, command, c)
        }
        RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable => None,
        RelationKind::View => {
            let reason = not_updatable(relation, c)?;
            let verb = match command {
                CmdType::CmdInsert => "insert into",
                CmdType::CmdUpdate => "update",
                CmdType::CmdDelete => "delete from",
                CmdType::CmdMerge => "merge into",
                _ => return None,
            };
            let message = format!("cannot {verb} view \"{name}\": {reason}");
            Some(("55000", message))
        }
        RelationKind::MaterializedView if stage >= Stage::Planned => Some((
            "42809",
            format!("cannot change materialized view \"{name}\""),
        )),
        RelationKind::Sequence if stage >= Stage::Planned => {
            Some(("42809", format!("cannot change sequence \"{name}\"")))
        }
        RelationKind::MaterializedView | RelationKind::Sequence | RelationKind::CompositeType => {
            None
        }
    }
}

/// `view_query_is_auto_updatable`, for a view without triggers and rules of its own.
fn not_updatable(view: &Relation, c: &Collector<'_>) -> Option<&'static str> {
    if has_instead_trigger(view, event_of(c.input.node)) || !view.rules.is_empty() {
        return None;
    }
    let NodeEnum::SelectStmt(select) = view.query.as_deref()? else {
        return None;
    };
    not_updatable_query(select, c)
}

/// Bit of `tgtype` in src/include/catalog/pg_trigger.h.
pub(super) const INSERT: i32 = 1 << 2;
const DELETE: i32 = 1 << 3;
const UPDATE: i32 = 1 << 4;

/// The events of triggers that a statement sets off; all of them for a statement around it.
pub(super) fn event_of(statement: &NodeEnum) -> i32 {
    match statement {
        NodeEnum::InsertStmt(_) | NodeEnum::CopyStmt(_) => INSERT,
        NodeEnum::UpdateStmt(_) => UPDATE,
        NodeEnum::DeleteStmt(_) => DELETE,
        _ => INSERT | DELETE | UPDATE,
    }
}

/// Whether INSTEAD OF triggers of a view take one of the events.
pub(super) fn has_instead_trigger(view: &Relation, event: i32) -> bool {
    view.triggers
        .iter()
        .any(|trigger| trigger.events & event != 0)
}

/// The relation that rows are written to through a simple view (`view_is_auto_updatable`).
pub(super) fn under_view<'a>(view: &'a Relation, c: &Collector<'a>) -> Option<&'a Relation> {
    let NodeEnum::SelectStmt(select) = view.query.as_deref()? else {
        return None;
    };
    if has_instead_trigger(view, event_of(c.input.node)) || not_updatable_query(select, c).is_some()
    {
        return None;
    }
    match &select.from_clause.first()?.node {
        Some(NodeEnum::RangeVar(name)) => c.input.relation(name),
        _ => None,
    }
}

/// Why rows cannot be written through a view with this query; none also when it is not known.
pub(in crate::effects) fn not_updatable_query(
    select: &SelectStmt,
    c: &Collector<'_>,
) -> Option<&'static str> {
    if !select.distinct_clause.is_empty() {
        return Some("views containing DISTINCT are not automatically updatable");
    }
    if !select.group_clause.is_empty() {
        return Some("views containing GROUP BY are not automatically updatable");
    }
    if select.having_clause.is_some() {
        return Some("views containing HAVING are not automatically updatable");
    }
    if select.larg.is_some() || select.op() != SetOperation::SetopNone && select.rarg.is_some() {
        return Some(
            "views containing UNION, INTERSECT, or EXCEPT are not automatically updatable",
        );
    }
    if select.with_clause.is_some() {
        return Some("views containing WITH are not automatically updatable");
    }
    if select.limit_count.is_some() || select.limit_offset.is_some() {
        return Some("views containing LIMIT or OFFSET are not automatically updatable");
    }
    if select
        .target_list
        .iter()
        .any(|target| aggregates(target, c))
    {
        return Some("views that return aggregate functions are not automatically updatable");
    }
    let [only] = select.from_clause.as_slice() else {
        return Some(
            "views that do not select from a single table or view are not automatically updatable",
        );
    };
    let under = match &only.node {
        Some(NodeEnum::RangeVar(name)) => c.input.relation(name)?,
        _ => {
            return Some(
                "views that do not select from a single table or view are not automatically updatable",
            );
        }
    };
    match under.kind {
        RelationKind::View => not_updatable(under, c),
        RelationKind::MaterializedView | RelationKind::Sequence => Some(
            "views that do not select from a single table or view are not automatically updatable",
        ),
        RelationKind::Table
        | RelationKind::PartitionedTable
        | RelationKind::ForeignTable
        | RelationKind::CompositeType => None,
    }
}

/// A built-in aggregate or a window function outside any subquery.
fn aggregates(target: &Node, c: &Collector<'_>) -> bool {
    let Some(root) = target.node.as_ref() else {
        return false;
    };
    let mut waiting = vec![root.to_ref()];
    while let Some(found) = waiting.pop() {
        match found {
            NodeRef::SubLink(_) | NodeRef::SelectStmt(_) => continue,
            NodeRef::FuncCall(call) => {
                let name = call.funcname.last().and_then(node::string).unwrap_or("");
                let aggregate = builtin::functions(name, c.input.version())
                    .any(|function| function.kind == FunctionKind::Aggregate);
                if call.over.is_some() || aggregate {
                    return true;
                }
            }
            _ => {}
        }
        waiting.extend(walk::children(found));
    }
    false
}
