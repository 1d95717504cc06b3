//! ADD COLUMN ... GENERATED ALWAYS AS (...) STORED, and SET EXPRESSION of such a column.

use crate::effects::{Reason, WorkKind};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        matches!(
            work.reason,
            Reason::GeneratedStored { .. } | Reason::SetExpression { .. }
        )
    });
    for cause in causes {
        let (column, what) = match &cause.work.reason {
            Reason::GeneratedStored { column } => (column, "is computed for every existing row"),
            Reason::SetExpression { column } => (column, "is computed again for every row"),
            _ => continue,
        };
        let relation = cx.subject(cause.work);
        let table = short_name(&relation.name);
        let rewritten = cause
            .at
            .iter()
            .any(|at| cx.effects.work[*at].kind == WorkKind::Rewrite);
        let reads = if rewritten {
            "is rewritten with all its indexes"
        } else {
            "is read from end to end"
        };
        let virtual_form = if cx.version().major() >= 18 {
            "a VIRTUAL column costs nothing; or "
        } else {
            ""
        };
        let finding = Finding::new(
            cause.work.span.clone(),
            format!("{column} {what}"),
            format!("{table} {reads} while its reads and writes wait"),
        )
        .help(format!(
            "{virtual_form}use a plain column that a trigger keeps for new rows and batches fill for old ones, or a view that computes it"
        ))
        .about(&relation.name);
        report.push_about(cause.at, finding);
    }
}
