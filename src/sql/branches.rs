//! Templates' `{{ if }} ... {{ else }} ... {{ end }}`: of branches that exclude each other only one is ever sent.
//!
//! - Where a condition names the database (`{{if .postgres}} ... {{else if .mysql}} ...`), PostgreSQL's branch is the text
//!   and the others are blanks.
//! - Branches inside a statement: the first one is the text.
//! - Branches of whole statements: all are the text, and [`Branches::alternatives`] tells which exclude each other.
//!
//! Go's text/template writes `{{if}}`, `{{else if}}`, `{{else}}`, `{{end}}`; Jinja `{% if %}`, `{% elif %}`, `{% else %}`,
//! `{% endif %}`.

use std::borrow::Cow;
use std::ops::Range;

/// A script's text as PostgreSQL may see it, with all offsets as they were.
pub struct Branches<'a> {
    pub text: Cow<'a, str>,
    /// Groups of branches that exclude each other, in order; none lies within another.
    pub alternatives: Vec<Vec<Range<usize>>>,
}

/// No template is nested deeper; text that seems to be is left as it is.
const DEEPEST: usize = 64;

impl<'a> Branches<'a> {
    pub fn of(text: &'a str) -> Self {
        let mut branches = Branches {
            text: Cow::Borrowed(text),
            alternatives: Vec::new(),
        };
        let may_have_some = (text.contains("{{") || text.contains("{%")) && text.contains("if");
        let Some(groups) = may_have_some.then(|| groups(text)).flatten() else {
            return branches;
        };
        let mut left_out = Vec::new();
        for group in &groups {
            group.judge(text, &mut left_out, &mut branches.alternatives);
        }
        let inside = |range: &Range<usize>| {
            left_out
                .iter()
                .any(|out: &Range<usize>| out.start <= range.start && range.end <= out.end)
        };
        branches
            .alternatives
            .retain(|group| !group.iter().any(inside));
        outermost(&mut branches.alternatives);
        if !left_out.is_empty() {
            branches.text = Cow::Owned(blanked(text, &left_out));
        }
        branches
    }
}

/// The groups of which no other holds them.
fn outermost(groups: &mut Vec<Vec<Range<usize>>>) {
    groups.sort_by_key(|group| group.first().map_or(0, |first| first.start));
    let mut end = 0;
    groups.retain(|group| {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            return false;
        };
        let free = first.start >= end;
        if free {
            end = last.end;
        }
        free
    });
}

fn blanked(text: &str, ranges: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        for byte in &mut bytes[range.clone()] {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    // Ranges begin and end at directives, so that no character is cut.
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// One `if` with its branches.
struct Group {
    branches: Vec<Branch>,
    /// The directive that ends it.
    end: Range<usize>,
}

struct Branch {
    directive: Range<usize>,
    /// None for `else`.
    condition: Option<String>,
}

impl Group {
    /// From its directive up to the next one.
    fn range(&self, at: usize) -> Range<usize> {
        let next = self.branches.get(at + 1).map(|next| &next.directive);
        self.branches[at].directive.start..next.unwrap_or(&self.end).start
    }

    fn content(&self, at: usize) -> Range<usize> {
        self.branches[at].directive.end..self.range(at).end
    }

    fn judge(
        &self,
        text: &str,
        left_out: &mut Vec<Range<usize>>,
        alternatives: &mut Vec<Vec<Range<usize>>>,
    ) {
        let databases: Vec<Option<bool>> = self
            .branches
            .iter()
            .map(|branch| branch.condition.as_deref().and_then(is_postgres))
            .collect();
        let taken = databases.iter().position(|it| *it == Some(true));
        let of_others = databases.contains(&Some(false));
        if taken.is_some() || of_others {
            // `{{if .mysql}} ... {{else}} ...`: what is left is PostgreSQL's.
            let candidates: Vec<usize> = (0..self.branches.len())
                .filter(|&at| match taken {
                    Some(taken) => at == taken,
                    None => databases[at] != Some(false),
                })
                .collect();
            for at in 0..self.branches.len() {
                match candidates.contains(&at) {
                    true => left_out.push(self.branches[at].directive.clone()),
                    false => left_out.push(self.range(at)),
                }
            }
            left_out.push(self.end.clone());
            return;
        }
        if self.branches.len() < 2 {
            return;
        }
        let contents = (0..self.branches.len()).map(|at| text[self.content(at)].trim());
        let whole = contents
            .clone()
            .all(|it| it.is_empty() || it.ends_with(';'));
        if whole {
            alternatives.push((0..self.branches.len()).map(|at| self.range(at)).collect());
            return;
        }
        let first = contents.clone().position(|it| !it.is_empty());
        for at in 0..self.branches.len() {
            if Some(at) != first {
                left_out.push(self.content(at));
            }
        }
    }
}

/// Whether a condition holds for PostgreSQL, if it speaks of databases.
fn is_postgres(condition: &str) -> Option<bool> {
    const OTHERS: [&str; 8] = [
        "mysql",
        "mariadb",
        "sqlite",
        "cockroach",
        "mssql",
        "sqlserver",
        "oracle",
        "clickhouse",
    ];
    let condition = condition.to_ascii_lowercase();
    let ours = condition.contains("postgres");
    let theirs = OTHERS.iter().any(|name| condition.contains(name));
    // `or .sqlite .postgres` holds for both, `and` says nothing.
    let negated = condition
        .split_whitespace()
        .any(|word| word.trim_start_matches('(') == "not" || word == "ne")
        || condition.contains("!=");
    let combined = condition
        .split_whitespace()
        .any(|word| word.trim_start_matches('(') == "and")
        || condition.contains("&&");
    match (ours, theirs) {
        _ if combined => None,
        (true, _) => Some(!negated),
        (false, true) => Some(negated),
        (false, false) => None,
    }
}

/// The groups of a text, inner ones before outer ones. None where its directives do not match.
fn groups(text: &str) -> Option<Vec<Group>> {
    let mut found = Vec::new();
    // None: a directive that needs an end and has no branches.
    let mut open: Vec<Option<Vec<Branch>>> = Vec::new();
    for (directive, action) in directives(text) {
        let (word, rest) = action
            .split_once(char::is_whitespace)
            .unwrap_or((action, ""));
        let condition = |rest: &str| Some(rest.trim().to_string());
        match word {
            "if" => open.push(Some(vec![Branch {
                directive,
                condition: condition(rest),
            }])),
            "range" | "with" | "define" | "block" | "for" | "macro" => open.push(None),
            "else" | "elif" | "elsif" => {
                let Some(branches) = open.last_mut()?.as_mut() else {
                    continue;
                };
                let rest = rest.trim();
                let condition = match (word, rest.strip_prefix("if")) {
                    ("else", Some(rest)) => condition(rest),
                    ("else", None) => None,
                    _ => condition(rest),
                };
                branches.push(Branch {
                    directive,
                    condition,
                });
            }
            "end" | "endif" | "endfor" | "endmacro" | "endwith" | "endblock" => {
                if let Some(branches) = open.pop()? {
                    found.push(Group {
                        branches,
                        end: directive,
                    });
                }
            }
            _ => {}
        }
        if open.len() > DEEPEST {
            return None;
        }
    }
    open.is_empty().then_some(found)
}

/// The actions of a template with their places.
fn directives(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find('{').map(|at| from + at) {
        let rest = &text[at..];
        let close = match rest.as_bytes().get(1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            _ => {
                from = at + 1;
                continue;
            }
        };
        let Some(length) = rest.find(close) else {
            from = at + 2;
            continue;
        };
        let end = at + length + 2;
        let inside = &text[at + 2..at + length];
        let action = inside.trim_matches(|it: char| it.is_whitespace() || it == '-');
        // An action that holds another's opening marks is none.
        if inside.contains("{{") {
            from = at + 2;
            continue;
        }
        found.push((at..end, action));
        from = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Branches, is_postgres};

    fn text(template: &str) -> String {
        let found = Branches::of(template).text.into_owned();
        assert_eq!(found.len(), template.len());
        found.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_branch_of_postgres_is_taken() {
        let three = "{{if .postgres}}a;{{else if .mysql}}b;{{else}}c;{{end}} d;";
        assert_eq!(text(three), "a; d;");
        assert_eq!(text("{{if .mysql}}b;{{else}}c;{{end}}"), "c;");
        assert_eq!(text("{{ if not .sqlite }}a;{{ end }}"), "a;");
        assert_eq!(
            text("{% if db == 'mysql' %}a;{% else %}b;{% endif %}"),
            "b;"
        );
        assert_eq!(text("x {{if .mysql}}DEFAULT CHARSET y{{end}};"), "x ;");
        assert_eq!(
            text("v {{if .postgres}}JSON{{else}}TEXT{{end}} NOT NULL"),
            "v JSON NOT NULL"
        );
        assert_eq!(
            text("{{if .mysql}}{{range .x}}a;{{end}}{{else}}b;{{end}}"),
            "b;"
        );
    }

    #[test]
    fn conditions() {
        assert_eq!(is_postgres("or .sqlite .postgres"), Some(true));
        assert_eq!(is_postgres("or .sqlite .mysql"), Some(false));
        assert_eq!(is_postgres("not .postgres"), Some(false));
        assert_eq!(is_postgres("eq .dialect \"mysql\""), Some(false));
        assert_eq!(is_postgres("ne .dialect \"mysql\""), Some(true));
        assert_eq!(is_postgres("and .postgres .plugin"), None);
        assert_eq!(is_postgres(".plugin"), None);
        assert_eq!(is_postgres("not (or .mysql .postgres)"), Some(false));
    }

    #[test]
    fn one_way_through_a_statement_and_all_statements() {
        let inside = "a {{if .x}}b{{else}}c{{end}};";
        assert_eq!(text(inside), "a {{if .x}}b{{else}} {{end}};");
        let whole = "{{if .x}}a;{{else if .y}}b;{{else}}c;{{end}}d;";
        let found = Branches::of(whole);
        assert_eq!(found.text, whole);
        let of: Vec<&str> = found.alternatives[0]
            .iter()
            .map(|it| &whole[it.clone()])
            .collect();
        assert_eq!(of, ["{{if .x}}a;", "{{else if .y}}b;", "{{else}}c;"]);
    }

    #[test]
    fn what_does_not_match_is_left_alone() {
        for odd in ["{{if .mysql}}a;", "{{else}}a;{{end}}", "{{end}}", "{{if"] {
            assert_eq!(Branches::of(odd).text, odd);
        }
    }

    proptest! {
        #[test]
        fn no_template_is_too_strange(words in prop::collection::vec(prop::sample::select(vec![
            "{{if .mysql}}", "{{if .x}}", "{{else}}", "{{else if .postgres}}", "{{end}}", "{% if a %}", "{% endif %}",
            "{{range .y}}", "{{", "}}", "é", "a;", "'", "\n",
        ]), 0..24)) {
            let template = words.concat();
            let found = Branches::of(&template);
            prop_assert_eq!(found.text.len(), template.len());
            for group in &found.alternatives {
                for range in group {
                    prop_assert!(template.get(range.clone()).is_some());
                }
            }
        }
    }
}
