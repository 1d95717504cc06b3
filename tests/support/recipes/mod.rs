//! The recipes of findings as tests: every `bad` example of the rules' pages that carries one, and the further
//! cases of `fixtures/recipes/`, which are written like pages.

pub mod cases;
pub mod script;
