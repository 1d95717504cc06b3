//! Concurrent index builds on 14, whose first minor versions corrupt them.

use crate::effects::{Reason, WorkKind};
use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.version().major() != 14 {
        return;
    }
    let build = cx.effects.work.iter().find(|work| {
        work.kind == WorkKind::IndexBuild
            && matches!(
                work.reason,
                Reason::CreateIndex { concurrently: true } | Reason::Reindex { concurrently: true }
            )
    });
    if let Some(build) = build {
        let index = build.index.as_deref().unwrap_or("the index");
        report.push(
            Finding::new(
                cx.span.clone(),
                "corrupt on 14.0 to 14.3",
                format!("{index} may miss rows that are updated while it is built, on 14.0 to 14.3: queries then do not find them"),
            )
            .help("upgrade to 14.4 or later first; a suspect index is mended by building it again"),
        );
    }
}
