//! Names that can only be written in quotes.

use crate::lint::wording::ident;
use crate::lint::{Check, Context, Finding, Report};
use crate::sql::scan::{Kind, Scanner};

pub const CHECK: Check = Check::Statement(check);

/// Reserved words that people name tables and columns after (src/include/parser/kwlist.h).
const RESERVED: [&str; 27] = [
    "all",
    "analyse",
    "analyze",
    "array",
    "asc",
    "check",
    "column",
    "constraint",
    "current_user",
    "default",
    "desc",
    "do",
    "end",
    "foreign",
    "from",
    "grant",
    "group",
    "limit",
    "offset",
    "order",
    "primary",
    "references",
    "select",
    "table",
    "to",
    "user",
    "where",
];

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if !cx.effects.kind.starts_with("create") && !cx.effects.kind.starts_with("alter") {
        return;
    }
    let mut seen: Vec<&str> = Vec::new();
    for token in Scanner::new(cx.text) {
        let text = token.text(cx.text);
        let Some(name) = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        else {
            continue;
        };
        let needed = ident(name) != name || RESERVED.contains(&name);
        if token.kind != Kind::QuotedName || !needed || seen.contains(&text) {
            continue;
        }
        seen.push(text);
        report.push(
            Finding::new(
                cx.span.start + token.start..cx.span.start + token.end,
                "cannot be written without quotes",
                format!("every query that names {text} has to quote it"),
            )
            .help("use lower case letters, digits and underscores, and no keyword"),
        );
    }
}
