//! Two ALTER TABLE of one table made one.

use std::collections::BTreeSet;
use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableStmt, AlterTableType};

use super::{Edit, Fix};
use crate::lint::MigrationContext;
use crate::sql::scan::{Kind, Scanner};
use crate::sql::{Body, Statement, clause};

/// Joins an ALTER TABLE to the one right before it. None where PostgreSQL, which sorts the parts of one statement into
/// passes (`ATPrepCmd` of tablecmds.c: what is dropped first, then types, new columns, settings, constraints), might
/// come to something else.
pub fn join(cx: &MigrationContext<'_>, first: &Range<usize>, second: &Range<usize>) -> Option<Fix> {
    let source = &cx.migration.migration.source;
    let text = source.text();
    let scripts = cx.migration.migration.scripts.iter();
    let (script, parsed) = scripts
        .zip(cx.migration.scripts)
        .find(|(script, _)| script.range.contains(&first.start))?;
    let at = parsed.statements.iter().position(|it| it.span == *first)?;
    let (before, after) = (&parsed.statements[at], parsed.statements.get(at + 1)?);
    if after.span != *second || script.text.is_some() {
        return None;
    }
    let (one, two) = (alter(before)?, alter(after)?);
    let between = text.get(first.end..second.start)?;
    let only_semicolon = Scanner::new(between).all(|token| token.kind == Kind::Semicolon);
    let same = one.relation
        == two.relation.clone().map(|mut relation| {
            relation.location = one.relation.as_ref().map_or(-1, |it| it.location);
            relation
        });
    if !only_semicolon || !same || one.missing_ok != two.missing_ok || !commute(one, two) {
        return None;
    }
    let statement = text.get(second.clone())?;
    let name = usize::try_from(two.relation.as_ref()?.location).ok()?;
    let head = clause::after_name(statement, name);
    let parts = statement.get(head..)?;
    let start = second.start + head + (parts.len() - parts.trim_start().len());
    let edit = Edit::replace(source, first.end..start, ", ");
    Some(Fix::safe("join it with the ALTER TABLE before", vec![edit]))
}

fn alter(statement: &Statement) -> Option<&AlterTableStmt> {
    let plain = statement.placeholders.is_empty() && statement.filled.is_none();
    match &statement.body {
        Body::Tree(node) if plain => match &**node {
            NodeEnum::AlterTableStmt(stmt) => Some(stmt),
            _ => None,
        },
        _ => None,
    }
}

fn commands(stmt: &AlterTableStmt) -> impl Iterator<Item = &AlterTableCmd> {
    stmt.cmds.iter().filter_map(|node| match &node.node {
        Some(NodeEnum::AlterTableCmd(command)) => Some(command.as_ref()),
        _ => None,
    })
}

/// Only parts of which the order is known not to matter, and none that drops what the first statement names.
fn commute(one: &AlterTableStmt, two: &AlterTableStmt) -> bool {
    let named: BTreeSet<&str> = commands(one).filter_map(name).collect();
    let simple = |command: &AlterTableCmd| {
        matches!(
            command.subtype(),
            AlterTableType::AtAddColumn
                | AlterTableType::AtColumnDefault
                | AlterTableType::AtDropNotNull
                | AlterTableType::AtSetStatistics
                | AlterTableType::AtAddConstraint
                | AlterTableType::AtDropColumn
                | AlterTableType::AtDropConstraint
                | AlterTableType::AtSetRelOptions
        )
    };
    let drops = |command: &AlterTableCmd| {
        matches!(
            command.subtype(),
            AlterTableType::AtDropColumn | AlterTableType::AtDropConstraint
        )
    };
    let all = || commands(one).chain(commands(two));
    // Whether a constraint without a name, or one behind an expression, is about what is dropped is not looked for.
    let adds_constraint = commands(one).any(|it| it.subtype() == AlterTableType::AtAddConstraint);
    let apart = |it: &AlterTableCmd| {
        !adds_constraint && !it.name.is_empty() && !named.contains(it.name.as_str())
    };
    all().all(simple) && commands(two).filter(|it| drops(it)).all(apart)
}

fn name(command: &AlterTableCmd) -> Option<&str> {
    if !command.name.is_empty() {
        return Some(&command.name);
    }
    match command.def.as_ref()?.node.as_ref()? {
        NodeEnum::ColumnDef(column) => Some(&column.colname),
        NodeEnum::Constraint(constraint) => Some(&constraint.conname),
        _ => None,
    }
}
