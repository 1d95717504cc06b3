//! The data lines that follow `COPY ... FROM stdin;` in a psql script.

/// Finds the ends of data blocks, in linear time however many blocks there are.
#[derive(Debug, Default)]
pub struct DataBlocks {
    /// No line `\.` exists from here on.
    none_after: Option<usize>,
}

impl DataBlocks {
    /// Where SQL goes on after a COPY command that ends at `from`: after the line that is `\.`.
    /// Data starts with the next line. `None` when no such line follows: then nothing says where
    /// the data ends, or whether there is any.
    pub fn end(&mut self, text: &str, from: usize) -> Option<usize> {
        if self.none_after.is_some_and(|none_after| from >= none_after) {
            return None;
        }
        let mut line_start = from + text[from..].find('\n')? + 1;
        while line_start < text.len() {
            let next = text[line_start..]
                .find('\n')
                .map_or(text.len(), |at| line_start + at + 1);
            if text[line_start..next].trim_end_matches(['\n', '\r']) == "\\." {
                return Some(next);
            }
            line_start = next;
        }
        self.none_after = Some(from);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::DataBlocks;

    #[test]
    fn data_ends_with_backslash_dot_on_its_own_line() {
        let text = "COPY t FROM stdin;\n1\t\\.\n\\.x\n;'\n\\.\r\nSELECT";
        let end = DataBlocks::default().end(text, 18);
        assert_eq!(&text[end.unwrap()..], "SELECT");
    }

    #[test]
    fn without_a_last_line_there_is_no_end() {
        let mut blocks = DataBlocks::default();
        assert_eq!(blocks.end("COPY t FROM stdin;\n1\n2", 18), None);
        assert_eq!(blocks.end("COPY t FROM stdin;", 18), None);
    }

    #[test]
    fn the_last_line_needs_no_line_break() {
        assert_eq!(DataBlocks::default().end("x;\n\\.", 2), Some(5));
    }
}
