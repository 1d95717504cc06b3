//! IF NOT EXISTS of something that is there already, and otherwise than the statement describes.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, IndexStmt};

use crate::catalog::{IndexTarget, QualifiedName, Relation};
use crate::lint::parts::listed;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.fails() {
        return;
    }
    match cx.node {
        NodeEnum::CreateStmt(stmt) if stmt.if_not_exists => {
            let old = stmt
                .relation
                .as_ref()
                .and_then(|name| cx.before.lookup_range_var(name, &cx.session.settings))
                .and_then(|oid| cx.before.relation(oid));
            if let Some(old) = old.filter(|old| old.complete) {
                table(old, cx, report);
            }
        }
        NodeEnum::AlterTableStmt(_) => columns(cx, report),
        NodeEnum::IndexStmt(stmt) if stmt.if_not_exists => index(stmt, cx, report),
        _ => {}
    }
}

fn table(old: &Relation, cx: &Context<'_>, report: &mut Report<'_>) {
    let name = short_name(&old.name);
    let missing: Vec<String> = cx
        .declared_columns()
        .iter()
        .filter_map(|column| match old.column(column.name) {
            None => Some(column.name.to_owned()),
            Some(there)
                if there.ty.builtin_name().is_some()
                    && column.ty.builtin_name().is_some()
                    && there.ty != column.ty =>
            {
                Some(format!(
                    "{} as {}",
                    column.name,
                    cx.before.type_display(&column.ty)
                ))
            }
            Some(_) => None,
        })
        .collect();
    if missing.is_empty() {
        return;
    }
    report.push(
        Finding::new(
            cx.span.clone(),
            format!("{name} is there already"),
            format!("nothing happens, and {name} does not get {}: a fresh database has it, this one has not", listed(&missing)),
        )
        .help(format!("change the {name} that is there with ALTER TABLE"))
        .about(&old.name),
    );
}

fn columns(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(table) = cx
        .altered()
        .and_then(|target| cx.before.relation(target.oid?))
    else {
        return;
    };
    let commands = cx.commands();
    for column in cx.declared_columns() {
        let added = commands.iter().any(|command| {
            command.span == column.span
                && command.node.missing_ok
                && command.node.subtype() == AlterTableType::AtAddColumn
        });
        let Some(old) = table.column(column.name).filter(|_| added) else {
            continue;
        };
        let known = old.ty.builtin_name().is_some() && column.ty.builtin_name().is_some();
        if !known || old.ty == column.ty {
            continue;
        }
        let name = short_name(&table.name);
        let (there, wanted) = (
            cx.before.type_display(&old.ty),
            cx.before.type_display(&column.ty),
        );
        report.push(
            Finding::new(
                column.span,
                format!("{} is there already, as {there}", column.name),
                format!(
                    "nothing happens, and {name}.{} stays {there}: a fresh database has {wanted}",
                    column.name
                ),
            )
            .help("change the column that is there, or choose another name")
            .about(&table.name),
        );
    }
}

fn index(stmt: &IndexStmt, cx: &Context<'_>, report: &mut Report<'_>) {
    let table = stmt
        .relation
        .as_ref()
        .and_then(|name| cx.before.lookup_range_var(name, &cx.session.settings))
        .and_then(|oid| cx.before.relation(oid));
    let Some(old) = table.and_then(|table| {
        cx.before.index_named(&QualifiedName::new(
            table.name.schema.clone(),
            crate::catalog::truncate_name(&stmt.idxname),
        ))
    }) else {
        return;
    };
    let wanted: Vec<&str> = stmt
        .index_params
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::IndexElem(element)) => Some(element.name.as_str()),
            _ => None,
        })
        .collect();
    let there: Vec<&str> = old
        .keys
        .iter()
        .map(|key| match &key.target {
            IndexTarget::Column(name) => name.as_str(),
            IndexTarget::Expression(_) => "",
        })
        .collect();
    let same_table = table.is_some_and(|table| table.oid == old.table);
    if same_table && wanted == there && old.unique == stmt.unique {
        return;
    }
    report.push(
        Finding::new(
            cx.span.clone(),
            format!("{} is there already", stmt.idxname),
            format!("nothing happens: {} is there already, over other columns or a table of its own, and stays as it is", stmt.idxname),
        )
        .help("give the new index another name, then drop the old one"),
    );
}
