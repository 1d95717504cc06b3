//! One statement's text to its parse tree, or to the reason why there is none.
//!
//! pg_query decodes trees with prost, which stops at 100 levels unless its feature
//! `no-recursion-limit` is on; Cargo.toml names prost for that alone. The limit here takes its place.

use std::ffi::CString;

use pg_query::NodeEnum;
use pg_query::protobuf::ParseResult;
use prost::Message;

use super::depth;
use super::raw::{self, RawError};

/// The deepest tree that is handed out, in levels of the encoding: one expression in another takes
/// two to eight. Everything that walks a tree may recurse that deeply.
const MAX_NESTING: usize = 1_000;

/// A tree up to here is decoded on the calling thread, whose stack may be as small as 2 MB. prost
/// takes up to 35 kB of stack a level without optimisation and 2 kB with it.
const MAX_NESTING_HERE: usize = if cfg!(debug_assertions) { 32 } else { 300 };

/// A level of the encoding takes at least two bytes: a field's key and its length.
const LEVEL: usize = 2;

/// The stack for decoding any other tree; only what is used of it becomes memory.
const LARGE_STACK: usize = 128 << 20;

/// Why a text has no parse tree.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nested too deeply for the parser, or for [`MAX_NESTING`].
    TooDeep,
    /// The message and the byte offset in the text.
    Syntax(String, usize),
}

/// The tree of the one statement in `text`, which holds no NUL byte.
pub fn parse(text: &str, backslash_escapes: bool) -> Result<Box<NodeEnum>, Refusal> {
    let c_text = c_text(text)?;
    let options = if backslash_escapes {
        raw::BACKSLASH_ESCAPES
    } else {
        0
    };
    let encoded = raw::parse(&c_text, options).map_err(|error| refusal(text, error))?;
    let bytes = encoded.bytes();
    // Most statements are too short to be nested too deeply.
    let nesting = match bytes.len() <= MAX_NESTING_HERE * LEVEL {
        true => 0,
        false => depth::nesting(bytes, MAX_NESTING),
    };
    if nesting > MAX_NESTING {
        return Err(Refusal::TooDeep);
    }
    if nesting <= MAX_NESTING_HERE {
        return decode(encoded.bytes());
    }
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(LARGE_STACK)
            .spawn_scoped(scope, || decode(encoded.bytes()))
            .ok()
            .and_then(|thread| thread.join().ok())
            .unwrap_or(Err(Refusal::TooDeep))
    })
}

/// Parses the text and builds no tree.
pub fn check(text: &str) -> Result<(), Refusal> {
    raw::check(&c_text(text)?).map_err(|error| refusal(text, error))?;
    Ok(())
}

fn c_text(text: &str) -> Result<CString, Refusal> {
    CString::new(text).map_err(|error| Refusal::Syntax(NUL_BYTE.to_owned(), error.nul_position()))
}

/// PostgreSQL has no message for it: such a text cannot even be sent.
pub const NUL_BYTE: &str = "NUL byte";

fn decode(encoded: &[u8]) -> Result<Box<NodeEnum>, Refusal> {
    let refuse = |message: &str| Refusal::Syntax(message.to_owned(), 0);
    let result = ParseResult::decode(encoded)
        .map_err(|error| refuse(&format!("the parse tree cannot be read: {error}")))?;
    let mut statements = result.stmts.into_iter();
    let statement = statements
        .next()
        .and_then(|raw| raw.stmt)
        .and_then(|node| node.node)
        .ok_or_else(|| refuse("no statement"))?;
    if statements.next().is_some() {
        return Err(refuse("several statements where one was expected"));
    }
    Ok(Box::new(statement))
}

fn refusal(text: &str, error: RawError) -> Refusal {
    let too_deep = error.message.starts_with("memory exhausted")
        || error.message.starts_with("stack depth limit exceeded")
        || error.message.contains("nested too deeply");
    if too_deep {
        return Refusal::TooDeep;
    }
    let offset = error.characters.map_or(0, |characters| {
        text.char_indices()
            .nth(characters)
            .map_or(text.len(), |(at, _)| at)
    });
    Refusal::Syntax(shorten(error.message), offset)
}

/// `at or near "..."` may quote the whole rest of the text.
pub fn shorten(message: String) -> String {
    const LONGEST: usize = 160;
    if message.len() <= LONGEST {
        return message;
    }
    let mut short = message[..message.floor_char_boundary(LONGEST)].to_owned();
    short.push_str("...\"");
    short
}

#[cfg(test)]
mod tests {
    use pg_query::NodeEnum;

    use super::{Refusal, check, parse};

    #[test]
    fn a_statement_becomes_its_node() {
        assert!(matches!(
            *parse("CREATE TABLE t (a int);", false).unwrap(),
            NodeEnum::CreateStmt(_)
        ));
    }

    #[test]
    fn an_error_has_its_byte_offset() {
        assert_eq!(
            parse("SELECT 'é' FROM FROM", false).unwrap_err(),
            Refusal::Syntax(r#"syntax error at or near "FROM""#.into(), 17)
        );
        assert_eq!(
            check("INSERT INTO t VALUES ('ü' 1)").unwrap_err(),
            Refusal::Syntax(r#"syntax error at or near "1""#.into(), 27)
        );
    }

    #[test]
    fn a_nul_byte_is_an_error_at_its_place() {
        assert_eq!(
            parse("SELECT \0", false).unwrap_err(),
            Refusal::Syntax("NUL byte".into(), 7)
        );
    }

    #[test]
    fn a_message_that_quotes_everything_is_cut() {
        let text = format!("SELECT 'x' '{}'", "ä".repeat(500));
        let Refusal::Syntax(message, _) = parse(&text, false).unwrap_err() else {
            panic!("no syntax error");
        };
        assert!(message.len() < 200, "{message}");
    }
}
