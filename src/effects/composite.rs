//! ALTER TYPE ... ADD, DROP or ALTER ATTRIBUTE: the tables OF a composite type follow it with CASCADE, and stand in
//! its way without (`find_typed_table_dependencies` in src/backend/commands/tablecmds.c).

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableStmt, AlterTableType, DropBehavior};

use super::type_change;
use super::{Collector, LockMode, Reason, rename};
use crate::catalog::{Oid, Relation};

/// What the statement does besides changing the type itself.
pub fn alter_typed_tables(stmt: &AlterTableStmt, c: &mut Collector<'_>) {
    let Some(composite) = stmt
        .relation
        .as_ref()
        .and_then(|name| c.input.relation(name))
    else {
        return;
    };
    let tables = rename::typed_tables(composite, c);
    if tables.is_empty() {
        return;
    }
    let span = c.input.span();
    for command in &stmt.cmds {
        let Some(NodeEnum::AlterTableCmd(command)) = &command.node else {
            continue;
        };
        if command.behavior() != DropBehavior::DropCascade {
            let message = format!(
                "cannot alter type \"{}\" because it is the type of a typed table",
                composite.name.name
            );
            c.error("2BP01", message, span);
            return;
        }
        for &table in &tables {
            c.because("it is a table of the composite type", |c| {
                c.lock(table, LockMode::AccessExclusive, span.clone())
            });
            if command.subtype() == AlterTableType::AtAlterColumnType {
                retype(composite, table, command, c, &span);
            }
        }
    }
}

/// The column of a typed table changes its type as with ALTER TABLE.
fn retype(
    composite: &Relation,
    table: Oid,
    command: &AlterTableCmd,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let input = c.input;
    let new = input
        .after
        .relation(composite.oid)
        .and_then(|after| after.column(&command.name));
    let (Some(new), Some(relation)) = (new, input.before.relation(table)) else {
        return;
    };
    let Some(column) = relation.column(&command.name) else {
        return;
    };
    let change = type_change::classify(&type_change::Input {
        catalog: input.before,
        settings: input.settings(),
        version: input.version(),
        relation,
        column,
        ty: &new.ty,
        collation: None,
        using: None,
        recursing: true,
        drops: false,
        rewritten: false,
    });
    if let Some((sqlstate, message)) = change.error {
        c.error(sqlstate, message, span.clone());
        return;
    }
    let reason = Reason::TypeChange {
        column: command.name.clone(),
        from: input.before.type_display(&column.ty),
        to: input.after.type_display(&new.ty),
    };
    if change.rewrite {
        c.rewrite(table, &reason, span);
        return;
    }
    for index in change.indexes_redefined {
        c.lock(index, LockMode::AccessExclusive, span.clone());
    }
    for index in change.indexes_rebuilt {
        c.index_build(index, reason.clone(), span.clone());
    }
}
