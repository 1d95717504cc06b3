//! An ignore comment without a reason; the engine reports it where the configuration asks for reasons.

use crate::lint::Check;

pub const CHECK: Check = Check::Engine;
