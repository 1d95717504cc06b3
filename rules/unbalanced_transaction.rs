//! BEGIN without COMMIT, COMMIT without BEGIN, BEGIN in BEGIN, transaction control inside the migration tool's
//! transaction.

use pg_query::NodeEnum;
use pg_query::protobuf::TransactionStmtKind as Kind;

use crate::lint::{Check, Context, Finding, MigrationContext, Report, Severity};
use crate::session::{OpenedBy, Transaction};
use crate::sql::{Body, Statement};

pub const CHECK: Check = Check::Both(statement, migration);

fn statement(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::TransactionStmt(stmt) = cx.node else {
        return;
    };
    // PL/pgSQL has rules of its own; AND CHAIN without a transaction is an error already.
    if cx.surroundings.block.is_some() || cx.effects.error.is_some() || cx.reported_before {
        return;
    }
    let opened_by = match &cx.session.transaction {
        Transaction::None => None,
        Transaction::Open(block) => Some(block.opened_by),
    };
    let (label, message, help) = match (stmt.kind(), opened_by) {
        (Kind::TransStmtBegin | Kind::TransStmtStart, Some(OpenedBy::Script)) => (
            "a transaction is open already",
            "this BEGIN does nothing, and the next COMMIT ends the whole transaction: what follows it is not rolled back with the rest".to_owned(),
            "PostgreSQL does not nest transactions: leave the inner BEGIN and COMMIT out, or use SAVEPOINT".to_owned(),
        ),
        (Kind::TransStmtBegin | Kind::TransStmtStart, Some(OpenedBy::Tool)) => (
            "inside the migration tool's transaction",
            format!(
                "{} has opened a transaction: this BEGIN does nothing, and the COMMIT that belongs to it ends the tool's transaction too early",
                tool(cx)
            ),
            "leave BEGIN and COMMIT to the tool".to_owned(),
        ),
        (Kind::TransStmtCommit, Some(OpenedBy::Tool)) if begins_again(cx) => (
            "ends the migration tool's transaction",
            format!(
                "this commits what came before; what follows is in a transaction of its own, which {} then commits: if it fails, half of the migration stays applied",
                tool(cx)
            ),
            "give what follows a migration of its own".to_owned(),
        ),
        (Kind::TransStmtCommit | Kind::TransStmtRollback, Some(OpenedBy::Tool)) => (
            "inside the migration tool's transaction",
            format!(
                "this ends the transaction that {} has opened: what follows, and its note that the migration was applied, are not in it",
                tool(cx)
            ),
            format!(
                "leave transactions to the tool; {}",
                crate::fix::recipes::opt_out(cx.migration.layout)
            ),
        ),
        // `exec_simple_query`: the statements of one message are an implicit transaction block, which COMMIT and
        // ROLLBACK end with a warning (25P01) only (measured 15 and 18).
        (Kind::TransStmtRollback, Some(OpenedBy::Message)) => (
            "no BEGIN, but the statements of one message are a transaction",
            format!(
                "this takes back every statement before it: {} sends them as one message",
                tool(cx)
            ),
            "write BEGIN where the transaction is to begin, or leave it out".to_owned(),
        ),
        // With nothing behind it, the server's warning is all there is.
        (Kind::TransStmtCommit, Some(OpenedBy::Message)) if something_follows(cx) => (
            "no BEGIN, but the statements of one message are a transaction",
            format!(
                "this commits every statement before it: {} sends them as one message, and a failure of what follows leaves half of the migration applied",
                tool(cx)
            ),
            "leave it out; what must be committed first belongs into a migration of its own".to_owned(),
        ),
        (Kind::TransStmtCommit | Kind::TransStmtRollback, None) => (
            "no transaction is open",
            "this does nothing: every statement before it has committed by itself, and a failure leaves half of the migration applied".to_owned(),
            "write BEGIN before the first statement, or leave it out".to_owned(),
        ),
        _ => return,
    };
    let mut finding = Finding::new(cx.span.clone(), label, message).help(help);
    let of_message = opened_by == Some(OpenedBy::Message);
    let only_parted = opened_by == Some(OpenedBy::Tool) && begins_again(cx);
    if stmt.kind() == Kind::TransStmtCommit && (of_message || only_parted) {
        finding = finding.severity(Severity::Warning);
    }
    // The only way out that its users have.
    if cx.migration.layout == "drizzle" {
        finding = finding.severity(Severity::Note);
    }
    report.push(finding);
}

fn following<'a>(cx: &Context<'a>) -> impl Iterator<Item = &'a Statement> + use<'a> {
    let end = cx.span.end;
    let scripts = cx.migration.scripts.iter();
    let statements = scripts.flat_map(|script| &script.statements);
    statements.filter(move |statement| statement.span.start >= end)
}

fn something_follows(cx: &Context<'_>) -> bool {
    following(cx).next().is_some()
}

/// Whether the last statement about transactions that follows is a BEGIN: then one is open when the tool commits.
fn begins_again(cx: &Context<'_>) -> bool {
    let kinds = following(cx).filter_map(|statement| match &statement.body {
        Body::Tree(node) => match &**node {
            NodeEnum::TransactionStmt(stmt) => Some(stmt.kind()),
            _ => None,
        },
        Body::Skimmed(_) | Body::Invalid(_) | Body::Psql(_) => None,
    });
    let last = kinds.last();
    matches!(last, Some(Kind::TransStmtBegin | Kind::TransStmtStart))
}

fn migration(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let Some(begin) = &cx.left_open else {
        return;
    };
    // psql closes its connection behind each file; others write down on theirs that the migration was applied.
    let message = match cx.migration.layout {
        "plain" | "sqitch" => {
            "nothing of this transaction is kept: it is rolled back when the connection closes, and holds its locks until then".to_owned()
        }
        tool => format!(
            "this transaction stays open and holds its locks: what {tool} does next on the connection is a part of it, and nothing is kept unless something there commits"
        ),
    };
    let finding =
        Finding::new(begin.clone(), "no COMMIT follows", message).help("write COMMIT at the end");
    report.push(finding);
}

fn tool<'a>(cx: &Context<'a>) -> &'a str {
    match cx.migration.layout {
        "plain" => "the runner",
        layout => layout,
    }
}
