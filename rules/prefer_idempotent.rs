//! Statements that fail when they run a second time, with no transaction to take the first one back.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, ObjectType};

use crate::fix::Fix;
use crate::fix::tokens::Tokens;
use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.in_transaction() {
        return;
    }
    let clause = match cx.node {
        NodeEnum::CreateStmt(stmt) if !stmt.if_not_exists => "IF NOT EXISTS",
        NodeEnum::CreateSeqStmt(stmt) if !stmt.if_not_exists => "IF NOT EXISTS",
        NodeEnum::CreateSchemaStmt(stmt) if !stmt.if_not_exists => "IF NOT EXISTS",
        NodeEnum::CreateExtensionStmt(stmt) if !stmt.if_not_exists => "IF NOT EXISTS",
        NodeEnum::IndexStmt(stmt) if stmt.concurrent && !stmt.if_not_exists => {
            if dropped_before(cx, &stmt.idxname) {
                return;
            }
            "a DROP INDEX CONCURRENTLY IF EXISTS before it (IF NOT EXISTS would keep an invalid index)"
        }
        NodeEnum::IndexStmt(stmt) if !stmt.if_not_exists => "IF NOT EXISTS",
        NodeEnum::DropStmt(stmt) if !stmt.missing_ok => "IF EXISTS",
        NodeEnum::AlterTableStmt(_) => {
            let once = cx.commands().into_iter().any(|command| {
                !command.node.missing_ok
                    && matches!(
                        command.node.subtype(),
                        AlterTableType::AtAddColumn
                            | AlterTableType::AtDropColumn
                            | AlterTableType::AtDropConstraint
                    )
            });
            if !once {
                return;
            }
            "IF EXISTS or IF NOT EXISTS"
        }
        _ => return,
    };
    report.push(
        Finding::new(
            cx.span.clone(),
            "fails when it runs again",
            "when a later statement fails, this one is done already and the migration cannot simply run again",
        )
        .help(format!("a transaction around the migration, or {clause}"))
        .fix(fix(cx)),
    );
}

/// IF [NOT] EXISTS where the grammar has it. What is there already may be something else, so it is not safe.
fn fix(cx: &Context<'_>) -> Option<Fix> {
    let tokens = Tokens::new(cx.text);
    let (keyword, words) = match cx.node {
        NodeEnum::CreateStmt(_) => ("table", "if not exists"),
        NodeEnum::CreateSeqStmt(_) => ("sequence", "if not exists"),
        NodeEnum::CreateSchemaStmt(stmt) if stmt.schema_elts.is_empty() => {
            ("schema", "if not exists")
        }
        NodeEnum::CreateExtensionStmt(_) => ("extension", "if not exists"),
        NodeEnum::IndexStmt(stmt) if !stmt.concurrent && !stmt.idxname.is_empty() => {
            ("index", "if not exists")
        }
        NodeEnum::DropStmt(stmt) => match stmt.remove_type() {
            ObjectType::ObjectTable => ("table", "if exists"),
            ObjectType::ObjectView | ObjectType::ObjectMatview => ("view", "if exists"),
            ObjectType::ObjectSequence => ("sequence", "if exists"),
            ObjectType::ObjectType => ("type", "if exists"),
            ObjectType::ObjectIndex if !stmt.concurrent => ("index", "if exists"),
            _ => return None,
        },
        _ => return None,
    };
    let at = tokens.find_outside(1, keyword)?;
    let change = tokens.word_behind(at, words)?;
    let title = format!("write {}", words.to_ascii_uppercase());
    Some(Fix::unsafe_(title, cx.edits(vec![change])))
}

/// Something above drops what a failed build may have left.
fn dropped_before(cx: &Context<'_>, index: &str) -> bool {
    let text = cx.migration.migration.source.text();
    let above = text
        .get(..cx.span.start)
        .unwrap_or_default()
        .to_ascii_lowercase();
    above.contains("drop index") && above.contains(index)
}
