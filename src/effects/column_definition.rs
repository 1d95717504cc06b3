//! What the columns and constraints of CREATE TABLE and ADD COLUMN are certain to be refused for.
//!
//! PostgreSQL looks at them in three rounds, and so does this: the text alone (`transformColumnDefinition` in
//! src/backend/parser/parse_utilcmd.c), the types (`BuildDescForRelation`, `CheckAttributeNamesTypes`), and at last
//! the expressions (`AddRelationNewConstraints` in src/backend/catalog/heap.c).

use pg_query::protobuf::{ColumnDef, ConstrType, Constraint};
use pg_query::{Node, NodeEnum};

use super::expression::types::{Kind, Types};
use super::expression::{Facts, Purpose, Scope, analyse_assigned_for, analyse_for};
use super::index_definition::constraint_refusal;
use super::{node, type_change};
use crate::catalog::builtin::{self, TypeKind};
use crate::catalog::expression::columns_read;
use crate::catalog::{BaseType, Relation, Type, UserTypeKind, Volatility};

type Refusal = (&'static str, String);

/// A column of a set (`BuildDescForRelation`).
pub fn refused_set(column: &ColumnDef) -> Option<Refusal> {
    let name = &column.colname;
    let set = column.type_name.as_ref().is_some_and(|ty| ty.setof);
    set.then(|| {
        (
            "42P16",
            format!("column \"{name}\" cannot be declared SETOF"),
        )
    })
}

/// The table that the definitions belong to.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    /// Names are looked up and types are known as they were before the statement.
    pub scope: Scope<'a>,
    pub name: &'a str,
    pub foreign: bool,
    /// CREATE or ALTER FOREIGN TABLE.
    pub said_foreign: bool,
    pub typed: bool,
    pub partition: bool,
    /// ADD COLUMN. Until 16 it does not go through `BuildDescForRelation`.
    pub added: bool,
    /// The table with the new columns in it; none where not all of its columns are known.
    pub after: Option<&'a Relation>,
}

impl<'a> Owner<'a> {
    /// In PostgreSQL's order: all columns for each round.
    pub fn refusal(&self, elements: &[&'a NodeEnum]) -> Option<Refusal> {
        let columns = || {
            elements.iter().filter_map(|element| match element {
                NodeEnum::ColumnDef(column) => Some(column.as_ref()),
                _ => None,
            })
        };
        elements
            .iter()
            .find_map(|element| self.refused_text(element))
            .or_else(|| columns().find_map(|column| self.refused_type(column)))
            .or_else(|| {
                let after = self.after.filter(|after| after.complete)?;
                columns()
                    .find_map(|column| self.refused_value(column, after))
                    .or_else(|| elements.iter().find_map(|it| self.refused_check(it, after)))
                    .or_else(|| elements.iter().find_map(|it| self.refused_index(it, after)))
            })
    }

    fn refused_text(&self, element: &NodeEnum) -> Option<Refusal> {
        match element {
            NodeEnum::ColumnDef(column) => self
                .refused_lookup(column)
                .or_else(|| self.refused_constraints(column)),
            NodeEnum::Constraint(constraint) => self.refused_on_foreign(constraint),
            _ => None,
        }
    }

    fn types(&self) -> Types<'a> {
        self.scope.types()
    }

    fn since(&self, major: u8) -> bool {
        self.scope.version.major() >= major
    }

    fn ty(&self, column: &ColumnDef) -> Option<Type> {
        let name = column.type_name.as_ref()?;
        if node::is_serial(name) {
            return None;
        }
        Some(self.scope.catalog.resolve_type(name, self.scope.settings))
    }

    /// `transformColumnType`
    fn refused_lookup(&self, column: &ColumnDef) -> Option<Refusal> {
        let ty = self.ty(column)?;
        let types = self.types();
        types
            .missing(&ty)
            .or_else(|| type_change::modifiers_refusal(&ty, self.scope.version))
            .or_else(|| {
                let written = column.coll_clause.is_some();
                let refused = written && types.is_known(&ty) && !types.is_collatable(&ty);
                let message = || {
                    format!(
                        "collations are not supported by type {}",
                        types.display(&ty)
                    )
                };
                refused.then(|| ("42804", message()))
            })
    }

    fn refused_constraints(&self, column: &ColumnDef) -> Option<Refusal> {
        let name = &column.colname;
        let of = |what: &str| format!("{what} for column \"{name}\" of table \"{}\"", self.name);
        let serial = column.type_name.as_ref().is_some_and(node::is_serial);
        if serial
            && column
                .type_name
                .as_ref()
                .is_some_and(|it| !it.array_bounds.is_empty())
        {
            return Some(("0A000", "array of serial is not implemented".to_owned()));
        }
        if let Some(refusal) = misplaced_attribute(column) {
            return Some(refusal);
        }
        let (mut default, mut identity, mut generated) = (serial, false, false);
        for constraint in constraints(column) {
            match constraint.contype() {
                ConstrType::ConstrDefault => default = true,
                ConstrType::ConstrIdentity => {
                    if self.typed {
                        let message = "identity columns are not supported on typed tables";
                        return Some(("0A000", message.to_owned()));
                    }
                    if self.partition && !self.since(17) {
                        let message = "identity columns are not supported on partitions";
                        return Some(("0A000", message.to_owned()));
                    }
                    if identity {
                        return Some(("42601", of("multiple identity specifications")));
                    }
                    identity = true;
                    if let Some(refusal) = self.refused_identity(column) {
                        return Some(refusal);
                    }
                }
                ConstrType::ConstrGenerated => {
                    if self.typed {
                        let message = "generated columns are not supported on typed tables";
                        return Some(("0A000", message.to_owned()));
                    }
                    if self.partition && !self.since(16) {
                        let message = "generated columns are not supported on partitions";
                        return Some(("0A000", message.to_owned()));
                    }
                    if generated {
                        return Some(("42601", of("multiple generation clauses specified")));
                    }
                    generated = true;
                }
                _ => {
                    if let Some(refusal) = self.refused_on_foreign(constraint) {
                        return Some(refusal);
                    }
                }
            }
            let both = match (default, identity, generated) {
                (true, true, _) => "both default and identity specified",
                (true, _, true) => "both default and generation expression specified",
                (_, true, true) => "both identity and generation expression specified",
                _ => continue,
            };
            return Some(("42601", of(both)));
        }
        None
    }

    /// The sequence is made before the table (`init_params` in src/backend/commands/sequence.c).
    fn refused_identity(&self, column: &ColumnDef) -> Option<Refusal> {
        let ty = self.ty(column)?;
        let integer = match &ty.base {
            BaseType::Unknown(_) => true,
            _ => !ty.array && matches!(ty.builtin_name(), Some("int2" | "int4" | "int8")),
        };
        let message = "identity column type must be smallint, integer, or bigint";
        (!integer).then(|| ("22023", message.to_owned()))
    }

    pub fn refused_on_foreign(&self, constraint: &Constraint) -> Option<Refusal> {
        if !self.foreign {
            return None;
        }
        let noun = match constraint.contype() {
            ConstrType::ConstrPrimary => "primary key",
            ConstrType::ConstrUnique => "unique",
            ConstrType::ConstrExclusion => "exclusion",
            ConstrType::ConstrForeign => "foreign key",
            _ => return None,
        };
        let message = format!("{noun} constraints are not supported on foreign tables");
        // 12 knows it for one by the word FOREIGN only, and notices later (`DefineIndex`).
        let sqlstate = if self.said_foreign || self.since(13) {
            "0A000"
        } else {
            "42809"
        };
        Some((sqlstate, message))
    }

    /// `CheckAttributeNamesTypes`, `GetAttributeCompression`, `GetAttributeStorage`
    fn refused_type(&self, column: &ColumnDef) -> Option<Refusal> {
        let name = &column.colname;
        if is_system_column(name) {
            let message = format!("column name \"{name}\" conflicts with a system column name");
            return Some(("42701", message));
        }
        if !self.added || self.since(17) {
            let refusal = refused_set(column);
            if refusal.is_some() {
                return refusal;
            }
        }
        let ty = self.ty(column)?;
        let types = self.types();
        if types.kind(&ty) == Kind::Pseudo {
            let message = format!("column \"{name}\" has pseudo-type {}", types.display(&ty));
            return Some(("42P16", message));
        }
        if self.is_row_of_owner(&ty) {
            let message = format!(
                "composite type {} cannot be made a member of itself",
                self.name
            );
            return Some(("42P16", message));
        }
        let toastable = is_toastable(&ty, &self.scope);
        let untoastable = |what: &str| {
            let message = format!("column data type {} {what}", types.display(&ty));
            (toastable == Some(false)).then_some(("0A000", message))
        };
        refused_compression(
            &column.compression,
            untoastable("does not support compression"),
        )
        .or_else(|| {
            refused_storage(
                &column.storage_name,
                untoastable("can only have storage PLAIN"),
            )
        })
    }

    /// `CheckAttributeType`: an array of it, or a domain over it, is no better.
    fn is_row_of_owner(&self, ty: &Type) -> bool {
        let BaseType::User(oid) = ty.base else {
            return false;
        };
        match self.scope.catalog.user_type(oid).map(|ty| &ty.kind) {
            Some(UserTypeKind::Row { relation }) => {
                self.after.is_some_and(|after| after.oid == *relation)
            }
            Some(UserTypeKind::Domain(domain)) => self.is_row_of_owner(&domain.base),
            _ => false,
        }
    }

    fn refused_value(&self, column: &ColumnDef, after: &'a Relation) -> Option<Refusal> {
        let ty = self.ty(column)?;
        constraints(column).find_map(|constraint| {
            let expression = constraint.raw_expr.as_deref()?;
            match constraint.contype() {
                ConstrType::ConstrDefault => {
                    let scope = Scope {
                        relation: None,
                        ..self.scope
                    };
                    analyse_assigned_for(Purpose::Default, expression, &ty, &scope).error
                }
                ConstrType::ConstrGenerated if constraint.generated_kind == "v" => self
                    .refused_virtual(&column.colname, &ty)
                    .or_else(|| self.refused_generation(expression, &ty, after)),
                ConstrType::ConstrGenerated => self.refused_generation(expression, &ty, after),
                _ => None,
            }
        })
    }

    /// `CheckAttributeType`: a value that is computed when it is read must be of a built-in type.
    fn refused_virtual(&self, name: &str, ty: &Type) -> Option<Refusal> {
        let user = matches!(ty.base, BaseType::User(_));
        let message =
            || format!("virtual generated column \"{name}\" cannot have a user-defined type");
        user.then(|| ("0A000", message()))
    }

    /// `cookDefault`, `check_nested_generated_walker`
    fn refused_generation(
        &self,
        expression: &Node,
        ty: &Type,
        after: &'a Relation,
    ) -> Option<Refusal> {
        let facts = analyse_assigned_for(Purpose::Generated, expression, ty, &self.over(after));
        let nested = facts
            .columns
            .iter()
            .find(|name| after.column(name).is_some_and(|it| it.generated.is_some()));
        if let Some(nested) = nested {
            let message =
                format!("cannot use generated column \"{nested}\" in column generation expression");
            return Some(("42P17", message));
        }
        let Facts {
            error,
            volatility,
            assumptions,
            ..
        } = facts;
        error.or_else(|| {
            let refused = volatility > Volatility::Immutable && assumptions.is_empty();
            refused.then(|| ("42P17", "generation expression is not immutable".to_owned()))
        })
    }

    fn over(&self, relation: &'a Relation) -> Scope<'a> {
        Scope {
            relation: Some(relation),
            ..self.scope
        }
    }

    fn refused_index(&self, element: &NodeEnum, after: &'a Relation) -> Option<Refusal> {
        let scope = self.over(after);
        match element {
            NodeEnum::ColumnDef(column) => constraints(column)
                .find_map(|it| constraint_refusal(it, Some(&column.colname), scope, after)),
            NodeEnum::Constraint(constraint) => constraint_refusal(constraint, None, scope, after),
            _ => None,
        }
    }

    fn refused_check(&self, element: &NodeEnum, after: &'a Relation) -> Option<Refusal> {
        match element {
            NodeEnum::ColumnDef(column) => constraints(column)
                .find_map(|constraint| refused_check(constraint, &self.over(after))),
            NodeEnum::Constraint(constraint) => refused_check(constraint, &self.over(after)),
            _ => None,
        }
    }
}

/// Columns that every table has.
pub fn is_system_column(name: &str) -> bool {
    matches!(
        name,
        "ctid" | "xmin" | "cmin" | "xmax" | "cmax" | "tableoid"
    )
}

/// `cookConstraint`: the condition of a CHECK is boolean.
pub fn refused_check(constraint: &Constraint, scope: &Scope) -> Option<Refusal> {
    if constraint.contype() != ConstrType::ConstrCheck {
        return None;
    }
    let facts = analyse_for(Purpose::Check, constraint.raw_expr.as_deref()?, scope);
    if facts.error.is_some() {
        return facts.error;
    }
    let own = |name: &str| scope.relation.is_some_and(|it| it.column(name).is_some());
    if let Some(name) = (columns_read(constraint.raw_expr.as_deref()?).into_iter())
        .find(|name| is_system_column(name) && name != "tableoid" && !own(name))
    {
        let message = format!("system column \"{name}\" reference in check constraint is invalid");
        return Some(("42P10", message));
    }
    let types = scope.types();
    let ty = facts.ty.filter(|ty| types.is_known(ty))?;
    let boolean = types.base(&ty).builtin_name() == Some("bool") && !ty.array;
    let message = || {
        format!(
            "argument of CHECK constraint must be type boolean, not type {}",
            types.display(&ty)
        )
    };
    (!boolean && ty.builtin_name() != Some("unknown")).then(|| ("42804", message()))
}

/// `GetAttributeCompression`: the type is looked at first.
pub fn refused_compression(method: &str, untoastable: Option<Refusal>) -> Option<Refusal> {
    if method.is_empty() || method.eq_ignore_ascii_case("default") {
        return None;
    }
    untoastable.or_else(|| {
        let message = || format!("invalid compression method \"{method}\"");
        (!matches!(method, "pglz" | "lz4")).then(|| ("22023", message()))
    })
}

/// `GetAttributeStorage`
pub fn refused_storage(storage: &str, untoastable: Option<Refusal>) -> Option<Refusal> {
    match storage.to_ascii_lowercase().as_str() {
        "" | "plain" | "default" => None,
        "external" | "extended" | "main" => untoastable,
        other => Some(("22023", format!("invalid storage type \"{other}\""))),
    }
}

/// `TypeIsToastable`: a value may be longer than a page. None: the type is not known.
pub fn is_toastable(ty: &Type, scope: &Scope) -> Option<bool> {
    if ty.array {
        return Some(true);
    }
    match &ty.base {
        BaseType::Builtin(name) => {
            let found = builtin::type_named(name, scope.version)?;
            // The vectors of system catalogs vary in length and are stored PLAIN (pg_type.dat).
            let plain = matches!(name.as_ref(), "int2vector" | "oidvector");
            Some(found.length == -1 && !plain && found.kind != TypeKind::Pseudo)
        }
        BaseType::User(oid) => match &scope.catalog.user_type(*oid)?.kind {
            UserTypeKind::Enum { .. } => Some(false),
            UserTypeKind::Domain(domain) => is_toastable(&domain.base, scope),
            UserTypeKind::Composite { .. }
            | UserTypeKind::Row { .. }
            | UserTypeKind::Range { .. } => Some(true),
            UserTypeKind::Base => None,
        },
        BaseType::Unknown(_) => None,
    }
}

/// `transformConstraintAttrs`: which constraints take DEFERRABLE and NOT ENFORCED.
fn misplaced_attribute(column: &ColumnDef) -> Option<Refusal> {
    use ConstrType as T;
    let mut last = None;
    for constraint in constraints(column) {
        let kind = constraint.contype();
        let (clause, allowed): (&str, &[T]) = match kind {
            T::ConstrAttrDeferrable => ("DEFERRABLE", KEYS),
            T::ConstrAttrNotDeferrable => ("NOT DEFERRABLE", KEYS),
            T::ConstrAttrDeferred => ("INITIALLY DEFERRED", KEYS),
            T::ConstrAttrImmediate => ("INITIALLY IMMEDIATE", KEYS),
            T::ConstrAttrEnforced => ("ENFORCED", &[T::ConstrCheck, T::ConstrForeign]),
            T::ConstrAttrNotEnforced => ("NOT ENFORCED", &[T::ConstrCheck, T::ConstrForeign]),
            _ => {
                last = Some(kind);
                continue;
            }
        };
        if last.is_none_or(|last| !allowed.contains(&last)) {
            return Some(("42601", format!("misplaced {clause} clause")));
        }
    }
    None
}

const KEYS: &[ConstrType] = &[
    ConstrType::ConstrPrimary,
    ConstrType::ConstrUnique,
    ConstrType::ConstrExclusion,
    ConstrType::ConstrForeign,
];

fn constraints(column: &ColumnDef) -> impl Iterator<Item = &Constraint> {
    column
        .constraints
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::Constraint(constraint)) => Some(constraint.as_ref()),
            _ => None,
        })
}
