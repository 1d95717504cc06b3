//! Text from files and messages, made safe for a terminal.

use std::borrow::Cow;

/// Replaces what would move the cursor, change colours or reorder the line: control characters
/// (tabs excepted) and bidirectional formatting characters. A migration must not be able to forge the
/// report about it.
pub fn line(text: &str) -> Cow<'_, str> {
    replace(text, |c| c != '\t')
}

/// The same for text of several lines.
pub fn lines(text: &str) -> Cow<'_, str> {
    replace(text, |c| c != '\t' && c != '\n')
}

fn replace(text: &str, extra: impl Fn(char) -> bool) -> Cow<'_, str> {
    let unsafe_character = |c: char| (c.is_control() && extra(c)) || is_bidirectional(c);
    if text.chars().any(&unsafe_character) {
        Cow::Owned(text.replace(unsafe_character, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The formatting characters of "Trojan Source" (CVE-2021-42574).
fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{line, lines};

    #[test]
    fn escape_sequences_and_reordering_are_made_visible() {
        assert_eq!(
            line("a\u{1b}[31m\u{202e}b\tc\n"),
            "a\u{fffd}[31m\u{fffd}b\tc\u{fffd}"
        );
        assert_eq!(lines("a\r\nb"), "a\u{fffd}\nb");
    }
}
