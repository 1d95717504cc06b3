//! Names that PostgreSQL cuts.

use crate::catalog::{MAX_NAME_LENGTH, truncate_name};
use crate::fix::Fix;
use crate::lint::{Check, Context, Finding, Report};
use crate::sql::scan::{Kind, Scanner, is_name_byte};

pub const CHECK: Check = Check::Statement(check);

/// Writes what PostgreSQL makes of the name, wherever the statement has it.
fn kept_name(cx: &Context<'_>, long: &str, kept: &str) -> Fix {
    let new = match long.starts_with('"') {
        true => format!("\"{}\"", kept.replace('"', "\"\"")),
        false => kept.to_owned(),
    };
    let same = Scanner::new(cx.text).filter(|token| token.text(cx.text) == long);
    let changes = same.map(|token| (token.start..token.end, new.clone()));
    Fix::safe(
        "write the name as PostgreSQL keeps it",
        cx.edits(changes.collect()),
    )
}

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let makes_names = ["create", "alter", "rename", "set schema", "select into"]
        .iter()
        .any(|word| cx.effects.kind.starts_with(word));
    if !makes_names || !may_have_long_name(cx.text) {
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
            .help(format!("choose a name of at most {MAX_NAME_LENGTH} bytes"))
            .fix(kept_name(cx, text, kept)),
        );
    }
}

/// Any run of letters and digits, or anything between quotes: cheap to ask, and nearly always false.
fn may_have_long_name(text: &str) -> bool {
    let long = |run: &[u8]| run.len() > MAX_NAME_LENGTH;
    let bytes = text.as_bytes();
    bytes.split(|&byte| !is_name_byte(byte)).any(long)
        || bytes.contains(&b'"') && bytes.split(|&byte| byte == b'"').any(long)
}
