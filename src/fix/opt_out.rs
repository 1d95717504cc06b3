//! How a migration tool is told not to open a transaction, written into the files. `src/project/layouts/` has each tool's
//! grammar and where it was read; [`crate::lint::recipes::opt_out`] says the same in words.

use super::Edit;
use super::place::{Top, line_end};
use crate::lint::Context;
use crate::project::{Direction, TransactionMode, layouts::markers};
use crate::sql::parse_script;

/// The edits, and what the script is then run as.
pub struct OptOut {
    pub edits: Vec<Edit>,
    pub leaves: TransactionMode,
}

/// The opt-out for the script of a statement. None where the tool has none that an edit could write, or where it would
/// count for the other direction too and be wrong there.
pub fn of(cx: &Context<'_>, top: &Top<'_>) -> Option<OptOut> {
    let migration = cx.migration.migration;
    let source = &migration.source;
    let text = source.text();
    let marked = text.starts_with('\u{feff}');
    let end = line_end(text);
    let at_head = |line: &str| {
        let bom = if marked { '\u{feff}'.len_utf8() } else { 0 };
        vec![Edit::insert(source, bom, format!("{line}{end}"))]
    };
    let (edits, leaves) = match cx.migration.layout {
        "dbmate" => (
            vec![at_line_end(cx, top, " transaction:false", |line, next| {
                next == top.script.range.start
                    && line.starts_with("--")
                    && line.contains("migrate:")
            })?],
            TransactionMode::Message,
        ),
        "sql-migrate" => {
            let marker = match migration.direction {
                Direction::Up => "-- +migrate Up",
                Direction::Down => "-- +migrate Down",
            };
            let is_marker = |line: &str, _| line.starts_with(marker);
            let edit = at_line_end(cx, top, " notransaction", is_marker)?;
            (vec![edit], TransactionMode::None)
        }
        // Both count for the whole file.
        "goose" => {
            let down = other_way(cx, |line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                line.starts_with("--")
                    && words
                        .join(" ")
                        .to_ascii_lowercase()
                        .trim_start_matches(['-', ' '])
                        == "+goose down"
            });
            (!marked && down).then_some(())?;
            (at_head("-- +goose NO TRANSACTION"), TransactionMode::None)
        }
        "tern" => {
            let down = other_way(cx, |line| {
                line.contains("---- create above / drop below ----")
            });
            (!marked && down && end == "\n").then_some(())?;
            (at_head("---- tern: disable-tx ----"), TransactionMode::None)
        }
        "atlas" => (atlas(cx, at_head)?, TransactionMode::None),
        "liquibase" => {
            (migration.direction == Direction::Up).then_some(())?;
            let edit = at_line_end(cx, top, " runInTransaction:false", |line, next| {
                let lower = line.to_ascii_lowercase();
                next == top.script.range.start
                    && lower.contains("changeset")
                    && !lower.contains("runintransaction")
            })?;
            (vec![edit], TransactionMode::None)
        }
        "sqlx" => {
            (!marked).then_some(())?;
            (at_head("-- no-transaction"), TransactionMode::Message)
        }
        "postgres-migrations" => (
            at_head("-- postgres-migrations disable-transaction"),
            TransactionMode::Message,
        ),
        "prairielearn" => (
            at_head("-- prairielearn:migrations NO TRANSACTION"),
            TransactionMode::Message,
        ),
        "morph" => {
            (!marked).then_some(())?;
            (
                at_head("-- morph:nontransactional"),
                TransactionMode::Message,
            )
        }
        "graphile-migrate" => {
            let at = after_headers(text);
            let line = format!("--! no-transaction{end}");
            (
                vec![Edit::insert(source, at, line)],
                TransactionMode::Message,
            )
        }
        "diesel" => (
            vec![setting(cx, "run_in_transaction", " = ", true)?],
            TransactionMode::Message,
        ),
        "flyway" => (
            vec![setting(cx, "executeInTransaction", "=", false)?],
            TransactionMode::None,
        ),
        _ => return None,
    };
    Some(OptOut { edits, leaves })
}

/// Words at the end of the marker line above the script: the nearest line before it that is one. The test is given the
/// line and where the next one starts.
fn at_line_end(
    cx: &Context<'_>,
    top: &Top<'_>,
    words: &str,
    is_marker: impl Fn(&str, usize) -> bool,
) -> Option<Edit> {
    let source = &cx.migration.migration.source;
    let text = source.text();
    let above = text.get(..top.script.range.start)?;
    let line = markers::lines(above)
        .filter(|line| is_marker(&text[line.clone()], line.end))
        .last()?;
    let content = text[line.clone()].trim_end();
    Some(Edit::insert(source, line.start + content.len(), words))
}

/// Whether the other direction of the file is one statement at most, which needs no transaction of the tool.
fn other_way(cx: &Context<'_>, is_marker: impl Fn(&str) -> bool) -> bool {
    let migration = cx.migration.migration;
    let source = &migration.source;
    let text = source.text();
    let marker = markers::lines(text).find(|line| is_marker(text[line.clone()].trim_end()));
    let Some(marker) = marker else {
        return true;
    };
    let other = match migration.direction {
        Direction::Up => marker.end..text.len(),
        Direction::Down => 0..marker.start,
    };
    parse_script(source, other).statements.len() <= 1
}

/// The directives at the head of an Atlas file end at the first line that is none.
fn atlas(cx: &Context<'_>, at_head: impl Fn(&str) -> Vec<Edit>) -> Option<Vec<Edit>> {
    let source = &cx.migration.migration.source;
    let text = source.text();
    let end = line_end(text);
    let head = text.trim_start_matches('\u{feff}');
    let comments = head
        .lines()
        .take_while(|line| line.trim().is_empty() || line.trim_start().starts_with("--"));
    let mut directives = comments
        .filter_map(|line| line.trim().strip_prefix("--"))
        .filter(|comment| comment.trim_start().starts_with("atlas:"));
    // `txmode file`, `txtar` and the like: somebody has decided already.
    if directives.any(|it| it.contains("txmode") || it.contains("txtar")) {
        return None;
    }
    let first_is_directive = head.starts_with("-- atlas:");
    Some(match first_is_directive {
        true => at_head("-- atlas:txmode none"),
        false => at_head(&format!("-- atlas:txmode none{end}")),
    })
}

/// Where the first line stands that is no header of graphile-migrate (`--! Previous: ...`) and not empty.
fn after_headers(text: &str) -> usize {
    let is_header = |line: &str| {
        let name = line.strip_prefix("--!").map(str::trim_start);
        line.trim().is_empty() || name.is_some_and(|it| it.starts_with(char::is_uppercase))
    };
    let bom = text.len() - text.trim_start_matches('\u{feff}').len();
    markers::lines(text)
        .find(|line| !is_header(text[line.clone()].trim_start_matches('\u{feff}')))
        .map_or(text.len(), |line| line.start.max(bom))
}

/// `key = false` in the settings file of the migration, which may not be there yet.
fn setting(cx: &Context<'_>, key: &str, equals: &str, toml: bool) -> Option<Edit> {
    let settings = cx.migration.migration.settings.as_ref()?;
    let text = settings.text();
    let line = markers::lines(text).find(|line| text[line.clone()].trim_start().starts_with(key));
    let edit = match line {
        Some(line) => {
            let content = text[line.clone()].trim_end().len();
            let new = format!("{key}{equals}false");
            Edit::replace(settings, line.start..line.start + content, new)
        }
        // Keys of the whole file come before the tables of a TOML file.
        None if toml => Edit::insert(settings, 0, format!("{key}{equals}false\n")),
        None => {
            let gap = if text.is_empty() || text.ends_with('\n') {
                ""
            } else {
                "\n"
            };
            Edit::insert(settings, text.len(), format!("{gap}{key}{equals}false\n"))
        }
    };
    Some(edit)
}
