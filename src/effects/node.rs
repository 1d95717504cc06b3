//! Small readings of parse tree nodes that several families share.

use pg_query::protobuf::TypeName;
use pg_query::{Node, NodeEnum};

/// The text of a String node.
pub fn string(node: &Node) -> Option<&str> {
    match &node.node {
        Some(NodeEnum::String(string)) => Some(&string.sval),
        _ => None,
    }
}

/// The texts of a list of String nodes.
pub fn strings(nodes: &[Node]) -> Vec<String> {
    nodes.iter().filter_map(string).map(str::to_owned).collect()
}

/// `serial`, `bigserial` and their like: not types but a shorthand (`transformColumnDefinition` in
/// src/backend/parser/parse_utilcmd.c).
pub fn is_serial(name: &TypeName) -> bool {
    let [only] = name.names.as_slice() else {
        return false;
    };
    matches!(
        string(only),
        Some("serial" | "serial2" | "serial4" | "serial8" | "smallserial" | "bigserial")
    )
}

/// The columns that INSERT, UPDATE or MERGE names as its targets.
pub fn target_names(targets: &[Node]) -> Vec<&str> {
    targets
        .iter()
        .filter_map(|target| match target.node.as_ref()? {
            NodeEnum::ResTarget(target) => Some(target.name.as_str()),
            _ => None,
        })
        .collect()
}
