//! Breaking text at blanks.

/// The lines of a text, each at most `room` characters wide unless a single word is longer.
pub fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_are_filled_and_words_stay_whole() {
        assert_eq!(
            wrapped("a bb  ccc dddddd e", 6),
            ["a bb", "ccc", "dddddd", "e"]
        );
        assert_eq!(wrapped("a bb", 4), ["a bb"]);
        assert_eq!(wrapped("", 4), [""]);
    }
}
