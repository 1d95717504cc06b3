//! psql's `\copy`: to the server it is COPY from or to the client.

use super::scan::{Kind, Scanner};

/// The COPY command that psql sends for a `\copy`, with its names where they stand in the text. None for
/// another command, or one that is not understood.
pub fn sent(command: &str) -> Option<String> {
    const NAME: &str = "\\copy";
    let rest = command.strip_prefix(NAME)?;
    let mut scanner = Scanner::new(rest);
    let mut depth = 0usize;
    let mut way = None;
    while let Some(token) = scanner.next_code() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            _ if depth == 0 && token.is(rest, "from") => way = Some((token, "FROM STDIN")),
            _ if depth == 0 && token.is(rest, "to") => way = Some((token, "TO STDOUT")),
            _ => {}
        }
        if way.is_some() {
            break;
        }
    }
    let (word, instead) = way?;
    // A file's name ends at a blank; `program` has a command line in quotes behind it.
    let source = scanner.next_code()?;
    let end = if source.is(rest, "program") {
        scanner.next_code()?.end
    } else if source.kind == Kind::Text {
        source.end
    } else {
        let name = &rest[source.start..];
        source.start + name.find(char::is_whitespace).unwrap_or(name.len())
    };
    let options = rest.get(end..)?.trim_end().trim_end_matches(';');
    Some(format!(" copy{}{instead}{options}", &rest[..word.start]))
}

#[cfg(test)]
mod tests {
    use super::sent;

    #[test]
    fn the_server_is_sent_copy() {
        for (command, expected) in [
            (
                "\\copy t(a, b) from 'x.csv' csv header",
                " copy t(a, b) FROM STDIN csv header",
            ),
            (
                "\\copy s.t from program 'sed ''s/a/b/'' < x' with (format csv);",
                " copy s.t FROM STDIN with (format csv)",
            ),
            (
                "\\copy (select a from t) to x.csv",
                " copy (select a from t) TO STDOUT",
            ),
            ("\\copy t FROM STDIN", " copy t FROM STDIN"),
        ] {
            assert_eq!(sent(command).as_deref(), Some(expected), "{command}");
        }
        assert_eq!(sent("\\connect db"), None);
        assert_eq!(sent("\\copy t"), None);
    }
}
