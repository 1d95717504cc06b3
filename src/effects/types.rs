//! Effects of domains, enums, composite and range types.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterDomainStmt, AlterEnumStmt, AlterTypeStmt, CompositeTypeStmt, ConstrType, Constraint,
    CreateDomainStmt, CreateEnumStmt, CreateRangeStmt,
};

use super::{Collector, LockMode, Reason, node, type_definition};
use crate::catalog::{
    BaseType, Catalog, Domain, Oid, QualifiedName, Relation, RelationKind, Type, UserType,
    UserTypeKind,
};

/// Nobody uses the type yet.
pub fn create_domain(stmt: &CreateDomainStmt, c: &mut Collector<'_>) {
    refuse(type_definition::domain_refusal(stmt, c), c);
}

fn refuse(refusal: Option<(&'static str, String)>, c: &mut Collector<'_>) {
    if let Some((sqlstate, message)) = refusal {
        c.error(sqlstate, message, c.input.span());
    }
}

pub fn create_enum(_stmt: &CreateEnumStmt, _c: &mut Collector<'_>) {}

pub fn create_composite(stmt: &CompositeTypeStmt, c: &mut Collector<'_>) {
    refuse(type_definition::composite_refusal(stmt, c), c);
}

pub fn create_range(stmt: &CreateRangeStmt, c: &mut Collector<'_>) {
    refuse(type_definition::range_refusal(stmt, c), c);
}

/// ALTER TYPE ... SET (options) of a base type.
pub fn alter_type(_stmt: &AlterTypeStmt, _c: &mut Collector<'_>) {}

/// ADD VALUE and RENAME VALUE lock no table, whatever uses the enum.
pub fn alter_enum(_stmt: &AlterEnumStmt, _c: &mut Collector<'_>) {}

/// src/backend/commands/typecmds.c: what checks existing values takes Share on every table with a column of the
/// domain and reads it; everything else locks no table.
pub fn alter_domain(stmt: &AlterDomainStmt, c: &mut Collector<'_>) {
    let parts = node::strings(&stmt.type_name);
    let Some(found) = find(&parts, c) else {
        unknown_domain(stmt, &parts, c);
        return;
    };
    let UserTypeKind::Domain(domain) = &found.kind else {
        let message = format!("{} is not a domain", found.name.name);
        c.error("42809", message, c.input.span());
        return;
    };
    if let Some((sqlstate, message)) = type_definition::altered_domain_refusal(stmt, domain, c) {
        c.error(sqlstate, message, c.input.span());
        return;
    }
    match checks(stmt, domain, c) {
        Checks::Nothing => {}
        Checks::Values => check_values(found, c),
        Checks::Refused(sqlstate, message) => c.error(sqlstate, message, c.input.span()),
    }
}

enum Checks {
    Nothing,
    Values,
    Refused(&'static str, String),
}

/// The subtype is a letter: `T` default, `N` drop NOT NULL, `O` set NOT NULL, `C` add, `X` drop, `V` validate.
fn checks(stmt: &AlterDomainStmt, domain: &Domain, c: &Collector<'_>) -> Checks {
    match stmt.subtype.as_str() {
        "O" if domain.not_null => Checks::Nothing,
        "O" => Checks::Values,
        "C" => match added(stmt) {
            Some(constraint) => added_checks(constraint, domain),
            None => Checks::Nothing,
        },
        "V" if domain.checks.iter().any(|check| check.name == stmt.name) => Checks::Values,
        "V" | "X" if known_missing(stmt, domain, c) => Checks::Refused(
            "42704",
            format!(
                "constraint \"{}\" of domain \"{}\" does not exist",
                stmt.name,
                node::strings(&stmt.type_name).pop().unwrap_or_default()
            ),
        ),
        _ => Checks::Nothing,
    }
}

fn added(stmt: &AlterDomainStmt) -> Option<&Constraint> {
    match stmt.def.as_ref()?.node.as_ref()? {
        NodeEnum::Constraint(constraint) => Some(constraint),
        _ => None,
    }
}

fn added_checks(constraint: &Constraint, domain: &Domain) -> Checks {
    match constraint.contype() {
        ConstrType::ConstrCheck if constraint.skip_validation => Checks::Nothing,
        ConstrType::ConstrCheck => Checks::Values,
        ConstrType::ConstrNotnull if domain.not_null => Checks::Nothing,
        ConstrType::ConstrNotnull => Checks::Values,
        _ => Checks::Nothing,
    }
}

/// NOT NULL constraints of a domain have names from 17 on, which are not followed.
fn known_missing(stmt: &AlterDomainStmt, domain: &Domain, c: &Collector<'_>) -> bool {
    c.input.before.complete
        && !stmt.missing_ok
        && !domain.not_null
        && !domain.checks.iter().any(|check| check.name == stmt.name)
}

fn unknown_domain(stmt: &AlterDomainStmt, parts: &[String], c: &mut Collector<'_>) {
    let checks = match stmt.subtype.as_str() {
        "O" | "V" => true,
        "C" => added(stmt).is_some_and(|constraint| !constraint.skip_validation),
        _ => false,
    };
    if checks {
        c.assume(format!(
            "domain {} was not created by a known migration: tables with a column of it, which are locked against \
             writes and read, are not known",
            parts.join(".")
        ));
    }
}

/// `get_rels_with_domain`: tables and materialized views whose columns are of the domain, or of a domain over it. A
/// column that holds it inside an array, range or composite type cannot be checked.
fn check_values(domain: &UserType, c: &mut Collector<'_>) {
    let span = c.input.span();
    let catalog = c.input.before;
    let reason = Reason::DomainConstraint {
        domain: domain.name.name.clone(),
    };
    for relation in catalog.relations() {
        match use_of(relation, domain.oid, catalog) {
            Use::None => {}
            Use::Inside(column) => {
                let message = format!(
                    "cannot alter type \"{}\" because column \"{}.{column}\" uses it",
                    domain.name.name, relation.name.name
                );
                c.error("0A000", message, span);
                return;
            }
            Use::Column => check_table(relation, &reason, c, &span),
        }
    }
}

fn check_table(relation: &Relation, reason: &Reason, c: &mut Collector<'_>, span: &Range<usize>) {
    // Others hold no values of their own: they are opened and given back.
    if !matches!(
        relation.kind,
        RelationKind::Table | RelationKind::MaterializedView
    ) {
        return;
    }
    c.because("it has a column of the domain", |c| {
        c.lock(relation.oid, LockMode::Share, span.clone());
    });
    c.scan(relation.oid, reason.clone(), span.clone());
}

enum Use {
    None,
    /// A column is of the domain or of a domain over it.
    Column,
    /// A column's type contains it.
    Inside(String),
}

fn use_of(relation: &Relation, domain: Oid, catalog: &Catalog) -> Use {
    let mut found = Use::None;
    if relation.kind == RelationKind::CompositeType {
        return found;
    }
    for column in &relation.columns {
        match contains(&column.ty, domain, catalog, 0) {
            Some(true) => found = Use::Column,
            Some(false) => return Use::Inside(column.name.clone()),
            None => {}
        }
    }
    found
}

/// None: does not hold it; true: is it, through domains only; false: holds it inside another type.
fn contains(ty: &Type, domain: Oid, catalog: &Catalog, depth: usize) -> Option<bool> {
    // Composite types cannot contain themselves, but a catalog made of guesses might.
    if depth > 32 {
        return None;
    }
    let BaseType::User(oid) = ty.base else {
        return None;
    };
    let held = if oid == domain {
        Some(true)
    } else {
        match &catalog.user_type(oid)?.kind {
            UserTypeKind::Domain(over) => contains(&over.base, domain, catalog, depth + 1),
            UserTypeKind::Composite { attributes } => attributes
                .iter()
                .find_map(|(_, ty)| contains(ty, domain, catalog, depth + 1))
                .map(|_| false),
            UserTypeKind::Row { relation } => catalog
                .relation(*relation)?
                .columns
                .iter()
                .find_map(|column| contains(&column.ty, domain, catalog, depth + 1))
                .map(|_| false),
            UserTypeKind::Range { subtype } => {
                contains(subtype, domain, catalog, depth + 1).map(|_| false)
            }
            UserTypeKind::Enum { .. } | UserTypeKind::Base => None,
        }
    };
    held.map(|plain| plain && !ty.array)
}

/// A user's type by its written name, through the search path.
pub(super) fn find<'a>(parts: &[String], c: &Collector<'a>) -> Option<&'a UserType> {
    let catalog = c.input.before;
    let oid = match parts {
        [name] => std::iter::once("pg_temp")
            .chain(c.input.settings().search_path.iter().map(String::as_str))
            .find_map(|schema| catalog.type_oid(&QualifiedName::new(schema, name.clone()))),
        [.., schema, name] => catalog.type_oid(&QualifiedName::new(schema.clone(), name.clone())),
        [] => None,
    };
    catalog.user_type(oid?)
}
