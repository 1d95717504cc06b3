//! NOT NULL for a column of a table in use: proved first, then required.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, BoolExprType, NullTestType};

use super::steps::{constraint_name, own, promise, recipe, validate};
use crate::catalog::{ConstraintKind, QualifiedName, Relation};
use crate::effects::Target;
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Context, Recipe, Step};

/// In the place of SET NOT NULL, or of ADD CONSTRAINT ... NOT NULL.
pub fn set_not_null(
    cx: &Context<'_>,
    relation: &Target,
    column: &str,
    span: &Range<usize>,
) -> Recipe {
    let written = cx
        .commands()
        .into_iter()
        .find(|command| command.span.start <= span.start && span.start < command.span.end);
    let named = written.and_then(|command| match command.node.def.as_ref()?.node.as_ref()? {
        NodeEnum::Constraint(constraint)
            if command.node.subtype() == AlterTableType::AtAddConstraint
                && !constraint.conname.is_empty() =>
        {
            Some(constraint.conname.clone())
        }
        _ => None,
    });
    recipe(
        "prove first, then require",
        require(cx, &relation.name, column, named),
    )
}

/// The steps to NOT NULL. `name` is the constraint's, which version 18 keeps; without one it gets the name that SET
/// NOT NULL would give it.
pub fn require(
    cx: &Context<'_>,
    table: &QualifiedName,
    column: &str,
    name: Option<String>,
) -> Vec<Step> {
    let relation = cx.before.relation_named(table);
    if cx.version().major() >= 18 && relation.is_some_and(|relation| relation.complete) {
        let promised = relation
            .and_then(|relation| relation.not_null_constraint(column))
            .filter(|constraint| !constraint.valid);
        if let Some(promised) = promised {
            return vec![validate(table, &promised.name)];
        }
        let name = name.unwrap_or_else(|| constraint_name(cx, table, Some(column), "not_null"));
        return promise(table, &name, &format!("NOT NULL {}", ident(column)));
    }
    let (sql, quoted) = (sql_name(table), ident(column));
    if let Some(proof) = relation.and_then(|relation| promised_check(relation, column)) {
        return vec![
            validate(table, proof),
            own(
                "no scan: the valid CHECK proves it",
                format!("ALTER TABLE {sql} ALTER COLUMN {quoted} SET NOT NULL;"),
            ),
        ];
    }
    // SET NOT NULL of version 18 takes the name that ends in `_not_null` for itself.
    let proof = constraint_name(cx, table, Some(column), "is_not_null");
    let mut steps = promise(table, &proof, &format!("CHECK ({quoted} IS NOT NULL)"));
    steps.push(own(
        "no scan: the valid CHECK proves it",
        format!("ALTER TABLE {sql} ALTER COLUMN {quoted} SET NOT NULL;"),
    ));
    steps.push(own(
        "the CHECK has done its work; not in the same statement",
        format!("ALTER TABLE {sql} DROP CONSTRAINT {};", ident(&proof)),
    ));
    steps
}

/// A CHECK of the user's own that says the same and waits for its VALIDATE.
fn promised_check<'a>(relation: &'a Relation, column: &str) -> Option<&'a str> {
    relation
        .constraints
        .iter()
        .find_map(|constraint| match &constraint.kind {
            ConstraintKind::Check {
                expression,
                columns,
            } if !constraint.valid
                && constraint.enforced
                && columns.as_slice() == [column.to_owned()] =>
            {
                says_not_null(expression.node.as_ref()?).then_some(constraint.name.as_str())
            }
            _ => None,
        })
}

fn says_not_null(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::NullTest(test) => {
            test.nulltesttype() == NullTestType::IsNotNull
                && matches!(
                    test.arg.as_ref().and_then(|arg| arg.node.as_ref()),
                    Some(NodeEnum::ColumnRef(_))
                )
        }
        NodeEnum::BoolExpr(all) if all.boolop() == BoolExprType::AndExpr => all
            .args
            .iter()
            .filter_map(|part| part.node.as_ref())
            .any(says_not_null),
        _ => false,
    }
}
