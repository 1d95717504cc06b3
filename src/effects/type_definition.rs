//! What CREATE DOMAIN, ALTER DOMAIN and CREATE TYPE are certain to be refused for, as far as types and expressions
//! decide it (src/backend/commands/typecmds.c).

use pg_query::protobuf::{
    AlterDomainStmt, CompositeTypeStmt, ConstrType, Constraint, CreateDomainStmt, CreateRangeStmt,
};
use pg_query::{Node, NodeEnum};

use super::expression::types::Kind;
use super::expression::{Purpose, Scope, analyse_assigned_for};
use super::{Collector, column_definition, type_change};
use crate::catalog::{Birth, Column, Domain, Oid, QualifiedName, Relation, RelationKind, Type};

type Refusal = (&'static str, String);

/// `DefineDomain`
pub fn domain_refusal(stmt: &CreateDomainStmt, c: &Collector<'_>) -> Option<Refusal> {
    let name = stmt.type_name.as_ref()?;
    let scope = c.input.scope(None);
    let types = scope.types();
    let ty = c.input.before.resolve_type(name, c.input.settings());
    if let Some(refusal) = types
        .missing(&ty)
        .or_else(|| type_change::modifiers_refusal(&ty, scope.version))
    {
        return Some(refusal);
    }
    let shown = || types.display(&ty);
    if types.kind(&ty) == Kind::Pseudo {
        let message = format!("\"{}\" is not a valid base type for a domain", shown());
        return Some(("42804", message));
    }
    if stmt.coll_clause.is_some() && types.is_known(&ty) && !types.is_collatable(&ty) {
        let message = format!("collations are not supported by type {}", shown());
        return Some(("42804", message));
    }
    let (mut null, mut not_null, mut default) = (false, false, false);
    for constraint in constraints(&stmt.constraints) {
        match constraint.contype() {
            ConstrType::ConstrDefault if default => {
                return Some(("42601", "multiple default expressions".to_owned()));
            }
            ConstrType::ConstrDefault => default = true,
            ConstrType::ConstrNull if not_null => return conflicting_null(),
            ConstrType::ConstrNull => null = true,
            ConstrType::ConstrNotnull if null => return conflicting_null(),
            ConstrType::ConstrNotnull => not_null = true,
            _ => {}
        }
        if let Some(refusal) = constraint_refusal(constraint, &ty, &scope) {
            return Some(refusal);
        }
    }
    None
}

fn conflicting_null() -> Option<Refusal> {
    Some(("42601", "conflicting NULL/NOT NULL constraints".to_owned()))
}

fn constraints(nodes: &[Node]) -> impl Iterator<Item = &Constraint> {
    nodes.iter().filter_map(|node| match &node.node {
        Some(NodeEnum::Constraint(constraint)) => Some(constraint.as_ref()),
        _ => None,
    })
}

/// One constraint of a domain over the type.
fn constraint_refusal(constraint: &Constraint, base: &Type, scope: &Scope) -> Option<Refusal> {
    let impossible = |what: &str| Some(("42601", format!("{what} not possible for domains")));
    match constraint.contype() {
        ConstrType::ConstrDefault => default_refusal(constraint.raw_expr.as_deref()?, base, scope),
        ConstrType::ConstrCheck if constraint.is_no_inherit => Some((
            "42P16",
            "check constraints for domains cannot be marked NO INHERIT".to_owned(),
        )),
        ConstrType::ConstrCheck => check_refusal(constraint, base, scope),
        ConstrType::ConstrUnique => impossible("unique constraints"),
        ConstrType::ConstrPrimary => impossible("primary key constraints"),
        ConstrType::ConstrExclusion => impossible("exclusion constraints"),
        ConstrType::ConstrForeign => impossible("foreign key constraints"),
        ConstrType::ConstrGenerated => impossible("specifying GENERATED"),
        _ => None,
    }
}

fn default_refusal(default: &Node, base: &Type, scope: &Scope) -> Option<Refusal> {
    analyse_assigned_for(Purpose::Default, default, base, scope).error
}

/// VALUE is the only name in it.
fn check_refusal(constraint: &Constraint, base: &Type, scope: &Scope) -> Option<Refusal> {
    let mut value = Relation::new(
        Oid(0),
        QualifiedName::new("pg_temp", "value"),
        RelationKind::Table,
        Birth::BEFORE,
    );
    value.complete = true;
    value.columns.push(Column::plain("value", base.clone()));
    let scope = Scope {
        relation: Some(&value),
        ..*scope
    };
    column_definition::refused_check(constraint, &scope)
}

/// `AlterDomainDefault`, `AlterDomainAddConstraint`
pub fn altered_domain_refusal(
    stmt: &AlterDomainStmt,
    domain: &Domain,
    c: &Collector<'_>,
) -> Option<Refusal> {
    let definition = stmt.def.as_deref()?;
    let scope = c.input.scope(None);
    match (stmt.subtype.as_str(), &definition.node) {
        ("T", _) => default_refusal(definition, &domain.base, &scope),
        ("C", Some(NodeEnum::Constraint(constraint))) => {
            constraint_refusal(constraint, &domain.base, &scope)
        }
        _ => None,
    }
}

/// `DefineCompositeType`
pub fn composite_refusal(stmt: &CompositeTypeStmt, c: &Collector<'_>) -> Option<Refusal> {
    let scope = c.input.scope(None);
    let types = scope.types();
    let mut seen: Vec<&str> = Vec::new();
    for attribute in &stmt.coldeflist {
        let Some(NodeEnum::ColumnDef(attribute)) = &attribute.node else {
            continue;
        };
        let name = attribute.colname.as_str();
        let Some(written) = &attribute.type_name else {
            continue;
        };
        let ty = c.input.before.resolve_type(written, c.input.settings());
        if let Some(refusal) = types
            .missing(&ty)
            .or_else(|| type_change::modifiers_refusal(&ty, scope.version))
        {
            return Some(refusal);
        }
        if seen.contains(&name) {
            let message = format!("column \"{name}\" specified more than once");
            return Some(("42701", message));
        }
        seen.push(name);
        let refusal = column_definition::refused_set(attribute);
        if refusal.is_some() {
            return refusal;
        }
        if types.kind(&ty) == Kind::Pseudo {
            let message = format!("column \"{name}\" has pseudo-type {}", types.display(&ty));
            return Some(("42P16", message));
        }
    }
    None
}

/// `DefineRange`: the subtype exists and can be ordered.
pub fn range_refusal(stmt: &CreateRangeStmt, c: &Collector<'_>) -> Option<Refusal> {
    let scope = c.input.scope(None);
    let types = scope.types();
    let options = || {
        stmt.params.iter().filter_map(|option| match &option.node {
            Some(NodeEnum::DefElem(option)) => Some(option.as_ref()),
            _ => None,
        })
    };
    let Some(subtype) = options().find(|option| option.defname == "subtype") else {
        return Some(("42601", "type attribute \"subtype\" is required".to_owned()));
    };
    let Some(NodeEnum::TypeName(name)) = subtype.arg.as_ref()?.node.as_ref() else {
        return None;
    };
    let ty = c.input.before.resolve_type(name, c.input.settings());
    if let Some(refusal) = types.missing(&ty) {
        return Some(refusal);
    }
    if types.kind(&ty) == Kind::Pseudo {
        let message = format!("range subtype cannot be {}", types.display(&ty));
        return Some(("42804", message));
    }
    let catalog = c.input.before;
    let named = options().any(|option| option.defname == "subtype_opclass");
    if named || !catalog.complete || !type_change::all_opclasses_known(catalog) {
        return None;
    }
    let all = type_change::all_opclasses(catalog, "btree", scope.version);
    types
        .is_known(&ty)
        .then(|| type_change::refused_default_opclass(types, &all, "btree", &ty))
        .flatten()
}
