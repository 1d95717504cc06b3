//! psql's variables and conditions along a script: `\set`, `\unset`, `\gset`, `\if` ... PostgreSQL manual, "psql",
//! sections "Variables" and "Meta-Commands".

use std::collections::BTreeMap;

use super::Values;

/// What is known at one place of a script.
#[derive(Debug, Default)]
pub struct PsqlVariables {
    values: Values,
    /// The `\if`s that are open, from the outermost.
    conditions: Vec<Condition>,
}

/// One `\if` with the branch that is being read.
#[derive(Debug, Clone, Copy)]
struct Condition {
    /// Whether the branch is taken. None: not known, so it counts as taken.
    taken: Option<bool>,
    /// Whether a branch before it is.
    earlier: Option<bool>,
}

/// What a command means for the statements.
#[derive(Debug, PartialEq, Eq)]
pub enum Means {
    /// Nothing but what is in the variables now.
    Nothing,
    /// It decides what is run, and it is not known how.
    NotKnown,
}

impl PsqlVariables {
    pub fn value(&self, name: &str) -> Option<&String> {
        self.values.get(name)
    }

    /// Whether what stands here is certainly not run.
    pub fn is_skipped(&self) -> bool {
        self.conditions.iter().any(|it| it.taken == Some(false))
    }

    /// Whether a command needs no word: it is skipped, or all that it decides is known or was said where its
    /// `\if` stands.
    pub fn decides(&self, command: &str) -> bool {
        let name = command[1..].split_whitespace().next().unwrap_or_default();
        match name {
            "elif" | "else" | "endif" => true,
            "if" => {
                let mut after = PsqlVariables {
                    values: self.values.clone(),
                    conditions: self.conditions.clone(),
                };
                after.follow(command) == Means::Nothing
            }
            _ => self.is_skipped(),
        }
    }

    /// Moves on over a command, which begins with its backslash.
    pub fn follow(&mut self, command: &str) -> Means {
        let (name, arguments) = match command[1..].find(|c: char| c.is_whitespace()) {
            Some(end) => (&command[1..=end], &command[1 + end..]),
            None => (&command[1..], ""),
        };
        match name {
            "if" | "elif" | "else" | "endif" => return self.decide(name, arguments),
            _ if self.is_skipped() => {}
            "set" => self.set(arguments),
            "unset" | "getenv" | "prompt" => {
                for name in arguments.split_whitespace() {
                    self.values.remove(name);
                }
            }
            // They may set any.
            "gset" | "i" | "ir" | "include" | "include_relative" => self.values = BTreeMap::new(),
            _ => {}
        }
        Means::Nothing
    }

    fn set(&mut self, arguments: &str) {
        let arguments = arguments.trim_start();
        let end = arguments
            .find(char::is_whitespace)
            .unwrap_or(arguments.len());
        let (name, rest) = arguments.split_at(end);
        let certain = self.conditions.iter().all(|it| it.taken == Some(true));
        match self.joined(rest).filter(|_| certain) {
            Some(value) => self.values.insert(name.to_owned(), value),
            None => self.values.remove(name),
        };
    }

    /// The arguments put together as `\set` does. None where they hold what only psql sees.
    fn joined(&self, arguments: &str) -> Option<String> {
        let mut value = String::new();
        let mut rest = arguments.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '\'' => {
                    let (text, length) = quoted(rest)?;
                    value.push_str(&text);
                    length
                }
                '`' | '"' | '\\' => return None,
                ':' => {
                    let name = rest[1..].len()
                        - rest[1..]
                            .trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')
                            .len();
                    value.push_str(self.values.get(&rest[1..=name])?);
                    1 + name
                }
                _ => {
                    let ends =
                        |c: char| c.is_whitespace() || matches!(c, '\'' | '`' | '"' | ':' | '\\');
                    let length = rest.find(ends).unwrap_or(rest.len()).max(first.len_utf8());
                    value.push_str(&rest[..length]);
                    length
                }
            };
            rest = rest[length..].trim_start();
        }
        Some(value)
    }

    fn decide(&mut self, name: &str, arguments: &str) -> Means {
        if name == "endif" {
            self.conditions.pop();
            return Means::Nothing;
        }
        let holds = match name {
            "else" => Some(true),
            _ => self.joined(arguments).as_deref().and_then(truth),
        };
        if name == "if" {
            let skipped = self.is_skipped();
            self.conditions.push(Condition {
                taken: holds,
                earlier: Some(false),
            });
            return match holds {
                None if !skipped => Means::NotKnown,
                None | Some(_) => Means::Nothing,
            };
        }
        if let Some(condition) = self.conditions.last_mut() {
            condition.earlier = match (condition.earlier, condition.taken) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
            condition.taken = match (condition.earlier, holds) {
                (Some(true), _) | (_, Some(false)) => Some(false),
                (Some(false), holds) => holds,
                (None, _) => None,
            };
        }
        Means::Nothing
    }
}

/// A string between single quotes and the length of what it is written as.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' if characters.peek().is_some_and(|next| next.1 == '\'') => {
                characters.next();
                value.push('\'');
            }
            '\'' => return Some((value, at + 1)),
            // Escapes as in C.
            '\\' => return None,
            _ => value.push(character),
        }
    }
    None
}

/// `ParseVariableBool`: beginnings of words without case.
fn truth(text: &str) -> Option<bool> {
    let text = text.trim().to_ascii_lowercase();
    let begins = |word: &str, least: usize| text.len() >= least && word.starts_with(&text);
    if begins("true", 1) || begins("yes", 1) || begins("on", 2) || text == "1" {
        return Some(true);
    }
    (begins("false", 1) || begins("no", 1) || begins("off", 2) || text == "0").then_some(false)
}

#[cfg(test)]
mod tests {
    use super::{Means, PsqlVariables};

    fn after(commands: &[&str]) -> PsqlVariables {
        let mut variables = PsqlVariables::default();
        for command in commands {
            variables.follow(command);
        }
        variables
    }

    #[test]
    fn set_puts_its_arguments_together() {
        let variables = after(&[
            "\\set a 'it''s'",
            "\\set b x :a  'y z'",
            "\\set c",
            "\\set d `date`",
            "\\set e 'a\\n'",
        ]);
        assert_eq!(variables.value("a").map(String::as_str), Some("it's"));
        assert_eq!(variables.value("b").map(String::as_str), Some("xit'sy z"));
        assert_eq!(variables.value("c").map(String::as_str), Some(""));
        assert_eq!(variables.value("d"), None);
        assert_eq!(variables.value("e"), None);
    }

    #[test]
    fn what_may_change_a_variable_makes_it_unknown() {
        for last in [
            "\\unset a",
            "\\gset",
            "\\i more.sql",
            "\\prompt 'a?' a",
            "\\set a `x`",
            "\\set a :b",
        ] {
            assert_eq!(after(&["\\set a 1", last]).value("a"), None, "{last}");
        }
        assert!(
            after(&["\\set a 1", "\\set b 2", "\\timing"])
                .value("a")
                .is_some()
        );
        assert_eq!(
            after(&["\\set a 1", "\\if :x", "\\set a 2", "\\endif"]).value("a"),
            None
        );
    }

    #[test]
    fn known_conditions_decide() {
        for (commands, skipped) in [
            (vec!["\\if true"], false),
            (vec!["\\if off"], true),
            (vec!["\\if on", "\\else"], true),
            (vec!["\\if 0", "\\else"], false),
            (vec!["\\if 0", "\\elif yes"], false),
            (vec!["\\if 0", "\\elif yes", "\\elif true"], true),
            (vec!["\\if 0", "\\elif :x", "\\else"], false),
            (vec!["\\set x f", "\\if :x"], true),
            (vec!["\\if :x"], false),
            (vec!["\\if :x", "\\elif no"], true),
            (vec!["\\if 0", "\\if 1"], true),
            (vec!["\\if 0", "\\if 1", "\\endif", "\\endif"], false),
        ] {
            assert_eq!(after(&commands).is_skipped(), skipped, "{commands:?}");
        }
        let mut variables = PsqlVariables::default();
        assert_eq!(variables.follow("\\if :{?x}"), Means::NotKnown);
        assert_eq!(variables.follow("\\else"), Means::Nothing);
        assert_eq!(variables.follow("\\endif"), Means::Nothing);
        assert_eq!(variables.follow("\\if 1"), Means::Nothing);
        assert!(!variables.is_skipped());
    }
}
