//! A migration with the recipes' steps in the place of what they replace.
#![allow(dead_code, reason = "the offline tests use a part of this")]

use std::ops::Range;

use humdrum::lint::{Place, Step, StepTransaction};
use humdrum::source::Source;
use humdrum::sql::{Body, clause, parse_script};
use pg_query::NodeEnum;
use pg_query::protobuf::TransactionStmtKind;

use super::cases::{Proposal, Proposals};

/// A statement of the file that runs as it stands, or a step.
#[derive(Debug, Clone)]
pub enum Part {
    Statement(String),
    Step {
        rule: String,
        number: usize,
        /// It belongs into the migration of the statement, not into one of its own.
        beside: bool,
        step: Step,
    },
}

impl Part {
    pub fn sql(&self) -> &str {
        match self {
            Part::Statement(sql) => sql,
            Part::Step { step, .. } => &step.sql,
        }
    }

    pub fn is_outside(&self) -> bool {
        matches!(self, Part::Step { step, .. } if step.transaction == StepTransaction::None)
    }
}

/// The statements of the file as they stand.
pub fn original(found: &Proposals) -> Vec<String> {
    statements(found)
        .into_iter()
        .map(|(span, _)| found.text[span].to_owned())
        .collect()
}

/// The statements, with the recipes in the place of the statement or the part of ALTER TABLE that each is about. What
/// stands in a transaction block of the script comes after its end: steps are no part of it.
pub fn with_recipes(found: &Proposals) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut later = Vec::new();
    let mut in_block = false;
    for (span, node) in statements(found) {
        let about: Vec<&Proposal> = found
            .proposals
            .iter()
            .filter(|proposal| span.start <= proposal.span.start && proposal.span.start < span.end)
            .collect();
        let steps = |place: Place| {
            let proposals = about
                .iter()
                .filter(move |proposal| proposal.recipe.place == place);
            proposals
                .flat_map(|proposal| steps_of(proposal))
                .collect::<Vec<_>>()
        };
        let text = &found.text[span.clone()];
        let replaced: Vec<usize> = about
            .iter()
            .filter(|proposal| proposal.recipe.place == Place::Instead)
            .map(|proposal| proposal.span.start - span.start)
            .collect();
        let kept = match replaced.is_empty() {
            true => Some(text.to_owned()),
            false => rest(text, node.as_ref(), &replaced),
        };
        // SET LOCAL and the like belong into the block.
        parts.extend(steps(Place::Before).into_iter().filter(|_| !in_block));
        // What follows a step may need what the step makes.
        let ends_block = matches!(node, Some(NodeEnum::TransactionStmt(_)));
        match in_block && !ends_block && !later.is_empty() {
            true => later.extend(kept.map(Part::Statement)),
            false => parts.extend(kept.map(Part::Statement)),
        }
        let steps = steps(Place::Instead).into_iter().chain(steps(Place::After));
        match in_block {
            true => later.extend(steps),
            false => parts.extend(steps),
        }
        if let Some(NodeEnum::TransactionStmt(stmt)) = &node {
            in_block = matches!(
                stmt.kind(),
                TransactionStmtKind::TransStmtBegin | TransactionStmtKind::TransStmtStart
            );
            if !in_block {
                parts.append(&mut later);
            }
        }
    }
    parts.extend(later);
    once(parts)
}

/// Two recipes may begin with the same step: an index that a foreign key wants is built once.
fn once(parts: Vec<Part>) -> Vec<Part> {
    let mut seen: Vec<Part> = Vec::new();
    for part in parts {
        let known = matches!(&part, Part::Step { step, .. } if seen.iter().any(|other| match other {
            Part::Step { step: other, .. } => other.sql == step.sql,
            Part::Statement(_) => false,
        }));
        if !known {
            seen.push(part);
        }
    }
    seen
}

fn steps_of(proposal: &Proposal) -> Vec<Part> {
    let steps = proposal.recipe.steps.iter().enumerate();
    steps
        .map(|(at, step)| Part::Step {
            rule: proposal.rule.clone(),
            number: at + 1,
            beside: proposal.recipe.place != Place::Instead
                && step.transaction == StepTransaction::Own,
            step: step.clone(),
        })
        .collect()
}

/// ALTER TABLE without the parts at these places.
fn rest(text: &str, node: Option<&NodeEnum>, replaced: &[usize]) -> Option<String> {
    let Some(NodeEnum::AlterTableStmt(stmt)) = node else {
        return None;
    };
    let name = usize::try_from(stmt.relation.as_ref()?.location).ok()?;
    let places = clause::parts(text, clause::after_name(text, name));
    let kept: Vec<&str> = places
        .iter()
        .filter(|place| {
            !replaced
                .iter()
                .any(|at| place.start <= *at && *at < place.end)
        })
        .map(|place| &text[place.clone()])
        .collect();
    let first = places.first()?;
    (!kept.is_empty() && kept.len() < places.len())
        .then(|| format!("{}{}", &text[..first.start], kept.join(", ")))
}

fn statements(found: &Proposals) -> Vec<(Range<usize>, Option<NodeEnum>)> {
    let source = Source::new("case.sql", &found.text);
    found
        .scripts
        .iter()
        .flat_map(|range| parse_script(&source, range.clone()).statements)
        .map(|statement| {
            let node = match statement.body {
                Body::Tree(node) => Some(*node),
                Body::Skimmed(_) | Body::Invalid(_) | Body::Psql(_) => None,
            };
            (statement.span, node)
        })
        .collect()
}
