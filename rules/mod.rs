//! The rules: one pair of files each, a page (`<rule_id>.md`) and a check (`<rule_id>.rs`).
//! To add one, add the pair, a `mod` line and a line in [`all`].

use crate::lint::Rule;

macro_rules! rule {
    ($id:ident) => {
        Rule::new(
            stringify!($id),
            include_str!(concat!(stringify!($id), ".md")),
            $id::CHECK,
        )
    };
}

/// Every rule, in the order in which they run: the specific before the general.
pub fn all() -> Vec<Rule> {
    vec![]
}
