//! What a statement is, told by its leading tokens, where there is no parse tree to ask.

use super::names;
use super::scan::{Kind, Scanner, Token};
use super::{Skim, SkimReason};

/// Commands of more than one word, as far as that word decides what follows.
const OBJECTS: [&str; 22] = [
    "table",
    "index",
    "view",
    "materialized",
    "function",
    "procedure",
    "trigger",
    "type",
    "domain",
    "schema",
    "sequence",
    "policy",
    "role",
    "rule",
    "extension",
    "aggregate",
    "statistics",
    "publication",
    "subscription",
    "foreign",
    "event",
    "database",
];

/// Words between a command and the name it is about.
const FILLERS: [&str; 16] = [
    "into",
    "from",
    "only",
    "if",
    "not",
    "exists",
    "concurrently",
    "or",
    "replace",
    "unique",
    "temp",
    "temporary",
    "unlogged",
    "local",
    "global",
    "recursive",
];

/// Reads the command and, where it follows directly, the name of its relation.
pub fn skim(text: &str, reason: SkimReason) -> Skim {
    let mut tokens = Scanner::new(text);
    let mut token = tokens.next_code();
    let mut command = match token.filter(|token| token.kind == Kind::Word) {
        Some(first) => first.text(text).to_ascii_lowercase(),
        None => String::new(),
    };
    token = tokens.next_code();
    let of_object = matches!(command.as_str(), "create" | "alter" | "drop" | "comment");
    let names_relation = of_object
        || matches!(
            command.as_str(),
            "insert" | "update" | "delete" | "merge" | "copy" | "truncate" | "lock"
        );
    while let Some(word) = token {
        let object = of_object && !command.contains(' ') && is_one_of(text, word, &OBJECTS);
        if object {
            command.push(' ');
            command.push_str(&word.text(text).to_ascii_lowercase());
        }
        let two_words = word.is(text, "view") && command.ends_with("materialized")
            || word.is(text, "table") && command.ends_with("foreign");
        if two_words {
            command.push(' ');
            command.push_str(&word.text(text).to_ascii_lowercase());
        }
        let filler = object || two_words || is_one_of(text, word, &FILLERS);
        let table = matches!(command.as_str(), "truncate" | "lock") && word.is(text, "table");
        if !filler && !table {
            break;
        }
        token = tokens.next_code();
    }
    let relation = match token {
        Some(first) if names_relation => name(text, first, tokens),
        _ => Vec::new(),
    };
    Skim {
        command,
        relation,
        reason,
    }
}

fn is_one_of(text: &str, token: Token, words: &[&str]) -> bool {
    words.iter().any(|word| token.is(text, word))
}

fn name(text: &str, first: Token, mut tokens: Scanner) -> Vec<String> {
    let mut parts = Vec::new();
    let mut token = Some(first);
    while let Some(part) = token.filter(|t| matches!(t.kind, Kind::Word | Kind::QuotedName)) {
        parts.push(names::from_token(part.text(text)));
        let dot = tokens.next_code();
        if dot.is_none_or(|dot| dot.kind != Kind::Dot) {
            break;
        }
        token = tokens.next_code();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::skim;
    use crate::sql::SkimReason;

    fn told(text: &str) -> (String, String) {
        let skim = skim(text, SkimReason::TooDeep);
        (skim.command, skim.relation.join("."))
    }

    #[test]
    fn the_command_and_its_relation_are_told() {
        for (text, command, relation) in [
            ("INSERT INTO Orders VALUES (1)", "insert", "orders"),
            ("insert /* x */ into a . \"B c\" (x)", "insert", "a.B c"),
            ("UPDATE ONLY t SET a = 1", "update", "t"),
            ("DELETE FROM s.t", "delete", "s.t"),
            ("SELECT 1 FROM t", "select", ""),
            ("((SELECT 1))", "", ""),
            ("ALTER TABLE IF EXISTS ONLY t ADD", "alter table", "t"),
            ("CREATE OR REPLACE VIEW v AS", "create view", "v"),
            (
                "CREATE MATERIALIZED VIEW m AS",
                "create materialized view",
                "m",
            ),
            ("ALTER FOREIGN TABLE f", "alter foreign table", "f"),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY i ON t",
                "create index",
                "i",
            ),
            ("TRUNCATE TABLE t", "truncate", "t"),
            ("", "", ""),
        ] {
            assert_eq!(told(text), (command.into(), relation.into()), "{text}");
        }
    }
}
