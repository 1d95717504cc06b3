//! Effects of CREATE VIEW and REFRESH MATERIALIZED VIEW.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{RefreshMatViewStmt, ViewCheckOption, ViewStmt};

use super::expression::Arguments;
use super::named::Named;
use super::{Collector, LockMode, Reason, created, options, query};
use crate::catalog::builtin::ReloptionKind;
use crate::catalog::{BaseType, Index, IndexTarget, Oid, Relation, RelationKind, Type};

/// Parse analysis of the query locks what it names in AccessShare; a view that is replaced is locked in
/// AccessExclusive (`DefineVirtualRelation` in src/backend/commands/view.c).
pub fn create_view(stmt: &ViewStmt, c: &mut Collector<'_>) {
    let span = c.input.span();
    let Some(name) = &stmt.view else {
        return;
    };
    if let Some(query) = stmt.query.as_ref().and_then(|node| node.node.as_ref()) {
        c.because("the view reads it", |c| {
            query::lock_mentioned(query, c, &span)
        });
        query::refuse_unknown_columns(query, &[], c);
        query::refuse_query(query, Arguments::default(), false, c);
    }
    if c.failed() {
        return;
    }
    if let Some((sqlstate, message)) = view_refusal(stmt, c) {
        c.error(sqlstate, message, span);
        return;
    }
    if let Some(old) = c.input.oid(name) {
        if stmt.replace {
            replace(old, c, &span);
        }
        return;
    }
    if stmt.replace && (!c.input.before.complete || c.input.before.disturbed) {
        c.assume(format!(
            "view {} may be there already: then it is replaced, and its readers wait",
            name.relname
        ));
    }
    created::announce(c, &span);
}

/// What `DefineView` refuses about the options and the names of the columns.
/// `check_option` is `local` or `cascaded`.
pub(super) fn check_option_refusal(list: &[pg_query::Node]) -> Option<(&'static str, String)> {
    let wrong = options::options(list).any(|option| {
        option.name == "check_option"
            && matches!(option.value, options::Value::Text(text)
                if !matches!(text.to_ascii_lowercase().as_str(), "local" | "cascaded"))
    });
    let message = "invalid value for enum option \"check_option\"";
    wrong.then(|| ("22023", message.to_owned()))
}

fn view_refusal(stmt: &ViewStmt, c: &Collector<'_>) -> Option<(&'static str, String)> {
    let checks = options::options(&stmt.options).any(|option| option.name == "check_option")
        || !matches!(
            stmt.with_check_option(),
            ViewCheckOption::NoCheckOption | ViewCheckOption::Undefined
        );
    if checks
        && let Some(NodeEnum::SelectStmt(select)) =
            stmt.query.as_ref().and_then(|node| node.node.as_ref())
        && let Some(reason) = query::not_updatable_query(select, c)
    {
        let message = format!(
            "WITH CHECK OPTION is supported only on automatically updatable views: {reason}"
        );
        return Some(("0A000", message));
    }
    if let Some(given) = query::count_of_columns(stmt.query.as_deref(), c)
        && stmt.aliases.len() > given
    {
        let message = "CREATE VIEW specifies more column names than columns";
        return Some(("42601", message.to_owned()));
    }
    if let Some(refusal) = check_option_refusal(&stmt.options) {
        return Some(refusal);
    }
    stmt.options.iter().find_map(|option| match &option.node {
        Some(NodeEnum::DefElem(option)) => {
            options::reloption_refusal(ReloptionKind::View, option, c.input.version())
        }
        _ => None,
    })
}

fn replace(old: Oid, c: &mut Collector<'_>, span: &Range<usize>) {
    c.lock(old, LockMode::AccessExclusive, span.clone());
    let Some(before) = c.complete_relation(old) else {
        return;
    };
    if before.kind != RelationKind::View {
        let message = format!("\"{}\" is not a view", before.name.name);
        c.error("42809", message, span.clone());
        return;
    }
    if let Some(after) = c.input.after.relation(old)
        && let Some(message) = changed_type(before, after, c)
    {
        c.error("42P16", message, span.clone());
    }
}

/// `checkViewColumns`: a column keeps its type. (Its name and place are the catalog's business.)
fn changed_type(before: &Relation, after: &Relation, c: &Collector<'_>) -> Option<String> {
    let known = |ty: &Type| !matches!(ty.base, BaseType::Unknown(_));
    let mut columns = before.columns.iter().zip(&after.columns);
    let (old, new) = columns.find(|(old, new)| {
        old.name == new.name && known(&old.ty) && known(&new.ty) && old.ty != new.ty
    })?;
    Some(format!(
        "cannot change data type of view column \"{}\" from {} to {}",
        old.name,
        c.input.before.type_display(&old.ty),
        c.input.after.type_display(&new.ty)
    ))
}

/// `ExecRefreshMatView` in src/backend/commands/matview.c.
pub fn refresh(stmt: &RefreshMatViewStmt, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let span = c.input.span();
    let mode = if stmt.concurrent {
        LockMode::Exclusive
    } else {
        LockMode::AccessExclusive
    };
    let reason = Reason::Refresh {
        concurrently: stmt.concurrent,
    };
    let view = match c.named(name, RelationKind::MaterializedView) {
        Named::Known(oid) => oid,
        Named::Unknown(target) => {
            c.lock_target(target.clone(), mode, span.clone());
            let scan = super::WorkKind::Scan;
            c.work_on(target, scan, None, reason, span);
            return;
        }
        Named::Nothing => return,
    };
    c.lock(view, mode, span.clone());
    let Some(relation) = c.relation(view) else {
        return;
    };
    if let Some((sqlstate, message)) = refresh_refusal(stmt, relation, c) {
        c.error(sqlstate, message, span);
        return;
    }
    if !stmt.skip_data {
        c.because("the materialized view's query reads it", |c| {
            query::execute_view(relation, &reason, c, &span)
        });
    }
    if stmt.concurrent {
        c.lock_indexes(view, LockMode::RowExclusive, &span);
        // Compared with the new rows by a full join.
        c.scan(view, reason, span);
        return;
    }
    new_contents(view, stmt.skip_data, &reason, c, &span);
}

/// New storage, and every index built again over it.
fn new_contents(
    view: Oid,
    empty: bool,
    reason: &Reason,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    c.new_storage(view);
    let before = c.input.before;
    for index in before.indexes_of(view) {
        c.lock(index.oid, LockMode::AccessExclusive, span.clone());
        c.index_build(index.oid, reason.clone(), span.clone());
        if !empty {
            c.scan(view, reason.clone(), span.clone());
        }
    }
}

fn refresh_refusal(
    stmt: &RefreshMatViewStmt,
    relation: &Relation,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    let name = &relation.name.name;
    if !relation.complete {
        return None;
    }
    match relation.kind {
        RelationKind::MaterializedView => {}
        RelationKind::Table | RelationKind::PartitionedTable => {
            return Some(("0A000", format!("\"{name}\" is not a materialized view")));
        }
        RelationKind::View
        | RelationKind::Sequence
        | RelationKind::ForeignTable
        | RelationKind::CompositeType => {
            return Some((
                "42809",
                format!("\"{name}\" is not a table or materialized view"),
            ));
        }
    }
    if !stmt.concurrent {
        return None;
    }
    if !relation.populated {
        let message = "CONCURRENTLY cannot be used when the materialized view is not populated";
        return Some(("0A000", message.to_owned()));
    }
    if stmt.skip_data {
        let message = "CONCURRENTLY and WITH NO DATA options cannot be used together";
        return Some(("42601", message.to_owned()));
    }
    let usable = c.input.before.indexes_of(relation.oid).any(is_usable);
    (!usable).then(|| {
        (
            "55000",
            format!("cannot refresh materialized view \"{name}\" concurrently"),
        )
    })
}

/// `is_usable_unique_index`: unique, valid, on all rows and on plain columns only.
fn is_usable(index: &Index) -> bool {
    index.unique
        && index.valid
        && index.predicate.is_none()
        && index
            .keys
            .iter()
            .all(|key| matches!(key.target, IndexTarget::Column(_)))
}
