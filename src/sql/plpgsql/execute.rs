//! EXECUTE: what SQL a body runs that it puts together itself, as far as constants tell.

use super::decide;
use super::evaluate::Evaluation;
use super::parser::sql;
use super::variables::Variables;
use super::{Block, Certainty, Execute, Expression, LoopKind, Pl, Sql, UNKNOWN_NAME};
use crate::sql::excerpt::Excerpt;
use crate::sql::placeholder::{Form, Placeholder, parse_with_stand_ins};
use crate::sql::split::{Content, split};
use crate::sql::tree::{self, Refusal};

/// Works out the commands of every EXECUTE in the body.
pub fn resolve(block: &mut Block, variables: &Variables) {
    let cursors = block.declarations.iter_mut().flat_map(|d| &mut d.query);
    for query in cursors {
        resolve_one(query, variables);
    }
    resolve_all(&mut block.statements, variables);
    for handler in &mut block.handlers {
        resolve_all(&mut handler.statements, variables);
    }
}

fn resolve_all(statements: &mut [Pl], variables: &Variables) {
    for statement in statements {
        resolve_one(statement, variables);
    }
}

fn resolve_one(statement: &mut Pl, variables: &Variables) {
    match statement {
        Pl::Execute(execute) => fill(execute, variables),
        Pl::Block(block) => resolve(block, variables),
        Pl::If(chosen) => {
            if variables.of_a_call {
                decide::prune(chosen, variables);
            }
            for branch in &mut chosen.branches {
                resolve_all(&mut branch.statements, variables);
            }
            resolve_all(
                chosen.otherwise.as_deref_mut().unwrap_or_default(),
                variables,
            );
        }
        Pl::Case(chosen) => {
            for branch in &mut chosen.branches {
                resolve_all(&mut branch.statements, variables);
            }
            resolve_all(
                chosen.otherwise.as_deref_mut().unwrap_or_default(),
                variables,
            );
        }
        Pl::Loop(repeated) => {
            if let LoopKind::Query(query) = &mut repeated.kind {
                resolve_one(query, variables);
            }
            resolve_all(&mut repeated.body, variables);
        }
        Pl::Return(returned) => {
            if let Some(query) = &mut returned.query {
                resolve_one(query, variables);
            }
        }
        Pl::Sql(_)
        | Pl::Invalid(_)
        | Pl::Exit(_)
        | Pl::Raise(_)
        | Pl::Assign(_)
        | Pl::Commit(_)
        | Pl::Rollback(_)
        | Pl::Other(_) => {}
    }
}

fn fill(execute: &mut Execute, variables: &Variables) {
    fill_with(execute, variables);
    let broken = |one: &Pl| matches!(one, Pl::Invalid(_));
    if variables.of_a_call && execute.statements.iter().any(broken) {
        // With the arguments of this call, another branch is taken.
        execute.certainty = Certainty::Nothing;
        execute.statements.clear();
    }
}

fn fill_with(execute: &mut Execute, variables: &Variables) {
    let expression = variables.follow(&execute.expression).clone();
    if let Some(string) = expression.0.as_one_string() {
        execute.certainty = Certainty::Constant;
        execute.statements = commands(&string);
        return;
    }
    let Some(query) = expression.query() else {
        return;
    };
    let plain = Evaluation::new(variables).of(&query);
    if plain.known {
        execute.certainty = Certainty::Constant;
        execute.statements = commands(&made_up(&plain.text, &expression));
        return;
    }
    if let Some(texts) = for_each_element(&query, variables) {
        execute.certainty = Certainty::Constant;
        execute.statements = texts
            .iter()
            .flat_map(|text| commands(&made_up(text, &expression)))
            .collect();
        return;
    }
    let shapes = shapes(&made_up(&plain.text, &expression));
    let all_parse = shapes.iter().all(|one| matches!(one, Pl::Sql(_)));
    if plain.text != UNKNOWN_NAME && all_parse && !shapes.is_empty() {
        execute.certainty = Certainty::Shape;
        execute.statements = shapes;
    }
}

fn made_up(text: &str, expression: &Expression) -> Excerpt {
    Excerpt::made_up(text, expression.span())
}

/// The texts, if they are known once the variable of a FOREACH over constants is.
fn for_each_element(query: &Sql, variables: &Variables) -> Option<Vec<String>> {
    let text = query.excerpt.text().to_ascii_lowercase();
    let mut mentioned = variables
        .elements()
        .filter(|(variable, _)| text.contains(variable));
    mentioned.find_map(|(variable, elements)| {
        elements
            .iter()
            .map(|element| {
                if !variables.affords(&text) {
                    return None;
                }
                let built = Evaluation::with(variables, variable, element).of(query);
                built.known.then_some(built.text)
            })
            .collect()
    })
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
                    placeholders: Vec::new(),
                }),
                Err(_) => sql(piece, false),
            }
        })
        .collect()
}
