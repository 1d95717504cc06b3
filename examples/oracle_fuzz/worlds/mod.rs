//! Random schemas, by what they are about.

mod inherited;
mod partitioned;
mod plain;
mod proofs;
mod shared;

pub use shared::index_definition;

use crate::choose::Chooser;
use crate::schema::Schema;

/// A schema with rows in it.
pub fn schema(c: &mut Chooser) -> Schema {
    let mut schema = Schema::default();
    match c.below(10) {
        0..=3 => plain::fill(c, &mut schema),
        4..=5 => partitioned::fill(c, &mut schema),
        6 => inherited::fill(c, &mut schema),
        7..=8 => proofs::attach(c, &mut schema),
        _ => proofs::not_null(c, &mut schema),
    }
    schema
}
