//! A rule id that does not exist; the engine reports it where it stands.

use crate::lint::Check;

pub const CHECK: Check = Check::Engine;
