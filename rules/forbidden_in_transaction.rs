//! What answers 25001 where it stands.

use crate::lint::{Check, Context, Finding, Report};
use crate::session::{OpenedBy, Transaction};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(command) = cx.effects.forbidden_in_transaction else {
        return;
    };
    let Transaction::Open(block) = &cx.session.transaction else {
        return;
    };
    let (who, help) = match block.opened_by {
        OpenedBy::Script => (
            "the script's own BEGIN".to_owned(),
            "put it before the BEGIN or after the COMMIT, or into a migration of its own"
                .to_owned(),
        ),
        OpenedBy::Tool => (
            format!("{} runs this migration in one", tool(cx)),
            crate::fix::recipes::opt_out(cx.migration.layout),
        ),
        OpenedBy::Statement => (
            "a DO block or procedure is one".to_owned(),
            "take it out of the block, into a migration of its own".to_owned(),
        ),
        OpenedBy::Message => (
            "several statements in one message are one transaction".to_owned(),
            "put it into a migration of its own, as the only statement".to_owned(),
        ),
    };
    let finding = Finding::new(
        cx.span.clone(),
        format!("inside a transaction: {who}"),
        format!(
            "the migration fails: {command} cannot run inside a transaction block (SQLSTATE 25001)"
        ),
    )
    .help(help)
    .fix(cx.out_of_transaction());
    report.push(finding);
}

fn tool<'a>(cx: &Context<'a>) -> &'a str {
    match cx.migration.layout {
        "plain" => "the runner",
        layout => layout,
    }
}
