//! Names in parse trees and in text: lists of name parts, folding, and PostgreSQL's length limit.

use pg_query::NodeEnum;
use pg_query::protobuf::Node;

/// The longest name PostgreSQL keeps, in bytes (`NAMEDATALEN - 1`).
pub const MAX_NAME_BYTES: usize = 63;

/// The parts of a name list (`names`, `objname`, `typname` ...). Nodes that are not strings, such
/// as `*`, are left out.
pub fn parts(nodes: &[Node]) -> Vec<String> {
    nodes
        .iter()
        .filter_map(|node| match node.node.as_ref()? {
            NodeEnum::String(string) => Some(string.sval.clone()),
            _ => None,
        })
        .collect()
}

/// The name as PostgreSQL keeps it: cut to 63 bytes at a character's boundary (`truncate_identifier`).
/// The parser does so for names in SQL, but not for the contents of strings.
pub fn truncate(name: &str) -> &str {
    &name[..name.floor_char_boundary(MAX_NAME_BYTES)]
}

/// A name token's meaning: `"Quoted ""x"""` is unquoted, anything else is folded to lower case; both
/// are truncated. Only ASCII letters are folded, as in a UTF-8 database (`downcase_identifier`).
pub fn from_token(token: &str) -> String {
    let name = match token
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => token.to_ascii_lowercase(),
    };
    truncate(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{from_token, truncate};

    #[test]
    fn names_are_folded_or_unquoted() {
        assert_eq!(from_token("Orders"), "orders");
        assert_eq!(from_token("ÄB"), "Äb");
        assert_eq!(from_token("\"My \"\"x\"\"\""), "My \"x\"");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let long = format!("{}ü", "a".repeat(62));
        assert_eq!(truncate(&long), "a".repeat(62));
        assert_eq!(truncate("short"), "short");
        assert_eq!(from_token(&"b".repeat(70)).len(), 63);
    }
}
