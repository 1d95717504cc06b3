//! Objects that are created or altered without their schema.

use pg_query::NodeEnum;
use pg_query::protobuf::RangeVar;

use crate::fix::Fix;
use crate::lint::wording::ident;
use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(name) = named(cx.node) else {
        return;
    };
    let temporary = name.relpersistence == "t"
        || cx
            .effects
            .locks
            .iter()
            .any(|lock| lock.target.name.schema == "pg_temp");
    if !name.schemaname.is_empty() || temporary {
        return;
    }
    let span = usize::try_from(name.location).map_or(cx.span.clone(), |from| {
        cx.span.start + from..cx.span.start + crate::sql::clause::after_name(cx.text, from)
    });
    report.push(
        Finding::new(
            span,
            "no schema",
            format!(
                "which {} this is depends on the search path of whoever runs the migration",
                name.relname
            ),
        )
        .help(format!("write the schema: public.{}", name.relname))
        .fix(fix(cx, name)),
    );
}

/// The schema that it is in for this migration's search path. Whoever runs it may have another.
fn fix(cx: &Context<'_>, name: &RangeVar) -> Option<Fix> {
    let mut targets = cx.effects.locks.iter().map(|lock| &lock.target.name);
    let target = targets.find(|target| target.name == name.relname)?;
    let at = usize::try_from(name.location).ok()?;
    let schema = ident(&target.schema);
    let title = format!("write {schema}.{}", name.relname);
    (!cx.fails()).then(|| {
        let changes = vec![(at..at, format!("{schema}."))];
        Fix::unsafe_(title, cx.edits(changes))
    })
}

fn named(node: &NodeEnum) -> Option<&RangeVar> {
    match node {
        NodeEnum::CreateStmt(stmt) => stmt.relation.as_ref(),
        NodeEnum::AlterTableStmt(stmt) => stmt.relation.as_ref(),
        NodeEnum::IndexStmt(stmt) => stmt.relation.as_ref(),
        NodeEnum::ViewStmt(stmt) => stmt.view.as_ref(),
        NodeEnum::CreateSeqStmt(stmt) => stmt.sequence.as_ref(),
        NodeEnum::AlterSeqStmt(stmt) => stmt.sequence.as_ref(),
        NodeEnum::CreateTableAsStmt(stmt) => stmt.into.as_ref()?.rel.as_ref(),
        NodeEnum::CreateTrigStmt(stmt) => stmt.relation.as_ref(),
        NodeEnum::RenameStmt(stmt) => stmt.relation.as_ref(),
        _ => None,
    }
}
