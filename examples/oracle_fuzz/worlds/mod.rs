//! Random schemas, by what they are about.

mod inherited;
mod partitioned;
mod plain;
mod proofs;
mod shared;

pub use shared::index_definition;

use clap::ValueEnum;

use crate::choose::Chooser;
use crate::schema::Schema;

/// What a schema is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum World {
    /// Tables that reference each other, with everything around them
    Plain,
    /// A partitioned table
    Partitioned,
    /// A table that others inherit from
    Inherited,
    /// Constraints that imply partition bounds, or seem to
    Attach,
    /// Constraints that imply NOT NULL, or seem to
    NotNull,
}

/// A schema with rows in it; `only` about this.
pub fn schema(c: &mut Chooser, only: Option<World>) -> Schema {
    let mut schema = Schema::default();
    let any = match c.below(10) {
        0..=3 => World::Plain,
        4..=5 => World::Partitioned,
        6 => World::Inherited,
        7..=8 => World::Attach,
        _ => World::NotNull,
    };
    match only.unwrap_or(any) {
        World::Plain => plain::fill(c, &mut schema),
        World::Partitioned => partitioned::fill(c, &mut schema),
        World::Inherited => inherited::fill(c, &mut schema),
        World::Attach => proofs::attach(c, &mut schema),
        World::NotNull => proofs::not_null(c, &mut schema),
    }
    schema
}
