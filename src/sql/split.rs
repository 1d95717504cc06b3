//! A script to pieces: one for each statement, psql command that matters, and unterminated rest. All
//! offsets count from the start of the script's text.
//!
//! A `;` ends a statement even inside parentheses, so that a forgotten `)` costs one statement and
//! not the rest of the file. Only two commands may hold a `;`: CREATE RULE ... DO (a; b), and
//! routines with a BEGIN ATOMIC body. In both, what follows the `;` must look like the next command
//! of the body; otherwise the body was broken and the statement ends there.

use std::ops::Range;

use super::copy::DataBlocks;
use super::psql::{self, Effect};
use super::scan::{Kind, Scanner, Token, Unterminated, is_blank};

/// What a script falls into.
#[derive(Debug, Default)]
pub struct Split {
    pub pieces: Vec<Piece>,
    pub comments: Vec<Range<usize>>,
    /// The psql commands, also those that are no pieces.
    pub commands: Vec<Range<usize>>,
}

#[derive(Debug)]
pub struct Piece {
    /// From the first token to the last one before the `;`.
    pub span: Range<usize>,
    /// Which of [`Split::comments`] precede it, after the previous piece.
    pub leading_comments: Range<usize>,
    pub content: Content,
}

#[derive(Debug)]
pub enum Content {
    Sql(Sql),
    /// A psql command; the span is its text.
    Psql,
    /// Something in it that starts at the offset never ends.
    Unterminated(Unterminated, usize),
}

#[derive(Debug, Default)]
pub struct Sql {
    /// The end of the text to parse: after the `;`, if there is one.
    pub end: usize,
    /// psql commands among the tokens that are no part of the statement.
    pub foreign: Vec<Range<usize>>,
    /// The first NUL byte.
    pub nul: Option<usize>,
    /// Whether `standard_conforming_strings` is off here.
    pub backslash_escapes: bool,
}

pub fn split(text: &str) -> Split {
    let mut splitter = Splitter {
        text,
        scanner: Scanner::new(text),
        data: DataBlocks::default(),
        split: Split::default(),
        comments_used: 0,
        open: None,
    };
    splitter.run();
    splitter.split
}

struct Splitter<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    data: DataBlocks,
    split: Split,
    comments_used: usize,
    open: Option<Open>,
}

/// The statement that is being read.
struct Open {
    start: usize,
    end: usize,
    /// The first tokens, as many as tell which command it is.
    head: Vec<Token>,
    last: Token,
    depth: usize,
    may_hold: MayHold,
    /// Open BEGIN ATOMIC and CASE.
    blocks: usize,
    copies_inline_data: bool,
    foreign: Vec<Range<usize>>,
    nul: Option<usize>,
}

/// What of a statement may contain a `;`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MayHold {
    NotKnownYet,
    Nothing,
    RuleActions,
    AtomicBody,
}

/// Enough for `CREATE OR REPLACE FUNCTION`.
const HEAD: usize = 4;

impl Splitter<'_> {
    fn run(&mut self) {
        loop {
            if self.open.is_none() {
                self.skip_invisible();
                if self.skip_hash_line() {
                    continue;
                }
            }
            let Some(token) = self.scanner.next() else {
                break;
            };
            self.take(token);
        }
        self.close(self.text.len());
    }

    fn take(&mut self, token: Token) {
        match token.kind {
            Kind::Comment => self.split.comments.push(token.start..token.end),
            Kind::Unterminated(what) => self.give_up(token, what),
            Kind::Semicolon if !self.holds_semicolon() => self.close(token.end),
            Kind::Backslash if self.meta_command(token) => {}
            _ => self.push(token),
        }
    }

    /// A no-break space, a byte order mark and their like between statements. PostgreSQL takes them
    /// for letters, but some migration tools trim them, and nobody can see them.
    fn skip_invisible(&mut self) {
        loop {
            self.scanner.skip_blanks();
            let Some(character) = self.text[self.scanner.position..].chars().next() else {
                return;
            };
            if !matches!(
                character,
                '\u{a0}' | '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}'
            ) {
                return;
            }
            self.scanner.position += character.len_utf8();
        }
    }

    /// A line that starts with `#` between statements: a section or a comment of Play evolutions.
    fn skip_hash_line(&mut self) -> bool {
        let start = self.scanner.position;
        if !self.text[start..].starts_with('#') || !self.starts_line(start) {
            return false;
        }
        let end = self.text[start..]
            .find(['\n', '\r'])
            .map_or(self.text.len(), |at| start + at);
        self.split.comments.push(start..end);
        self.scanner.position = end;
        true
    }

    fn starts_line(&self, offset: usize) -> bool {
        let line = self.text[..offset].trim_end_matches([' ', '\t', '\u{feff}', '\u{a0}']);
        line.is_empty() || line.ends_with(['\n', '\r'])
    }

    fn push(&mut self, token: Token) {
        let text = self.text;
        let open = self.open.get_or_insert_with(|| Open::at(token));
        let last = std::mem::replace(&mut open.last, token);
        open.end = token.end;
        if open.head.len() < HEAD {
            open.head.push(token);
        }
        match token.kind {
            Kind::Open => open.depth += 1,
            Kind::Close => open.depth = open.depth.saturating_sub(1),
            Kind::Nul => open.nul = open.nul.or(Some(token.start)),
            Kind::Word => open.word(text, last, token),
            _ => {}
        }
    }

    /// Whether the `;` that was just read belongs to the open statement.
    fn holds_semicolon(&self) -> bool {
        let Some(open) = &self.open else {
            return false;
        };
        let inside = match open.may_hold {
            MayHold::RuleActions => open.depth > 0,
            MayHold::AtomicBody => open.blocks > 0,
            MayHold::NotKnownYet | MayHold::Nothing => false,
        };
        let mut ahead = self.scanner;
        inside
            && ahead
                .next_code()
                .is_some_and(|next| continues_body(self.text, next))
    }

    fn give_up(&mut self, token: Token, what: Unterminated) {
        let start = self.open.take().map_or(token.start, |open| open.start);
        self.add(
            start..self.text.len(),
            Content::Unterminated(what, token.start),
        );
    }

    /// Ends the open statement, if there is one. `end` is after the `;`.
    fn close(&mut self, end: usize) {
        let Some(open) = self.open.take() else {
            self.comments_used = self.split.comments.len();
            return;
        };
        let span = open.start..open.end;
        let backslash_escapes = self.scanner.backslash_escapes;
        if let Some(escapes) = setting_of_backslashes(self.text, &open) {
            self.scanner.backslash_escapes = escapes;
        }
        if open.copies_inline_data && open.head[0].is(self.text, "copy") {
            self.skip_data(end);
        }
        let sql = Sql {
            end,
            foreign: open.foreign,
            nul: open.nul,
            backslash_escapes,
        };
        self.add(span, Content::Sql(sql));
    }

    fn skip_data(&mut self, from: usize) {
        if let Some(end) = self.data.end(self.text, from) {
            self.scanner.position = end;
        }
    }

    fn add(&mut self, span: Range<usize>, content: Content) {
        let comments = &self.split.comments[self.comments_used..];
        let leading = comments.partition_point(|comment| comment.start < span.start);
        let leading_comments = self.comments_used..self.comments_used + leading;
        self.comments_used = self.split.comments.len();
        self.split.pieces.push(Piece {
            span,
            leading_comments,
            content,
        });
    }

    /// Deals with a psql command at the backslash; false if it is none.
    fn meta_command(&mut self, backslash: Token) -> bool {
        if self.text[backslash.end..].starts_with(';') {
            self.close(backslash.end + 1);
            self.scanner.position = backslash.end + 1;
            return true;
        }
        let Some(command) = psql::command(self.text, backslash.start) else {
            return false;
        };
        let sends = matches!(command.effect, Effect::Sends | Effect::SendsAndRuns);
        if self.open.is_some() && !sends && !self.starts_line(backslash.start) {
            return false;
        }
        let end = self.text[..command.end]
            .trim_end_matches(|character: char| is_blank_character(character) || character == '\\')
            .len()
            .max(backslash.end);
        let span = backslash.start..end;
        self.scanner.position = command.end;
        self.split.commands.push(span.clone());
        match command.effect {
            Effect::Nothing => {
                if let Some(open) = &mut self.open {
                    open.foreign.push(span);
                }
            }
            Effect::Sends => self.close(backslash.start),
            Effect::SendsAndRuns | Effect::Matters => {
                self.close(backslash.start);
                self.add(span, Content::Psql);
            }
            Effect::CopiesInlineData => {
                self.close(backslash.start);
                self.add(span, Content::Psql);
                self.skip_data(command.end);
            }
        }
        true
    }
}

impl Open {
    fn at(token: Token) -> Self {
        Open {
            start: token.start,
            end: token.end,
            head: Vec::with_capacity(HEAD),
            last: token,
            depth: 0,
            may_hold: MayHold::NotKnownYet,
            blocks: 0,
            copies_inline_data: false,
            foreign: Vec::new(),
            nul: None,
        }
    }

    fn word(&mut self, text: &str, last: Token, word: Token) {
        if self.may_hold == MayHold::NotKnownYet {
            self.may_hold = self.what_it_may_hold(text);
        }
        if word.is(text, "stdin") && last.is(text, "from") {
            self.copies_inline_data = true;
        }
        if self.may_hold != MayHold::AtomicBody || last.kind == Kind::Dot || last.is(text, "as") {
            return;
        }
        let starts_body = self.blocks == 0 && word.is(text, "atomic") && last.is(text, "begin");
        if starts_body || self.blocks > 0 && word.is(text, "case") {
            self.blocks += 1;
        } else if word.is(text, "end") {
            self.blocks = self.blocks.saturating_sub(1);
        }
    }

    fn what_it_may_hold(&self, text: &str) -> MayHold {
        let is = |at: usize, keyword| self.head.get(at).is_some_and(|t| t.is(text, keyword));
        if !is(0, "create") {
            return MayHold::Nothing;
        }
        let object = match (is(1, "or"), self.head.len()) {
            (_, 1) | (true, 2 | 3) => return MayHold::NotKnownYet,
            (true, _) => 3,
            (false, _) => 1,
        };
        if is(object, "rule") {
            return MayHold::RuleActions;
        }
        if is(object, "function") || is(object, "procedure") {
            return MayHold::AtomicBody;
        }
        MayHold::Nothing
    }
}

/// Whether a token may follow a `;` inside CREATE RULE's parentheses or a BEGIN ATOMIC body: the
/// start of a query or of data modification, or the end (`RuleActionStmt` and
/// `routine_body_stmt` of `gram.y`, without utility commands, which no body may hold).
fn continues_body(text: &str, next: Token) -> bool {
    const STARTS: [&str; 11] = [
        "select", "insert", "update", "delete", "merge", "with", "values", "table", "notify",
        "return", "end",
    ];
    match next.kind {
        Kind::Open | Kind::Close | Kind::Semicolon => true,
        Kind::Word => STARTS.iter().any(|keyword| next.is(text, keyword)),
        _ => false,
    }
}

/// `SET [SESSION | LOCAL] standard_conforming_strings {TO | =} value`: whether backslashes escape
/// in the text that follows.
fn setting_of_backslashes(text: &str, open: &Open) -> Option<bool> {
    if !open.head.first()?.is(text, "set") || open.end - open.start > 200 {
        return None;
    }
    let statement = &text[open.start..open.end];
    let mut words = Scanner::new(statement)
        .filter(|token| token.kind != Kind::Comment)
        .map(|token| token.text(statement).to_ascii_lowercase());
    words.next();
    let name = words.find(|word| !matches!(word.as_str(), "session" | "local"))?;
    if name.trim_matches('"') != "standard_conforming_strings" {
        return None;
    }
    let value = words.nth(1)?;
    let off = matches!(
        value.trim_matches('\''),
        "off" | "false" | "no" | "0" | "f" | "n" | "of"
    );
    Some(off)
}

fn is_blank_character(character: char) -> bool {
    u8::try_from(character).is_ok_and(is_blank)
}

#[cfg(test)]
mod tests {
    use super::{Content, split};

    /// The statements' texts; psql commands and unterminated rests in angle brackets.
    fn pieces(text: &str) -> Vec<String> {
        split(text)
            .pieces
            .iter()
            .map(|piece| {
                let span = &text[piece.span.clone()];
                match piece.content {
                    Content::Sql(_) => span.to_owned(),
                    Content::Psql => format!("<{span}>"),
                    Content::Unterminated(_, at) => format!("<{span} @{at}>"),
                }
            })
            .collect()
    }

    #[test]
    fn semicolons_in_strings_and_comments_do_not_split() {
        assert_eq!(
            pieces("a ';' ; b $$;$$; c /* ; */ -- ;\n d;"),
            ["a ';'", "b $$;$$", "c /* ; */ -- ;\n d"]
        );
    }

    #[test]
    fn the_last_statement_needs_no_semicolon() {
        assert_eq!(
            pieces("SELECT 1;\n SELECT 2 -- end"),
            ["SELECT 1", "SELECT 2"]
        );
    }

    #[test]
    fn nothing_is_nothing() {
        for text in ["", " \n\t", "-- a", "/* b */;;;", "\u{feff}", "# !Ups\n"] {
            assert!(pieces(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_rule_may_hold_several_commands() {
        assert_eq!(
            pieces(
                "CREATE OR REPLACE RULE r AS ON INSERT TO t DO (DELETE FROM a; -- x\n SELECT 1;); b"
            ),
            [
                "CREATE OR REPLACE RULE r AS ON INSERT TO t DO (DELETE FROM a; -- x\n SELECT 1;)",
                "b"
            ]
        );
    }

    #[test]
    fn a_forgotten_parenthesis_costs_one_statement() {
        assert_eq!(
            pieces("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; CREATE TABLE x ();"),
            [
                "CREATE RULE r AS ON INSERT TO t DO (SELECT 1",
                "CREATE TABLE x ()"
            ]
        );
        assert_eq!(
            pieces("CREATE TABLE a (b int; SELECT 1;"),
            ["CREATE TABLE a (b int", "SELECT 1"]
        );
    }

    #[test]
    fn atomic_bodies_hold_semicolons_and_cases() {
        let function = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC \
            SELECT CASE WHEN a THEN CASE b WHEN 1 THEN 2 END END AS end, t.case; RETURN 1; END";
        assert_eq!(
            pieces(&format!("{function}; SELECT 1")),
            [function, "SELECT 1"]
        );
        assert_eq!(
            pieces("CREATE PROCEDURE f() BEGIN ATOMIC SELECT CASE 1; END; DROP TABLE t;"),
            [
                "CREATE PROCEDURE f() BEGIN ATOMIC SELECT CASE 1; END",
                "DROP TABLE t"
            ]
        );
    }

    #[test]
    fn begin_atomic_means_nothing_elsewhere() {
        assert_eq!(
            pieces("CREATE TABLE begin (atomic int); BEGIN; END"),
            ["CREATE TABLE begin (atomic int)", "BEGIN", "END"]
        );
    }

    #[test]
    fn the_rest_after_an_unterminated_string_is_one_piece() {
        assert_eq!(
            pieces("SELECT 1; SELECT 'a; SELECT 2;"),
            ["SELECT 1", "<SELECT 'a; SELECT 2; @17>"]
        );
        assert_eq!(pieces("a; /* b"), ["a", "</* b @3>"]);
    }

    #[test]
    fn copied_data_is_no_sql() {
        assert_eq!(
            pieces("COPY t (a) FROM stdin;\n1;'\n$$\n\\.\nSELECT 1;"),
            ["COPY t (a) FROM stdin", "SELECT 1"]
        );
        assert_eq!(
            pieces("COPY t FROM stdin;\nSELECT 1;"),
            ["COPY t FROM stdin", "SELECT 1"]
        );
        assert_eq!(
            pieces("\\copy t from stdin\n1;'\n\\.\nSELECT 1;"),
            ["<\\copy t from stdin>", "SELECT 1"]
        );
    }

    #[test]
    fn psql_commands_vanish_or_count() {
        assert_eq!(
            pieces("\\set x 'a;b'\n\\connect \"my db\"\nSELECT 1\n\\echo no; no\n, 2;\\i a.sql"),
            [
                "<\\connect \"my db\">",
                "SELECT 1\n\\echo no; no\n, 2",
                "<\\i a.sql>"
            ]
        );
        assert_eq!(
            pieces("SELECT 1 \\gset\nSELECT 2 \\gexec\nSELECT 3\\; SELECT 4"),
            ["SELECT 1", "SELECT 2", "<\\gexec>", "SELECT 3", "SELECT 4"]
        );
    }

    #[test]
    fn invisible_characters_between_statements_are_blanks() {
        assert_eq!(
            pieces("\u{feff}SELECT 1;\u{a0}\n\u{a0} SELECT 2;\u{a0}"),
            ["SELECT 1", "SELECT 2"]
        );
    }

    #[test]
    fn hash_lines_between_statements_are_comments() {
        let text = "# --- !Ups\n#;x\nSELECT 1 # 2\n#> 3;\n  # --- !Downs\nSELECT 2";
        assert_eq!(pieces(text), ["SELECT 1 # 2\n#> 3", "SELECT 2"]);
        assert_eq!(split(text).comments.len(), 3);
    }

    #[test]
    fn backslashes_escape_after_the_setting() {
        assert_eq!(
            pieces(
                r"SET standard_conforming_strings = off; a '\';'; SET standard_conforming_strings TO 'on'; b '\'; c"
            ),
            [
                "SET standard_conforming_strings = off",
                r"a '\';'",
                "SET standard_conforming_strings TO 'on'",
                r"b '\'",
                "c"
            ]
        );
    }

    #[test]
    fn leading_comments_are_those_after_the_semicolon() {
        let text = "-- a\n/* b */ x /* in */ y; -- c\nz; -- d";
        let split = split(text);
        let leading: Vec<Vec<&str>> = split
            .pieces
            .iter()
            .map(|piece| {
                split.comments[piece.leading_comments.clone()]
                    .iter()
                    .map(|comment| &text[comment.clone()])
                    .collect()
            })
            .collect();
        assert_eq!(leading, [vec!["-- a", "/* b */"], vec!["-- c"]]);
        assert_eq!(split.comments.len(), 5);
    }
}
