//! B-tree indexes of more than three keys.

use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

const MOST: usize = 3;

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let difference = cx.difference();
    for index in &difference.added_indexes {
        let btree = index.method == "btree" && index.operators.is_empty();
        if !btree || index.keys.len() <= MOST || index.parent.is_some() || cx.fails() {
            continue;
        }
        report.push(
            Finding::new(
                cx.span.clone(),
                format!("{} keys", index.keys.len()),
                format!("{} is large, every write maintains it, and only queries that name its first keys use it", short_name(&index.name)),
            )
            .help(format!("at most {MOST} keys; what is only read from it belongs into INCLUDE")),
        );
    }
}
