//! Placeholders that psql or a migration tool fills in before PostgreSQL sees the text: where they
//! are, and stand-ins of the same length, so that the statement around them can be parsed and every
//! offset stays true.

use std::ops::Range;

use super::scan::{Kind, Scanner, Token};
use super::tree::Refusal;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    pub range: Range<usize>,
    pub form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `:name`, `${name}`, `{{ .Name }}`, `%(name)s`, `{name}`: anything at all.
    Anything,
    /// `:"name"`
    Name,
    /// `:'name'`
    Text,
    /// `"{{ index .Options "Schema" }}"`: a template that holds the quotes it stands between.
    InsideQuotes,
    /// `{{ if ... }}`, `{% ... %}`: a directive that leaves nothing behind.
    Directive,
}

/// What to put in a placeholder's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StandIn {
    /// An identifier that is no keyword: `_name`.
    Word,
    QuotedName,
    Text,
    Number,
    Blank,
}

impl Form {
    /// In the order in which they are tried.
    fn stand_ins(self) -> &'static [StandIn] {
        match self {
            Form::Anything => &[
                StandIn::Word,
                StandIn::Text,
                StandIn::Number,
                StandIn::Blank,
            ],
            Form::Name => &[StandIn::QuotedName],
            Form::Text => &[StandIn::Text],
            Form::InsideQuotes => &[StandIn::Word],
            Form::Directive => &[StandIn::Blank, StandIn::Word],
        }
    }
}

/// Who fills in the placeholders of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    PsqlOrTemplates,
    /// psql leaves strings alone, and so the bodies of functions.
    Templates,
}

/// The placeholders outside strings, quoted names and comments.
pub fn find(text: &str, by: By) -> Vec<Placeholder> {
    let mut found = Vec::new();
    let mut scanner = Scanner::new(text);
    let mut brackets = 0usize;
    while let Some(token) = scanner.next() {
        match text.as_bytes()[token.start] {
            b'[' => brackets += 1,
            b']' => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        let placeholder = match token.kind {
            // Between brackets a colon separates the bounds of a slice.
            Kind::Colon if brackets == 0 && by == By::PsqlOrTemplates => {
                psql_variable(text, token, scanner)
            }
            Kind::Other | Kind::Operator => template(text, token.start),
            Kind::QuotedName | Kind::Text => cut_by_quotes(text, token),
            _ => None,
        };
        let Some(placeholder) = placeholder else {
            continue;
        };
        scanner.position = placeholder.range.end;
        if placeholder.form == Form::InsideQuotes {
            let quote = char::from(text.as_bytes()[token.start]);
            let rest = &text[scanner.position..];
            scanner.position += rest.find(quote).map_or(0, |at| at + 1);
        }
        found.push(placeholder);
    }
    found
}

/// Whether the text is nothing but the ends of a template's blocks: nothing comes in their place.
pub fn only_ends(text: &str) -> bool {
    const ENDS: [&str; 5] = ["end", "endif", "endfor", "endwith", "endblock"];
    if !text.starts_with(['{', '<']) {
        return false;
    }
    let placeholders = find(text, By::Templates);
    let ends = |found: &Placeholder| {
        let marks = |it: char| matches!(it, '{' | '}' | '%' | '<' | '>' | '-' | '~');
        let action = text[found.range.clone()].trim_matches(|it| marks(it) || it.is_whitespace());
        ENDS.contains(&action) || action.starts_with('/')
    };
    are_all(text, &placeholders) && placeholders.iter().all(ends)
}

/// Whether the text holds nothing else, apart from a `;` and comments: then whole statements come
/// from elsewhere.
pub fn are_all(text: &str, placeholders: &[Placeholder]) -> bool {
    let mut scanner = Scanner::new(text);
    let mut rest = placeholders.iter().peekable();
    while let Some(token) = scanner.next_code() {
        match rest.next_if(|placeholder| placeholder.range.start == token.start) {
            Some(placeholder) => scanner.position = placeholder.range.end,
            None if token.kind == Kind::Semicolon => {}
            None => return false,
        }
    }
    !placeholders.is_empty()
}

fn psql_variable(text: &str, colon: Token, mut after: Scanner) -> Option<Placeholder> {
    let name = after.next().filter(|name| name.start == colon.end)?;
    let form = match (name.kind, text.as_bytes()[name.start]) {
        (Kind::Word | Kind::Number, _) => Form::Anything,
        (Kind::QuotedName, b'"') => Form::Name,
        (Kind::Text, b'\'') => Form::Text,
        _ => return None,
    };
    // A name ends where psql's does, which knows no `$` and no `.` in it.
    let end = match form {
        Form::Anything => name.start + psql_name_length(&text[name.start..]),
        _ => name.end,
    };
    Some(Placeholder {
        range: colon.start..end,
        form,
    })
}

fn psql_name_length(text: &str) -> usize {
    text.bytes()
        .take_while(|&byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80)
        .count()
}

/// A template's placeholder at `start`. The opening and closing marks, longest first.
fn template(text: &str, start: usize) -> Option<Placeholder> {
    const MARKS: [(&str, &str, Form); 8] = [
        ("{{", "}}", Form::Anything),
        ("{%", "%}", Form::Directive),
        ("{#", "#}", Form::Directive),
        ("<%", "%>", Form::Anything),
        ("${", "}", Form::Anything),
        ("#{", "}", Form::Anything),
        ("%(", ")s", Form::Anything),
        ("{", "}", Form::Anything),
    ];
    /// Longer than any placeholder; keeps the search for a closing mark that never comes short.
    const LONGEST: usize = 200;
    let rest = &text[start..];
    if let Some(length) = environment_variable(rest) {
        return Some(Placeholder {
            range: start..start + length,
            form: Form::Anything,
        });
    }
    let &(open, close, form) = MARKS.iter().find(|(open, ..)| rest.starts_with(open))?;
    let inside = &rest[open.len()..];
    let inside = &inside[..inside.floor_char_boundary(LONGEST)];
    let length = inside.find(close)?;
    if open.len() == 1 && !is_plain(&inside[..length]) {
        return None;
    }
    let start_with_sigil = match open {
        "{" if text[..start].ends_with('$') => start - 1,
        _ => start,
    };
    Some(Placeholder {
        range: start_with_sigil..start + open.len() + length + close.len(),
        form: match directive(&inside[..length]) {
            true => Form::Directive,
            false => form,
        },
    })
}

/// A template inside quotes that ends outside them, because it holds the same quotes.
fn cut_by_quotes(text: &str, token: Token) -> Option<Placeholder> {
    let quoted = token.text(text);
    if !quoted.starts_with(['\'', '"']) {
        return None;
    }
    let open = quoted.rfind("{{")?;
    if quoted[open..].contains("}}") {
        return None;
    }
    template(text, token.start + open).map(|placeholder| Placeholder {
        form: Form::InsideQuotes,
        ..placeholder
    })
}

/// `$NAME`
fn environment_variable(text: &str) -> Option<usize> {
    let name = text.strip_prefix('$')?;
    let length = psql_name_length(name);
    (length > 0).then_some(1 + length)
}

fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ' ');
    !name.is_empty() && name.chars().all(plain)
}

/// Whether a template's action is one that structures the text: `if`, `end`, `- range ...`.
fn directive(action: &str) -> bool {
    const KEYWORDS: [&str; 8] = [
        "if", "else", "end", "range", "with", "define", "block", "template",
    ];
    let action = action.trim_start_matches(['-', '~']).trim_start();
    let word = &action[..psql_name_length(action)];
    action.starts_with(['#', '/', '^']) || KEYWORDS.contains(&word)
}

/// Whether a placeholder is a template's `if`, `range` ...: it decides which text there is.
pub fn decides(placeholder: &str) -> bool {
    let inside = placeholder
        .strip_prefix("{{")
        .or_else(|| placeholder.strip_prefix("{%"));
    inside.is_some_and(directive) || placeholder.starts_with("{%")
}

/// Whether a placeholder is a template's comment: nothing comes in its place.
pub fn is_comment(placeholder: &str) -> bool {
    let inside = placeholder.trim_start_matches(['{', '-', '~', ' ']);
    placeholder.starts_with("{#")
        || placeholder.starts_with("{{") && (inside.starts_with("/*") || inside.starts_with('!'))
}

/// The name of a placeholder: the last word of `{{ index .Options "Schema" }}`.
pub fn name(placeholder: &str) -> &str {
    let marks = |character: char| !character.is_alphanumeric() && character != '_';
    let inside = placeholder
        .strip_prefix("%(")
        .and_then(|rest| rest.strip_suffix(")s"))
        .unwrap_or(placeholder);
    let inside = inside.trim_matches(marks);
    let word = inside.split_whitespace().next_back().unwrap_or(inside);
    word.trim_start_matches(marks)
}

impl Placeholder {
    /// What stands in its place when its value is known.
    pub fn filled(&self, value: &str) -> Option<String> {
        match self.form {
            Form::Anything | Form::InsideQuotes => Some(value.to_owned()),
            Form::Name => Some(format!("\"{}\"", value.replace('"', "\"\""))),
            Form::Text => Some(format!("'{}'", value.replace('\'', "''"))),
            Form::Directive => None,
        }
    }
}

/// Parses the text as it is, or else with stand-ins for its placeholders; answers with those, which
/// are none if the text parses as it is.
pub fn parse<T>(
    text: &str,
    by: By,
    parse: impl Fn(&str) -> Result<T, Refusal>,
) -> (Result<T, Refusal>, Vec<Placeholder>) {
    let first = match parse(text) {
        Err(refusal @ Refusal::Syntax(..)) => refusal,
        otherwise => return (otherwise, Vec::new()),
    };
    let placeholders = find(text, by);
    if placeholders.is_empty() {
        return (Err(first), placeholders);
    }
    let parsed = parse_with_stand_ins(text, &placeholders, first, parse);
    (parsed, placeholders)
}

/// Parses the text with stand-ins for the placeholders, until `parse` takes it. Each form's
/// stand-ins are tried where the parser stumbles. The error, if none fits, is the one furthest on.
pub fn parse_with_stand_ins<T>(
    text: &str,
    placeholders: &[Placeholder],
    first: Refusal,
    parse: impl Fn(&str) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let attempts = if text.len() > 64 << 10 { 4 } else { 40 };
    let mut chosen = vec![0; placeholders.len()];
    let mut furthest = first;
    for _ in 0..attempts {
        let refusal = match parse(&filled(text, placeholders, &chosen)) {
            Ok(parsed) => return Ok(parsed),
            Err(refusal) => refusal,
        };
        let Refusal::Syntax(_, offset) = &refusal else {
            return Err(refusal);
        };
        let before = placeholders.partition_point(|placeholder| placeholder.range.start <= *offset);
        if is_further(&refusal, &furthest) {
            furthest = refusal;
        }
        if !choose_next(&mut chosen[..before], placeholders) {
            break;
        }
        chosen[before..].fill(0);
    }
    Err(furthest)
}

/// Like counting up by one, the last placeholder being the lowest digit; false at the end.
fn choose_next(chosen: &mut [usize], placeholders: &[Placeholder]) -> bool {
    for (choice, placeholder) in chosen.iter_mut().zip(placeholders).rev() {
        *choice += 1;
        if *choice < placeholder.form.stand_ins().len() {
            return true;
        }
        *choice = 0;
    }
    false
}

fn is_further(refusal: &Refusal, than: &Refusal) -> bool {
    match (refusal, than) {
        (Refusal::Syntax(_, new), Refusal::Syntax(_, old)) => new > old,
        _ => false,
    }
}

fn filled(text: &str, placeholders: &[Placeholder], chosen: &[usize]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut from = 0;
    for (placeholder, &choice) in placeholders.iter().zip(chosen) {
        filled.push_str(&text[from..placeholder.range.start]);
        let original = &text[placeholder.range.clone()];
        stand_in(&mut filled, original, placeholder.form.stand_ins()[choice]);
        from = placeholder.range.end;
    }
    filled.push_str(&text[from..]);
    filled
}

/// Appends as many bytes as `original` has.
fn stand_in(filled: &mut String, original: &str, stand_in: StandIn) {
    let inner = original.len().saturating_sub(2);
    match stand_in {
        StandIn::Word => push_word(filled, original),
        StandIn::Blank => filled.extend(std::iter::repeat_n(' ', original.len())),
        StandIn::Number => {
            filled.push('1');
            filled.extend(std::iter::repeat_n(' ', original.len() - 1));
        }
        // A colon and two quotes, or two characters at least: `:x`, `{x}`.
        StandIn::Text | StandIn::QuotedName => {
            let quote = if stand_in == StandIn::Text { '\'' } else { '"' };
            filled.push(quote);
            filled.extend(std::iter::repeat_n('_', inner));
            filled.push(quote);
        }
    }
}

/// The name that stands in for a placeholder where a name is due, as PostgreSQL folds it.
pub fn stand_in_name(original: &str) -> String {
    let mut name = String::with_capacity(original.len());
    push_word(&mut name, original);
    name
}

/// The template placeholders in the bodies of a statement: DO blocks and functions between dollar quotes.
pub fn in_bodies(statement: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for token in Scanner::new(statement).filter(|token| token.kind == Kind::Text) {
        let text = token.text(statement);
        let Some(tag) = text.strip_prefix('$').and_then(|rest| rest.find('$')) else {
            continue;
        };
        let inside = text.get(tag + 2..text.len().saturating_sub(tag + 2));
        let body = inside.unwrap_or_default();
        found.extend(
            find(body, By::Templates)
                .into_iter()
                .filter_map(|it| body.get(it.range)),
        );
    }
    found
}

/// The letters and digits of the original, so that different placeholders stay different names; one of them is the
/// same name between quotes and without.
fn push_word(filled: &mut String, original: &str) {
    let mut bytes = original.bytes();
    bytes.next();
    filled.push('_');
    filled.extend(bytes.map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte.to_ascii_lowercase()),
        _ => '_',
    }));
}

#[cfg(test)]
mod tests {
    use super::{By, Form, find, name, parse};
    use crate::sql::tree::{self, Refusal};

    fn found(text: &str) -> Vec<(Form, &str)> {
        find(text, By::PsqlOrTemplates)
            .into_iter()
            .map(|placeholder| (placeholder.form, &text[placeholder.range]))
            .collect()
    }

    /// Whether some stand-ins make the text parse.
    fn parses(text: &str) -> bool {
        let (parsed, placeholders) = parse(text, By::PsqlOrTemplates, |filled| {
            assert_eq!(filled.len(), text.len());
            tree::parse(filled, false)
        });
        parsed.is_ok() && !placeholders.is_empty()
    }

    #[test]
    fn psql_variables_are_found() {
        assert_eq!(
            found(r#"GRANT :a ON :"b c".x TO :'d' :1.e"#),
            [
                (Form::Anything, ":a"),
                (Form::Name, ":\"b c\""),
                (Form::Text, ":'d'"),
                (Form::Anything, ":1"),
            ]
        );
    }

    #[test]
    fn casts_slices_strings_and_comments_are_no_variables() {
        assert_eq!(
            found("a::b x[1:n] ':c' \":d\" -- :e\n /* ${f} */ $$ {{g}} $$ y := z, : w $1"),
            []
        );
    }

    #[test]
    fn templates_are_found() {
        assert_eq!(
            found(
                "${a.b-c} {{ .Schema }} {{- if .x }} {% end %} %(name)s {tbl} <%= x %> #{y} $ENV"
            ),
            [
                (Form::Anything, "${a.b-c}"),
                (Form::Anything, "{{ .Schema }}"),
                (Form::Directive, "{{- if .x }}"),
                (Form::Directive, "{% end %}"),
                (Form::Anything, "%(name)s"),
                (Form::Anything, "{tbl}"),
                (Form::Anything, "<%= x %>"),
                (Form::Anything, "#{y}"),
                (Form::Anything, "$ENV"),
            ]
        );
        let in_body = find(":a ${b}", By::Templates);
        assert_eq!(in_body.len(), 1);
        assert_eq!(in_body[0].range, 3..7);
        assert_eq!(found("idx_${x}_y"), [(Form::Anything, "${x}")]);
        assert_eq!(found("{1, 2; 3} {{ never"), []);
    }

    #[test]
    fn a_stand_in_fits_where_the_placeholder_stands() {
        for text in [
            "GRANT ALL ON SCHEMA public TO :DATABASE_OWNER",
            "CREATE TABLE :\"my schema\".t (a int DEFAULT :n)",
            "CREATE ROLE :role PASSWORD :'pw' CONNECTION LIMIT :limit",
            "ALTER ROLE ${role} PASSWORD ${password} CONNECTION LIMIT ${limit}",
            "CREATE TABLE ${schema}.idx_${x}_y (a int) ${options}",
            "create index {{ if not .Transactional }}concurrently{{end}} if not exists i on \"{{.S}}\".t (a)",
            "ALTER TABLE {{ index .Options \"Namespace\" }}.t ADD COLUMN a {{ .Type }}",
            "CREATE INDEX i ON \"{{ index .Options \"Namespace\" }}_x\".t (a)",
            "INSERT INTO t VALUES (%(a)s, {b})",
            "${logic.psql-only} SELECT 1",
            "CREATE TABLE t (a int) :tableopts",
        ] {
            assert!(parses(text), "{text}");
        }
    }

    #[test]
    fn a_placeholder_has_a_name() {
        for (placeholder, expected) in [
            ("${schema}", "schema"),
            ("${flyway.schema}", "flyway.schema"),
            ("$SCHEMA", "SCHEMA"),
            (":schema", "schema"),
            (":\"my schema\"", "schema"),
            ("{{ .Schema }}", "Schema"),
            ("{{- .Values.Schema -}}", "Values.Schema"),
            ("{{ index .Options \"Namespace\" }}", "Namespace"),
            ("%(schema)s", "schema"),
            ("<%= schema %>", "schema"),
        ] {
            assert_eq!(name(placeholder), expected, "{placeholder}");
        }
    }

    #[test]
    fn an_error_elsewhere_is_reported_where_it_is() {
        let text = "SELECT :a FROM FROM :b";
        let (parsed, _) = parse(text, By::PsqlOrTemplates, |filled| {
            tree::parse(filled, false)
        });
        assert_eq!(
            parsed.unwrap_err(),
            Refusal::Syntax(r#"syntax error at or near "FROM""#.into(), 15)
        );
    }
}
