//! Functions that widely used extensions bring.

use super::candidates::{Resolution, Written};
use super::types::Types;
use crate::catalog::Catalog;

/// The extension function that is meant, if the catalog has none of that name.
pub fn function(_types: Types<'_>, _call: &Written<'_>) -> Resolution {
    Resolution::Absent
}

/// Whether every function that can exist is known.
pub fn all_known(catalog: &Catalog) -> bool {
    catalog.extensions.iter().all(|name| name == "plpgsql")
}
