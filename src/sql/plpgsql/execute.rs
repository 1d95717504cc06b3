//! EXECUTE: what SQL a body runs that it puts together itself, as far as constants tell.

use super::evaluate::Evaluation;
use super::parser::sql;
use super::variables::{Budget, State};
use super::{Certainty, Execute, Expression, Pl, Sql, UNKNOWN_NAME};
use crate::sql::excerpt::Excerpt;
use crate::sql::placeholder::{Form, Placeholder, parse_with_stand_ins};
use crate::sql::split::{Content, split};
use crate::sql::tree::{self, Refusal};

/// Works out the commands of an EXECUTE in the states in which it may be reached, and adds them to those that
/// are known from earlier turns of a loop.
pub fn fill(execute: &mut Execute, states: &[State], budget: &Budget, of_a_call: bool) {
    let mut ways: Vec<Vec<String>> = Vec::new();
    for state in states {
        let (mut certainty, mut statements) = commands_of(&execute.expression, state, budget);
        let broken = |one: &Pl| matches!(one, Pl::Invalid(_));
        if of_a_call && statements.iter().any(broken) {
            // With the arguments of this call, another branch is taken.
            certainty = Certainty::Nothing;
            statements.clear();
        }
        let texts: Vec<String> = statements.iter().map(text).collect();
        if ways.contains(&texts) {
            continue;
        }
        execute.certainty = match execute.reached {
            true => execute.certainty.min(certainty),
            false => certainty,
        };
        execute.reached = true;
        let known: Vec<String> = execute.statements.iter().map(text).collect();
        let new = statements
            .into_iter()
            .filter(|it| !known.contains(&text(it)));
        execute.statements.extend(new);
        ways.push(texts);
    }
    execute.one_of_several |= ways.len() > 1;
}

fn text(statement: &Pl) -> String {
    match statement {
        Pl::Sql(sql) => sql.excerpt.text().to_owned(),
        Pl::Invalid(invalid) => invalid.excerpt.text().to_owned(),
        _ => String::new(),
    }
}

fn commands_of(expression: &Expression, state: &State, budget: &Budget) -> (Certainty, Vec<Pl>) {
    let nothing = (Certainty::Nothing, Vec::new());
    if let Some(string) = state
        .constant(expression)
        .and_then(|it| it.0.as_one_string())
    {
        return match budget.affords(string.text()) {
            true => (Certainty::Constant, commands(&string)),
            false => nothing,
        };
    }
    let Some(query) = expression.query() else {
        return nothing;
    };
    let built = Evaluation::new(state, budget).of(&query);
    if built.known {
        return (
            Certainty::Constant,
            commands(&made_up(&built.text, expression)),
        );
    }
    if built.is_unknown() {
        return nothing;
    }
    let shapes = shapes(&made_up(&built.text, expression));
    match shapes.iter().all(|one| matches!(one, Pl::Sql(_))) && !shapes.is_empty() {
        true => (Certainty::Shape, shapes),
        false => nothing,
    }
}

fn made_up(text: &str, expression: &Expression) -> Excerpt {
    Excerpt::made_up(text, expression.span())
}

/// The commands of a text that may hold several.
pub fn commands(text: &Excerpt) -> Vec<Pl> {
    pieces(text)
        .into_iter()
        .map(|piece| sql(piece, false))
        .collect()
}

fn pieces(text: &Excerpt) -> Vec<Excerpt> {
    split(text.text())
        .pieces
        .into_iter()
        .map(|piece| match piece.content {
            Content::Sql(_) => text.slice(piece.span),
            Content::Psql | Content::Unterminated(..) => {
                text.slice(piece.span.start..text.text().len())
            }
        })
        .collect()
}

/// The commands of a text with unknowns. One may be a value or nothing at all where a name does not
/// fit.
fn shapes(text: &Excerpt) -> Vec<Pl> {
    let unknowns = |text: &str| -> Vec<Placeholder> {
        text.match_indices(UNKNOWN_NAME)
            .map(|(at, unknown)| Placeholder {
                range: at..at + unknown.len(),
                form: Form::Anything,
            })
            .collect()
    };
    pieces(text)
        .into_iter()
        .map(|piece| {
            let placeholders = unknowns(piece.text());
            let first = Refusal::Syntax(String::new(), 0);
            let parsed = parse_with_stand_ins(piece.text(), &placeholders, first, |filled| {
                tree::parse(filled, false)
            });
            match parsed {
                Ok(node) => Pl::Sql(Sql {
                    excerpt: piece,
                    node,
                    into: false,
                    targets: Vec::new(),
                    placeholders: Vec::new(),
                }),
                Err(_) => sql(piece, false),
            }
        })
        .collect()
}
