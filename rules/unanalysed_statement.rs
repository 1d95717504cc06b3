//! SQL that could not be judged; the engine reports it where it meets it.

use crate::lint::Check;

pub const CHECK: Check = Check::Engine;
