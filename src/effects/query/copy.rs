//! Effects of COPY.

use std::ops::Range;

use pg_query::protobuf::{CopyStmt, RangeVar};

use super::build::Planner;
use super::mention::Stage;
use super::{new_rows, run};
use crate::catalog::{Oid, Relation, RelationKind};
use crate::effects::named::Named;
use crate::effects::{Collector, LockMode, Reason, WorkKind, node, options};

pub fn copy<'a>(stmt: &'a CopyStmt, c: &mut Collector<'a>) {
    if let Some(query) = stmt.query.as_ref().and_then(|node| node.node.as_ref()) {
        run(query, Stage::Executed, c);
        return;
    }
    let Some(name) = &stmt.relation else {
        return;
    };
    let span = c.name_span(name.location);
    let kind = if stmt.is_from {
        WorkKind::RowsWritten
    } else {
        WorkKind::Scan
    };
    let mode = if stmt.is_from {
        LockMode::RowExclusive
    } else {
        LockMode::AccessShare
    };
    let oid = match c.named(name, RelationKind::Table) {
        Named::Known(oid) => oid,
        Named::Unknown(target) => {
            c.lock_target(target.clone(), mode, span.clone());
            c.work_on(target, kind, None, Reason::Copy, span);
            return;
        }
        Named::Nothing => return,
    };
    if let Some((sqlstate, message)) = refusal(stmt, name, oid, c)
        .or_else(|| unknown_option(stmt, c))
        .or_else(|| unknown_column(stmt, oid, c))
    {
        c.error(sqlstate, message, span);
        return;
    }
    if stmt.is_from {
        c.lock(oid, mode, span.clone());
        from(stmt, oid, c, &span);
    } else {
        to(oid, c, &span);
    }
    c.work(oid, kind, Reason::Copy, span);
}

/// Up to 12 the lock is given back when COPY TO is done, so that nothing is held at its end.
fn to(oid: Oid, c: &mut Collector<'_>, span: &Range<usize>) {
    if c.input.since(13) {
        c.lock(oid, LockMode::AccessShare, span.clone());
    }
}

fn from<'a>(stmt: &'a CopyStmt, oid: Oid, c: &mut Collector<'a>, span: &Range<usize>) {
    let Some(table) = c.input.before.relation(oid) else {
        return;
    };
    let columns = node::strings(&stmt.attlist);
    let mut planner = Planner::new(Stage::Executed, Reason::Copy, span.clone(), c);
    new_rows::copied_rows(table, &columns, &mut planner, span);
}

fn refusal(
    stmt: &CopyStmt,
    name: &RangeVar,
    oid: Oid,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    let relation = c.complete_relation(oid)?;
    let name = &name.relname;
    let wrong = |what: &str| Some(("42809", format!("cannot copy {what} \"{name}\"")));
    if stmt.is_from {
        return match relation.kind {
            RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable => {
                frozen(stmt, relation)
            }
            // With an INSTEAD OF trigger it works.
            RelationKind::View if !relation.triggers.is_empty() => None,
            RelationKind::View => wrong("to view"),
            RelationKind::MaterializedView => wrong("to materialized view"),
            RelationKind::Sequence => wrong("to sequence"),
            RelationKind::CompositeType => wrong("to non-table relation"),
        };
    }
    match relation.kind {
        RelationKind::Table => None,
        RelationKind::View => wrong("from view"),
        RelationKind::MaterializedView if !c.input.since(18) => wrong("from materialized view"),
        RelationKind::MaterializedView if relation.populated => None,
        RelationKind::MaterializedView => Some((
            "0A000",
            format!("cannot copy from unpopulated materialized view \"{name}\""),
        )),
        RelationKind::ForeignTable => wrong("from foreign table"),
        RelationKind::Sequence => wrong("from sequence"),
        RelationKind::PartitionedTable => wrong("from partitioned table"),
        RelationKind::CompositeType => wrong("from non-table relation"),
    }
}

/// COPY FREEZE on a partitioned table.
/// `ProcessCopyOptions`
fn unknown_option(stmt: &CopyStmt, c: &Collector<'_>) -> Option<(&'static str, String)> {
    options::options(&stmt.options).find_map(|option| {
        let since = match option.name {
            "format" => {
                let options::Value::Text(format) = option.value else {
                    return None;
                };
                let known = matches!(format, "text" | "csv" | "binary");
                let message = format!("COPY format \"{format}\" not recognized");
                return (!known).then_some(("22023", message));
            }
            "freeze"
            | "delimiter"
            | "null"
            | "header"
            | "quote"
            | "escape"
            | "force_quote"
            | "force_not_null"
            | "force_null"
            | "convert_selectively"
            | "encoding" => 12,
            "default" => 16,
            "on_error" | "log_verbosity" => 17,
            "reject_limit" => 18,
            _ => u8::MAX,
        };
        let known = since != u8::MAX && c.input.since(since);
        let message = format!("option \"{}\" not recognized", option.name);
        (!known).then_some(("42601", message))
    })
}

/// `CopyGetAttnums`
fn unknown_column(stmt: &CopyStmt, oid: Oid, c: &Collector<'_>) -> Option<(&'static str, String)> {
    let relation = c.complete_relation(oid)?;
    let missing = stmt
        .attlist
        .iter()
        .filter_map(crate::effects::node::string)
        .find(|name| relation.column(name).is_none())?;
    let table = &relation.name.name;
    let message = format!("column \"{missing}\" of relation \"{table}\" does not exist");
    Some(("42703", message))
}

fn frozen(stmt: &CopyStmt, relation: &Relation) -> Option<(&'static str, String)> {
    let freezes = crate::effects::options::is_on(&stmt.options, "freeze");
    (freezes && relation.kind == RelationKind::PartitionedTable).then(|| {
        (
            "0A000",
            "cannot perform COPY FREEZE on a partitioned table".to_owned(),
        )
    })
}
