//! Names that PostgreSQL cuts.

use crate::catalog::{MAX_NAME_LENGTH, truncate_name};
use crate::lint::{Check, Context, Finding, Report};
use crate::sql::scan::{Kind, Scanner};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let makes_names = ["create", "alter", "rename", "set schema", "select into"]
        .iter()
        .any(|word| cx.effects.kind.starts_with(word));
    if !makes_names || cx.text.len() <= MAX_NAME_LENGTH {
        return;
    }
    let mut seen: Vec<&str> = Vec::new();
    for token in Scanner::new(cx.text) {
        let text = token.text(cx.text);
        let name = match token.kind {
            Kind::Word => text.to_owned(),
            Kind::QuotedName if text.starts_with('"') => {
                text.trim_matches('"').replace("\"\"", "\"")
            }
            _ => continue,
        };
        if name.len() <= MAX_NAME_LENGTH || seen.contains(&text) {
            continue;
        }
        seen.push(text);
        let kept = truncate_name(&name);
        report.push(
            Finding::new(
                cx.span.start + token.start..cx.span.start + token.end,
                format!("{} bytes", name.len()),
                format!("the name becomes {kept}: code that asks the catalog for the long one finds nothing"),
            )
            .help(format!("choose a name of at most {MAX_NAME_LENGTH} bytes")),
        );
    }
}
