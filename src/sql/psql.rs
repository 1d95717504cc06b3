//! psql's meta commands (`\connect`, `\set`, `\gexec` ...): where one ends and what it means for the
//! SQL around it. PostgreSQL manual, "psql", section "Meta-Commands".

/// What a meta command does to the statements around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Only output, variables and display.
    Nothing,
    /// Sends the statement before it, like a `;`.
    Sends,
    /// Sends the statement before it and runs what it answers as SQL (`\gexec`).
    SendsAndRuns,
    /// Brings SQL from elsewhere, changes the connection, or decides what is run.
    Matters,
    /// `COPY` from the lines that follow (`\copy t from stdin`); matters as well.
    CopiesInlineData,
}

/// A meta command that starts at a backslash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    pub effect: Effect,
    /// After its arguments; the line break is not included.
    pub end: usize,
}

/// The command whose backslash is at `start`, if psql knows it.
pub fn command(text: &str, start: usize) -> Option<Command> {
    let after = text.get(start..)?.strip_prefix('\\')?;
    let length = after
        .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .unwrap_or(after.len());
    let name = match after.as_bytes().first()? {
        b'!' | b'?' | b'.' => &after[..1],
        _ => &after[..length],
    };
    let effect = effect(name)?;
    let arguments = start + 1 + name.len();
    let end = match name {
        "!" | "copy" | "ef" | "ev" | "sf" | "sv" | "h" | "help" => line_end(text, arguments),
        _ => arguments_end(text, arguments),
    };
    let effect = match name {
        "copy" if copies_inline_data(&text[arguments..end]) => Effect::CopiesInlineData,
        _ => effect,
    };
    Some(Command { effect, end })
}

fn effect(name: &str) -> Option<Effect> {
    match name {
        "i" | "include" | "ir" | "include_relative" | "c" | "connect" | "copy" | "if" | "elif"
        | "else" | "endif" | "e" | "edit" => Some(Effect::Matters),
        "gexec" => Some(Effect::SendsAndRuns),
        "g" | "gx" | "gset" | "gdesc" | "crosstabview" | "watch" | "bind" | "bind_named"
        | "parse" | "sendpipeline" => Some(Effect::Sends),
        "a" | "C" | "cd" | "close_prepared" | "conninfo" | "copyright" | "echo" | "ef"
        | "encoding" | "endpipeline" | "errverbose" | "ev" | "f" | "flush" | "flushrequest"
        | "getenv" | "getresults" | "h" | "help" | "H" | "html" | "l" | "list" | "o" | "out"
        | "p" | "password" | "print" | "prompt" | "pset" | "q" | "qecho" | "quit" | "restrict"
        | "s" | "set" | "setenv" | "sf" | "startpipeline" | "sv" | "syncpipeline" | "t" | "T"
        | "timing" | "unrestrict" | "unset" | "w" | "warn" | "write" | "x" | "z" | "!" | "?"
        | "." => Some(Effect::Nothing),
        _ if name.starts_with('d') && name.len() <= 4 => Some(Effect::Nothing),
        _ => None,
    }
}

fn line_end(text: &str, from: usize) -> usize {
    text[from..]
        .find(['\n', '\r'])
        .map_or(text.len(), |at| from + at)
}

/// Arguments end with the line, or at a backslash outside quotes, where the next command starts;
/// `\\` separates a command from SQL on the same line.
fn arguments_end(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut quote = None;
    let mut at = from;
    while at < bytes.len() {
        let byte = bytes[at];
        match (quote, byte) {
            (_, b'\n' | b'\r') => return at,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"' | b'`') => quote = Some(byte),
            (None, b'\\') if bytes.get(at + 1) == Some(&b'\\') => return at + 2,
            (None, b'\\') => return at,
            (None, _) => {}
        }
        at += 1;
    }
    at
}

fn copies_inline_data(arguments: &str) -> bool {
    let words: Vec<String> = arguments
        .split_ascii_whitespace()
        .map(str::to_ascii_lowercase)
        .collect();
    words.windows(2).any(|pair| {
        pair[0] == "from" && matches!(pair[1].trim_end_matches(';'), "stdin" | "pstdin")
    })
}

#[cfg(test)]
mod tests {
    use super::{Effect, command};

    fn first(text: &str) -> Option<(Effect, &str)> {
        command(text, 0).map(|command| (command.effect, &text[..command.end]))
    }

    #[test]
    fn a_command_ends_with_its_line() {
        assert_eq!(
            first("\\connect db\nSELECT"),
            Some((Effect::Matters, "\\connect db"))
        );
        assert_eq!(first("\\x\r\n"), Some((Effect::Nothing, "\\x")));
        assert_eq!(first("\\timing"), Some((Effect::Nothing, "\\timing")));
    }

    #[test]
    fn two_backslashes_separate_a_command_from_sql() {
        assert_eq!(
            first("\\set x 'a\\\\b' \\\\ DROP TABLE t;"),
            Some((Effect::Nothing, "\\set x 'a\\\\b' \\\\"))
        );
        assert_eq!(
            first("\\! sed 's/a\\\\b/c/' f\n"),
            Some((Effect::Nothing, "\\! sed 's/a\\\\b/c/' f"))
        );
    }

    #[test]
    fn a_second_command_on_a_line_is_its_own() {
        assert_eq!(first("\\t \\i x"), Some((Effect::Nothing, "\\t ")));
    }

    #[test]
    fn copy_from_stdin_brings_data() {
        assert_eq!(
            first("\\copy t FROM STDIN csv\n1"),
            Some((Effect::CopiesInlineData, "\\copy t FROM STDIN csv"))
        );
        assert_eq!(
            first("\\copy t from program 'x \\ y'"),
            Some((Effect::Matters, "\\copy t from program 'x \\ y'"))
        );
    }

    #[test]
    fn what_psql_does_not_know_is_no_command() {
        assert_eq!(first("\\foo"), None);
        assert_eq!(first("\\"), None);
        assert_eq!(first("x"), None);
    }
}
