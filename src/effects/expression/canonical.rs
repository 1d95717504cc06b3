//! CHECK expressions in the form that proofs compare (`canonicalize_qual` in
//! src/backend/optimizer/prep/prepqual.c): ORs with common parts become ANDs.

use super::simplify::truth;
use super::tree::Expr;

/// Of a CHECK: NULL counts as true.
pub fn canonical(expr: Expr) -> Expr {
    match expr {
        Expr::Or(parts) => canonical_or(parts),
        Expr::And(parts) => canonical_and(parts),
        other => other,
    }
}

/// The parts of an AND, one by one; TRUE has none.
pub fn conjuncts(expr: Expr) -> Vec<Expr> {
    match expr {
        Expr::And(parts) => parts,
        other if truth(&other) == Some(Some(true)) => Vec::new(),
        other => vec![other],
    }
}

fn canonical_or(parts: Vec<Expr>) -> Expr {
    let mut kept = Vec::new();
    for part in parts {
        let part = canonical(part);
        match truth(&part) {
            Some(Some(false)) => {}
            Some(_) => return Expr::boolean(true),
            None => match part {
                Expr::Or(inner) => kept.extend(inner),
                part => kept.push(part),
            },
        }
    }
    factored(kept)
}

fn canonical_and(parts: Vec<Expr>) -> Expr {
    let mut kept = Vec::new();
    for part in parts {
        let part = canonical(part);
        match truth(&part) {
            Some(Some(false)) => return Expr::boolean(false),
            Some(_) => {}
            None => match part {
                Expr::And(inner) => kept.extend(inner),
                part => kept.push(part),
            },
        }
    }
    conjunction(kept)
}

fn conjunction(mut parts: Vec<Expr>) -> Expr {
    match parts.len() {
        0 => Expr::boolean(true),
        1 => parts.remove(0),
        _ => Expr::And(parts),
    }
}

fn disjunction(mut parts: Vec<Expr>) -> Expr {
    match parts.len() {
        0 => Expr::boolean(false),
        1 => parts.remove(0),
        _ => Expr::Or(parts),
    }
}

/// `(a AND b) OR (a AND c)` is `a AND (b OR c)` (`process_duplicate_ors`).
fn factored(parts: Vec<Expr>) -> Expr {
    if parts.len() < 2 {
        return disjunction(parts);
    }
    let arms: Vec<Vec<Expr>> = parts.iter().cloned().map(conjuncts).collect();
    let Some(shortest) = arms.iter().min_by_key(|arm| arm.len()) else {
        return disjunction(parts);
    };
    let mut common: Vec<Expr> = Vec::new();
    for part in shortest {
        if !common.contains(part) && arms.iter().all(|arm| arm.contains(part)) {
            common.push(part.clone());
        }
    }
    if common.is_empty() {
        return Expr::Or(parts);
    }
    let mut rest = Vec::new();
    for arm in arms {
        let left: Vec<Expr> = arm
            .into_iter()
            .filter(|part| !common.contains(part))
            .collect();
        // One arm is all common parts: the others add nothing.
        if left.is_empty() {
            return conjunction(common);
        }
        rest.push(conjunction(left));
    }
    common.push(disjunction(rest));
    conjunction(common)
}
