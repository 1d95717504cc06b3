//! What the report formats write, over outcomes and plans made by hand.

mod machine;
mod made;
mod plan;
mod text;
