//! Every node of a raw parse tree, in the order of the text where the tree keeps it.
//!
//! The matches are exhaustive: a node that a new grammar brings does not compile until somebody says
//! what it holds. Strings that are only names (of functions, operators, roles) are not nodes here.

mod query;
mod statement;

use pg_query::{Node, NodeEnum, NodeRef};

/// The node and everything below it, parents before children.
pub fn descendants<'a>(root: &'a NodeEnum) -> impl Iterator<Item = NodeRef<'a>> {
    below(root.to_ref())
}

/// [`descendants`] of a part of a tree.
pub fn below<'a>(root: NodeRef<'a>) -> impl Iterator<Item = NodeRef<'a>> {
    let mut waiting = vec![root];
    std::iter::from_fn(move || {
        let next = waiting.pop()?;
        waiting.extend(children(next).into_iter().rev());
        Some(next)
    })
}

/// The nodes directly below a node.
pub fn children(node: NodeRef<'_>) -> Vec<NodeRef<'_>> {
    let mut into = Children(Vec::new());
    query::children(node, &mut into);
    into.0
}

/// Collects children.
struct Children<'a>(Vec<NodeRef<'a>>);

impl<'a> Children<'a> {
    fn list(&mut self, nodes: &'a [Node]) -> &mut Self {
        self.0.extend(
            nodes
                .iter()
                .filter_map(|node| Some(node.node.as_ref()?.to_ref())),
        );
        self
    }

    fn node(&mut self, node: Option<&'a Node>) -> &mut Self {
        self.part(node.and_then(|node| Some(node.node.as_ref()?.to_ref())))
    }

    fn part(&mut self, node: Option<NodeRef<'a>>) -> &mut Self {
        self.0.extend(node);
        self
    }
}

#[cfg(test)]
mod tests {
    use pg_query::NodeRef;

    use super::descendants;

    fn relations(sql: &str) -> Vec<String> {
        let tree = pg_query::parse(sql, 0).unwrap();
        let node = tree.protobuf.stmts[0]
            .stmt
            .as_ref()
            .unwrap()
            .node
            .as_ref()
            .unwrap();
        descendants(node)
            .filter_map(|node| match node {
                NodeRef::RangeVar(name) => Some(name.relname.clone()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn every_relation_of_a_query_is_found() {
        let sql = "WITH w AS (DELETE FROM a RETURNING *) \
                   SELECT (SELECT x FROM b), CASE WHEN EXISTS (TABLE c) THEN 1 END, \
                   max(y) FILTER (WHERE y IN (SELECT z FROM d)) OVER (ORDER BY (SELECT 1 FROM e)) \
                   FROM f JOIN g ON f.x = ANY (ARRAY(SELECT z FROM h)), LATERAL (TABLE i) s \
                   WHERE ROW (1, 2) = (SELECT 1, 2 FROM j) \
                   GROUP BY GROUPING SETS ((f.x), ()) HAVING (SELECT true FROM k) \
                   ORDER BY (SELECT 1 FROM l) LIMIT (SELECT 1 FROM m)";
        let mut found = relations(sql);
        found.sort();
        assert_eq!(found.concat(), "abcdefghijklm");
    }

    #[test]
    fn relations_of_utility_statements_are_found() {
        assert_eq!(
            relations("EXPLAIN INSERT INTO a SELECT * FROM b UNION ALL SELECT * FROM c"),
            ["a", "b", "c"]
        );
        assert_eq!(
            relations(
                "CREATE TABLE a (x int CHECK (x > 0), y int REFERENCES b, LIKE c) INHERITS (d)"
            ),
            ["a", "b", "c", "d"]
        );
        assert_eq!(
            relations(
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT * FROM a; INSERT INTO b VALUES (1); END"
            ),
            ["a", "b"]
        );
    }
}
