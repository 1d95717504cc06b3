//! The oracle: what real PostgreSQL servers do with a statement, recorded and asked again.

pub mod cases;
pub mod compare;
pub mod recorder;
mod session;
mod stepper;

#[path = "../servers.rs"]
pub mod servers;
