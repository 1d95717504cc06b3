//! Text that PostgreSQL's parser refuses; the engine reports it where it splits the file.

use crate::lint::Check;

pub const CHECK: Check = Check::Engine;
