//! A statement that must run outside a transaction and shares its migration with others.

use std::ops::Range;

use crate::effects::Effects;
use crate::lint::{Check, Finding, MigrationContext, Report, Severity};

pub const CHECK: Check = Check::Migration(check);

fn check(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let outside =
        |effects: &Effects| effects.forbidden_in_transaction.is_some() && effects.error.is_none();
    if !cx.statements.iter().any(|(_, effects)| outside(effects)) {
        return;
    }
    let source = cx.migration.migration.source.text();
    let counting: Vec<&(Range<usize>, Effects)> = cx
        .statements
        .iter()
        .filter(|(span, effects)| changes_something(effects, source.get(span.clone())))
        .collect();
    let first = counting.iter().position(|(_, effects)| outside(effects));
    let (Some(at), true) = (first, counting.len() > 1) else {
        return;
    };
    let (span, effects) = counting[at];
    let (other, _) = counting[if at == 0 { 1 } else { at - 1 }];
    let command = effects.forbidden_in_transaction.unwrap_or(effects.kind);
    let what = if at == 0 {
        "is not applied if this succeeds and it fails, and cannot be run again together with it"
    } else {
        "is applied already when this fails, and fails when the migration is run again"
    };
    let mut finding = Finding::new(
        span.clone(),
        "outside a transaction, with others in the same migration",
        format!("a failure leaves half of this migration applied: {command} runs outside a transaction"),
    )
    .also(other.clone(), what)
    .help("give it a migration of its own; what must go before it (DROP INDEX CONCURRENTLY IF EXISTS) may stay");
    // Nobody knows whether anything would run plain files in a transaction.
    if cx.migration.layout == "plain" {
        finding = finding.severity(Severity::Note);
    }
    report.push(finding);
}

/// Settings, and what may be run again, do not count.
fn changes_something(effects: &Effects, text: Option<&str>) -> bool {
    let text = text.unwrap_or_default().to_ascii_lowercase();
    let again = text.contains("if exists") || text.contains("if not exists");
    !again
        && !matches!(
            effects.kind,
            "set" | "select" | "show" | "comment" | "transaction control" | "analyze" | "vacuum"
        )
}
