//! The body of a DO, CREATE FUNCTION or CREATE PROCEDURE statement: its language, and where its text
//! is.

use pg_query::NodeEnum;
use pg_query::protobuf::Node;

use super::variables::Call;
use super::{Block, BodyError, Pl, execute, parser};
use crate::sql::excerpt::Excerpt;
use crate::sql::names;
use crate::sql::scan::{Kind, Scanner, Token};

/// The PL/pgSQL body of a DO, CREATE FUNCTION or CREATE PROCEDURE statement. `text` is the
/// statement's text; all places in the answer count in it.
///
/// # Errors
/// When the statement has no PL/pgSQL body, or the body cannot be understood.
pub fn body(text: &str, node: &NodeEnum) -> Result<Block, BodyError> {
    called_body(text, node, &[])
}

/// [`body`] of a routine that is called with literals: its EXECUTEs may be known then. `arguments` are SQL
/// literals by the names of the parameters.
///
/// # Errors
/// As for [`body`].
pub fn called_body(
    text: &str,
    node: &NodeEnum,
    arguments: &[(String, String)],
) -> Result<Block, BodyError> {
    let routine = routine(node)?;
    if routine.language != "plpgsql" {
        return Err(not_understood(format!(
            "the language is {}, not plpgsql",
            routine.language
        )));
    }
    let excerpt = string_body(text, &routine)?;
    let call = Call {
        parameters: parameters(node),
        arguments,
    };
    parser::parse(&excerpt, &call).or_else(|error| unescaped_play(&excerpt, &call).ok_or(error))
}

/// The commands of a LANGUAGE sql body, be it a string or BEGIN ATOMIC: [`Pl::Sql`] and
/// [`Pl::Invalid`]. RETURN becomes SELECT.
///
/// # Errors
/// When the statement is no routine in SQL.
pub fn sql_body(text: &str, node: &NodeEnum) -> Result<Vec<Pl>, BodyError> {
    let routine = routine(node)?;
    if routine.language != "sql" {
        return Err(not_understood(format!(
            "the language is {}, not sql",
            routine.language
        )));
    }
    let excerpt = match routine.source {
        Some(_) => string_body(text, &routine)?,
        None => inline_body(text)?,
    };
    Ok(execute::commands(&excerpt))
}

/// The names of a routine's parameters.
fn parameters(node: &NodeEnum) -> Vec<String> {
    let NodeEnum::CreateFunctionStmt(statement) = node else {
        return Vec::new();
    };
    let names = statement.parameters.iter().filter_map(|it| match &it.node {
        Some(NodeEnum::FunctionParameter(it)) if !it.name.is_empty() => Some(it.name.clone()),
        _ => None,
    });
    names.collect()
}

struct Routine {
    language: String,
    /// The string after AS, as the parser understood it.
    source: Option<String>,
    is_do: bool,
}

fn not_understood(message: String) -> BodyError {
    BodyError { message, offset: 0 }
}

fn routine(node: &NodeEnum) -> Result<Routine, BodyError> {
    let (options, is_do, has_inline_body) = match node {
        NodeEnum::DoStmt(statement) => (&statement.args, true, false),
        NodeEnum::CreateFunctionStmt(statement) => {
            (&statement.options, false, statement.sql_body.is_some())
        }
        _ => return Err(not_understood("the statement has no body".into())),
    };
    let mut language = None;
    let mut source = None;
    for option in options {
        let Some(NodeEnum::DefElem(option)) = &option.node else {
            continue;
        };
        match option.defname.as_str() {
            "language" => language = option.arg.as_deref().and_then(string),
            "as" => source = option.arg.as_deref().and_then(string),
            _ => {}
        }
    }
    let default = match (is_do, has_inline_body) {
        (true, _) => "plpgsql",
        (false, true) => "sql",
        (false, false) => {
            return language.map_or_else(no_language, |language| {
                Ok(Routine {
                    language,
                    source,
                    is_do,
                })
            });
        }
    };
    Ok(Routine {
        language: language.unwrap_or_else(|| default.to_owned()),
        source,
        is_do,
    })
}

fn no_language() -> Result<Routine, BodyError> {
    Err(not_understood("no language specified".into()))
}

/// A string, or a list that is one string (C functions have two).
fn string(node: &Node) -> Option<String> {
    match node.node.as_ref()? {
        NodeEnum::String(string) => Some(string.sval.clone()),
        NodeEnum::List(list) => match names::parts(&list.items).as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The string with the body: after DO, or after AS of CREATE FUNCTION.
fn string_body(text: &str, routine: &Routine) -> Result<Excerpt, BodyError> {
    let source = routine
        .source
        .as_deref()
        .ok_or_else(|| not_understood("the body is no single string".into()))?;
    let whole = Excerpt::verbatim(text, 0);
    let mut previous: Option<Token> = None;
    let mut depth = 0usize;
    let mut scanner = Scanner::new(text);
    while let Some(token) = scanner.next_code() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Text if depth == 0 => {
                let follows_as = previous.is_some_and(|previous| previous.is(text, "as"));
                let follows_language =
                    previous.is_some_and(|previous| previous.is(text, "language"));
                if follows_as || routine.is_do && !follows_language {
                    return Ok(whole
                        .unquote(token.start..token.end)
                        .filter(|excerpt| excerpt.text() == source)
                        .unwrap_or_else(|| Excerpt::made_up(source, token.start..token.end)));
                }
            }
            _ => {}
        }
        previous = Some(token);
    }
    Ok(Excerpt::made_up(source, 0..text.len()))
}

/// The commands between BEGIN ATOMIC and END, or `RETURN expression`.
fn inline_body(text: &str) -> Result<Excerpt, BodyError> {
    let tokens: Vec<Token> = Scanner::new(text)
        .filter(|token| token.kind != Kind::Comment)
        .collect();
    let is = |at: usize, keyword: &str| tokens.get(at).is_some_and(|t| t.is(text, keyword));
    let atomic = (0..tokens.len()).find(|&at| is(at, "begin") && is(at + 1, "atomic"));
    let last_end = (0..tokens.len()).rfind(|&at| is(at, "end"));
    let inside = match (atomic, last_end) {
        (Some(begin), Some(end)) if end > begin + 1 => tokens[begin + 1].end..tokens[end].start,
        _ => {
            let begin = (0..tokens.len())
                .rfind(|&at| is(at, "return"))
                .ok_or_else(|| not_understood("the body cannot be found".into()))?;
            tokens[begin].start..text.len()
        }
    };
    let mut excerpt = Excerpt::verbatim(text, 0).slice(inside.clone());
    let returns = tokens
        .iter()
        .filter(|token| token.start >= inside.start && token.end <= inside.end)
        .filter(|token| token.is(text, "return"));
    for token in returns {
        excerpt.overwrite(
            token.start - inside.start..token.end - inside.start,
            "SELECT",
        );
    }
    Ok(excerpt)
}

/// Play evolutions write `;;` for a `;` inside a statement.
fn unescaped_play(body: &Excerpt, call: &Call) -> Option<Block> {
    if !body.text().contains(";;") {
        return None;
    }
    let mut plain = body.clone();
    let doubled: Vec<usize> = body.text().match_indices(";;").map(|(at, _)| at).collect();
    for at in doubled {
        plain.overwrite(at..at + 2, "; ");
    }
    parser::parse(&plain, call).ok()
}
