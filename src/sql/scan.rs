//! PostgreSQL's lexical structure (`scan.l`), token by token, without ever giving up: a scanner that
//! can resume after broken text, COPY data and psql lines. It finds where tokens start and end;
//! what they mean is the parser's business.

/// What a token is. Blanks are not tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `-- ...` up to the line's end, or `/* ... */` with nesting.
    Comment,
    /// A keyword or an unquoted identifier.
    Word,
    /// `"..."` or `U&"..."`.
    QuotedName,
    /// Any quoted string: `'...'`, `E'...'`, `B'...'`, `$tag$...$tag$` and so on.
    Text,
    Number,
    /// `$1`
    Parameter,
    Open,
    Close,
    Semicolon,
    Comma,
    Dot,
    /// `..`
    DotDot,
    /// `:` alone.
    Colon,
    /// `::` and `:=`
    DoubleColon,
    /// One character of an operator.
    Operator,
    Backslash,
    Nul,
    /// A character that SQL has no use for.
    Other,
    /// A string, name or comment that never ends; the token reaches to the end of the text.
    Unterminated(Unterminated),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unterminated {
    Text,
    DollarText,
    Bits,
    Hex,
    Name,
    Comment,
}

impl Unterminated {
    /// PostgreSQL's message (`scan.l`).
    pub fn message(self) -> &'static str {
        match self {
            Unterminated::Text => "unterminated quoted string",
            Unterminated::DollarText => "unterminated dollar-quoted string",
            Unterminated::Bits => "unterminated bit string literal",
            Unterminated::Hex => "unterminated hexadecimal string literal",
            Unterminated::Name => "unterminated quoted identifier",
            Unterminated::Comment => "unterminated /* comment",
        }
    }
}

/// A token's kind and its byte range in the scanned text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

impl Token {
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether the token is the keyword (given in lower case).
    pub fn is(&self, text: &str, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text(text).eq_ignore_ascii_case(keyword)
    }
}

/// A position in a text; copies are cheap and serve to look ahead.
#[derive(Debug, Clone, Copy)]
pub struct Scanner<'a> {
    bytes: &'a [u8],
    pub position: usize,
    /// `standard_conforming_strings = off`: a backslash escapes in every `'...'`.
    pub backslash_escapes: bool,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Scanner {
            bytes: text.as_bytes(),
            position: 0,
            backslash_escapes: false,
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.at(self.position + ahead)
    }

    fn at(&self, position: usize) -> u8 {
        self.bytes.get(position).copied().unwrap_or(0)
    }

    pub fn skip_blanks(&mut self) {
        self.skip_while(is_blank);
    }

    #[inline]
    fn skip_while(&mut self, goes_on: impl Fn(u8) -> bool) {
        let rest = &self.bytes[self.position..];
        let length = rest.iter().position(|&byte| !goes_on(byte));
        self.position += length.unwrap_or(rest.len());
    }

    /// The next token that is not a comment.
    pub fn next_code(&mut self) -> Option<Token> {
        self.find(|token| token.kind != Kind::Comment)
    }

    fn token(&mut self) -> Option<Token> {
        self.skip_blanks();
        let start = self.position;
        let first = *self.bytes.get(start)?;
        let kind = match first {
            b'-' if self.peek(1) == b'-' => self.line_comment(),
            b'/' if self.peek(1) == b'*' => self.block_comment(),
            b'\'' => self.quoted_text(self.backslash_escapes, Unterminated::Text),
            b'"' => self.quoted_name(),
            b'$' => self.dollar(),
            b':' if matches!(self.peek(1), b':' | b'=') => self.take(2, Kind::DoubleColon),
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1) == b'.' => self.take(2, Kind::DotDot),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            _ if is_name_start(first) => self.word(),
            _ => self.take(1, single(first)),
        };
        Some(Token {
            kind,
            start,
            end: self.position,
        })
    }

    fn take(&mut self, bytes: usize, kind: Kind) -> Kind {
        self.position += bytes;
        kind
    }

    fn line_comment(&mut self) -> Kind {
        self.skip_while(|byte| !matches!(byte, b'\n' | b'\r'));
        Kind::Comment
    }

    fn block_comment(&mut self) -> Kind {
        let mut depth = 0usize;
        while self.position < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.position += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.position += 2;
                    if depth == 0 {
                        return Kind::Comment;
                    }
                }
                _ => self.position += 1,
            }
        }
        self.position = self.bytes.len();
        Kind::Unterminated(Unterminated::Comment)
    }

    /// From the opening quote at the position to after the closing one.
    fn quoted_text(&mut self, escapes: bool, otherwise: Unterminated) -> Kind {
        let doubles = !matches!(otherwise, Unterminated::Bits | Unterminated::Hex);
        self.position += 1;
        loop {
            self.skip_while(|byte| byte != b'\'' && byte != b'\\');
            let Some(&byte) = self.bytes.get(self.position) else {
                return Kind::Unterminated(otherwise);
            };
            self.position += 1;
            match byte {
                b'\\' if escapes => self.position = (self.position + 1).min(self.bytes.len()),
                b'\'' if doubles && self.peek(0) == b'\'' => self.position += 1,
                b'\'' if !escapes || !self.continues() => return Kind::Text,
                _ => {}
            }
        }
    }

    /// After a closing quote: a blank with a line break and then another quote continue the string
    /// in the same mode (`{quotecontinue}`), which matters where backslashes escape. Moves past
    /// that quote.
    fn continues(&mut self) -> bool {
        let mut ahead = *self;
        let mut newline = false;
        loop {
            match ahead.peek(0) {
                b'\n' | b'\r' => newline = true,
                byte if is_blank(byte) => {}
                b'-' if ahead.peek(1) == b'-' => {
                    ahead.line_comment();
                    continue;
                }
                b'\'' if newline => {
                    self.position = ahead.position + 1;
                    return true;
                }
                _ => return false,
            }
            ahead.position += 1;
        }
    }

    fn quoted_name(&mut self) -> Kind {
        self.position += 1;
        while let Some(&byte) = self.bytes.get(self.position) {
            self.position += 1;
            if byte != b'"' {
                continue;
            }
            if self.peek(0) != b'"' {
                return Kind::QuotedName;
            }
            self.position += 1;
        }
        Kind::Unterminated(Unterminated::Name)
    }

    fn dollar(&mut self) -> Kind {
        let start = self.position;
        self.position += 1;
        if self.peek(0).is_ascii_digit() {
            while self.peek(0).is_ascii_digit() {
                self.position += 1;
            }
            return Kind::Parameter;
        }
        let mut end = self.position;
        if is_name_start(self.at(end)) {
            while is_name_start(self.at(end)) || self.at(end).is_ascii_digit() {
                end += 1;
            }
        }
        if self.at(end) != b'$' {
            return Kind::Other;
        }
        let delimiter = &self.bytes[start..=end];
        self.position = end + 1;
        match find(&self.bytes[self.position..], delimiter) {
            Some(at) => {
                self.position += at + delimiter.len();
                Kind::Text
            }
            None => {
                self.position = self.bytes.len();
                Kind::Unterminated(Unterminated::DollarText)
            }
        }
    }

    fn number(&mut self) -> Kind {
        while is_name_start(self.peek(0)) || self.peek(0).is_ascii_digit() || self.peek(0) == b'.' {
            if self.peek(0) == b'.' && self.peek(1) == b'.' {
                break;
            }
            self.position += 1;
        }
        Kind::Number
    }

    fn word(&mut self) -> Kind {
        let prefix = (
            self.peek(0).to_ascii_lowercase(),
            self.peek(1),
            self.peek(2),
        );
        match prefix {
            (b'e', b'\'', _) => return self.prefixed(1, true, Unterminated::Text),
            (b'n', b'\'', _) => {
                return self.prefixed(1, self.backslash_escapes, Unterminated::Text);
            }
            (b'b', b'\'', _) => return self.prefixed(1, false, Unterminated::Bits),
            (b'x', b'\'', _) => return self.prefixed(1, false, Unterminated::Hex),
            (b'u', b'&', b'\'') => return self.prefixed(2, false, Unterminated::Text),
            (b'u', b'&', b'"') => {
                self.position += 2;
                return self.quoted_name();
            }
            _ => {}
        }
        self.skip_while(is_name_byte);
        Kind::Word
    }

    fn prefixed(&mut self, prefix: usize, escapes: bool, otherwise: Unterminated) -> Kind {
        self.position += prefix;
        self.quoted_text(escapes, otherwise)
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.token()
    }
}

fn single(byte: u8) -> Kind {
    match byte {
        b'(' | b'[' => Kind::Open,
        b')' | b']' => Kind::Close,
        b';' => Kind::Semicolon,
        b',' => Kind::Comma,
        b'.' => Kind::Dot,
        b':' => Kind::Colon,
        b'\\' => Kind::Backslash,
        0 => Kind::Nul,
        b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'+' | b'-' | b'*'
        | b'/' | b'%' | b'<' | b'>' | b'=' => Kind::Operator,
        _ => Kind::Other,
    }
}

/// `{space}` of `scan.l`.
pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

const fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// Whether an unquoted name may go on with this byte.
#[inline]
pub fn is_name_byte(byte: u8) -> bool {
    NAME_BYTES[usize::from(byte)]
}

/// Most of a script are names and keywords.
static NAME_BYTES: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut byte = 0;
    while byte < bytes.len() {
        let it = byte as u8;
        bytes[byte] = is_name_start(it) || it.is_ascii_digit() || it == b'$';
        byte += 1;
    }
    bytes
};

/// The first occurrence of a dollar quote's delimiter. It starts with `$` and holds no other `$`
/// but its last byte, so a failed comparison may resume at the next `$`.
fn find(bytes: &[u8], delimiter: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        from += bytes[from..].iter().position(|&byte| byte == b'$')?;
        if bytes[from..].starts_with(delimiter) {
            return Some(from);
        }
        from += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Scanner, Unterminated};

    fn tokens(text: &str) -> Vec<(Kind, &str)> {
        Scanner::new(text)
            .map(|token| (token.kind, token.text(text)))
            .collect()
    }

    fn one(text: &str) -> Kind {
        let tokens = tokens(text);
        assert_eq!(tokens.len(), 1, "{tokens:?}");
        tokens[0].0
    }

    #[test]
    fn strings_of_every_kind_are_one_token() {
        for text in [
            "'a;b'",
            "'it''s'",
            r"'\'",
            r"E'it\'s'",
            r"e'\\'",
            "E'a'\n  -- why\n 'b\\';'",
            "U&'d\\0061t'';'",
            "b'01'",
            "x'1F'",
            "n'ä'",
            "$$a;'b$$",
            "$tag$ $$ $other$ ; $tag$",
            "$ä1$;$ä1$",
        ] {
            assert_eq!(one(text), Kind::Text, "{text}");
        }
    }

    #[test]
    fn names_and_comments_are_one_token() {
        assert_eq!(one("\"a;\"\"b\""), Kind::QuotedName);
        assert_eq!(one("U&\"d;\""), Kind::QuotedName);
        assert_eq!(one("a$$b"), Kind::Word);
        assert_eq!(one("-- a ; b"), Kind::Comment);
        assert_eq!(one("/* a /* ; */ ' */"), Kind::Comment);
    }

    #[test]
    fn a_carriage_return_ends_a_line_comment() {
        assert_eq!(
            tokens("-- a\rb"),
            [(Kind::Comment, "-- a"), (Kind::Word, "b")]
        );
    }

    #[test]
    fn a_second_string_without_line_break_is_plain_again() {
        assert_eq!(tokens(r"E'a' '\'").len(), 2);
        assert_eq!(tokens("b'0''1'").len(), 2);
    }

    #[test]
    fn operators_stop_where_a_comment_starts() {
        assert_eq!(
            tokens("*/* c */-- d"),
            [
                (Kind::Operator, "*"),
                (Kind::Comment, "/* c */"),
                (Kind::Comment, "-- d"),
            ]
        );
    }

    #[test]
    fn a_parameter_is_not_a_dollar_quote() {
        assert_eq!(
            tokens("$1$$;$$"),
            [(Kind::Parameter, "$1"), (Kind::Text, "$$;$$")]
        );
    }

    #[test]
    fn what_never_ends_reaches_to_the_end() {
        for (text, kind) in [
            ("'abc", Unterminated::Text),
            (r"E'abc\'", Unterminated::Text),
            ("E'abc\\", Unterminated::Text),
            ("$a$ $b$", Unterminated::DollarText),
            ("b'0", Unterminated::Bits),
            ("X'0", Unterminated::Hex),
            ("\"a\"\"", Unterminated::Name),
            ("/* /* */", Unterminated::Comment),
        ] {
            assert_eq!(one(text), Kind::Unterminated(kind), "{text}");
        }
    }

    #[test]
    fn two_dots_are_no_decimal_point() {
        assert_eq!(
            tokens("10..1 1.5 a.b"),
            [
                (Kind::Number, "10"),
                (Kind::DotDot, ".."),
                (Kind::Number, "1"),
                (Kind::Number, "1.5"),
                (Kind::Word, "a"),
                (Kind::Dot, "."),
                (Kind::Word, "b"),
            ]
        );
    }

    #[test]
    fn casts_and_colons_differ() {
        assert_eq!(
            tokens("a::b :c"),
            [
                (Kind::Word, "a"),
                (Kind::DoubleColon, "::"),
                (Kind::Word, "b"),
                (Kind::Colon, ":"),
                (Kind::Word, "c"),
            ]
        );
    }
}
