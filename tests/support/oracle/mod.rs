//! The oracle: what real PostgreSQL servers do with a statement, recorded and asked again.

pub mod cases;
pub mod compare;
pub mod recorder;
pub mod session;
pub mod stepper;

#[path = "../servers.rs"]
pub mod servers;
