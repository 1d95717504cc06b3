//! Random schemas, by what they are about.

mod inherited;
mod partitioned;
mod plain;
mod proofs;
mod shared;
mod written;

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
    Domains,
    Generated,
    Indexes,
    Levels,
    Likes,
    Rows,
    Security,
    Temporal,
    Transactions,
    Triggers,
    Types,
    Upkeep,
    Views,
}

/// A schema with rows in it; `only` about this.
pub fn schema(c: &mut Chooser, only: Option<World>) -> Schema {
    let mut schema = Schema::default();
    let any = match c.below(24) {
        0..=3 => World::Plain,
        4..=5 => World::Partitioned,
        6 => World::Inherited,
        7..=8 => World::Attach,
        9 => World::NotNull,
        10 => World::Domains,
        11 => World::Generated,
        12 => World::Indexes,
        13 => World::Levels,
        14 => World::Likes,
        15 => World::Rows,
        16 => World::Security,
        17 => World::Temporal,
        18 | 19 => World::Transactions,
        20 => World::Triggers,
        21 => World::Types,
        22 => World::Upkeep,
        _ => World::Views,
    };
    match only.unwrap_or(any) {
        World::Plain => plain::fill(c, &mut schema),
        World::Partitioned => partitioned::fill(c, &mut schema),
        World::Inherited => inherited::fill(c, &mut schema),
        World::Attach => proofs::attach(c, &mut schema),
        World::NotNull => proofs::not_null(c, &mut schema),
        World::Domains => written::fill(c, &mut schema, &written::domains::WORLD),
        World::Generated => written::fill(c, &mut schema, &written::generated::WORLD),
        World::Indexes => written::fill(c, &mut schema, &written::indexes::WORLD),
        World::Levels => written::fill(c, &mut schema, &written::levels::WORLD),
        World::Likes => written::fill(c, &mut schema, &written::likes::WORLD),
        World::Rows => written::fill(c, &mut schema, &written::rows::WORLD),
        World::Security => written::fill(c, &mut schema, &written::security::WORLD),
        World::Temporal => written::fill(c, &mut schema, &written::temporal::WORLD),
        World::Transactions => written::fill(c, &mut schema, &written::transactions::WORLD),
        World::Triggers => written::fill(c, &mut schema, &written::triggers::WORLD),
        World::Types => written::fill(c, &mut schema, &written::types::WORLD),
        World::Upkeep => written::fill(c, &mut schema, &written::upkeep::WORLD),
        World::Views => written::fill(c, &mut schema, &written::views::WORLD),
    }
    schema
}
