//! What PostgreSQL 12 to 18 bring along: functions, casts, types, operators, time zones, storage parameters.
//!
//! The facts are the `.tsv` files beside this one, asked from real servers by
//! `cargo run --example generate_builtins`. They are read where they are asked for (see `table`), so a run that
//! asks little pays little. Type names are PostgreSQL's internal ones: `int4`, `varchar`, `bpchar`, `_text`.

mod casts;
mod extensions;
mod functions;
mod opclasses;
mod operators;
mod reloptions;
mod settings;
mod table;
mod time_zones;
mod types;
mod values;

pub use casts::{Cast, CastContext, CastMethod, cast, casts_from};
pub use extensions::{extension_functions, extension_operators, is_known_extension};
pub use functions::{Function, FunctionKind, function_versions, functions};
pub use opclasses::{Opclass, extension_opclasses, has_equality, opclasses};
pub use operators::{Operator, operators};
pub use reloptions::{Reloption, ReloptionKind, reloption, reloption_versions};
pub use settings::{Setting, setting};
pub use table::Versions;
pub use time_zones::zero_offset_time_zone;
pub use types::{Type, TypeKind, type_named, type_versions};
pub use values::Values;
