//! Functions and operators that contrib extensions bring.

use super::candidates::{self, Candidate, Written};
use super::types::Types;
use crate::catalog::builtin::{extension_functions, extension_operators, is_known_extension};
use crate::catalog::{Catalog, Type};

/// The extension functions of the call's name. They may be in any schema.
pub fn functions(types: Types<'_>, call: &Written<'_>) -> Vec<Candidate> {
    extension_functions(call.name, types.version)
        .filter(|(extension, _)| may_be_installed(types.catalog, extension))
        .filter_map(|(_, function)| candidates::from_builtin(types, &function, call))
        .collect()
}

/// The extension operators of that name for these operands.
pub fn operators(types: Types<'_>, name: &str, left: Option<&Type>) -> Vec<Candidate> {
    extension_operators(name, types.version)
        .filter(|(extension, operator)| {
            may_be_installed(types.catalog, extension)
                && operator.left.is_some() == left.is_some()
                && operator.right.is_some()
        })
        .map(|(_, operator)| candidates::from_operator(types, &operator))
        .collect()
}

/// Nobody knows what a database had before the history.
fn may_be_installed(catalog: &Catalog, extension: &str) -> bool {
    catalog.extensions.contains(extension) || !catalog.complete
}

/// Whether every function that can exist is known.
pub fn all_known(catalog: &Catalog) -> bool {
    catalog
        .extensions
        .iter()
        .all(|name| is_known_extension(name))
}
