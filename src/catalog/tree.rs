//! Walking queries and expressions with the choice to leave out what is below a node, and changing them in
//! place. Without recursion: depth costs memory, never the stack.

use pg_query::{Node, NodeEnum, protobuf};

/// Visits a node and everything below it, parents before children and left before right. `visit`
/// says whether to go below the node it was given.
pub fn walk<'a>(root: &'a NodeEnum, mut visit: impl FnMut(&'a NodeEnum) -> bool) {
    let mut stack = vec![root];
    while let Some(node) = stack.pop() {
        if !visit(node) {
            continue;
        }
        let first = stack.len();
        children(node, &mut |child| stack.extend(&child.node));
        stack[first..].reverse();
    }
}

/// [`walk`] over a tree that is being changed.
pub fn walk_mut(root: &mut NodeEnum, mut visit: impl FnMut(&mut NodeEnum) -> bool) {
    let mut stack = vec![root];
    while let Some(node) = stack.pop() {
        if visit(node) {
            children_mut(node, &mut |child| stack.extend(&mut child.node));
        }
    }
}

/// Takes the positions out of an expression, so that equal expressions from different places are equal.
pub fn erase_locations(root: &mut NodeEnum) {
    walk_mut(root, |node| {
        erase_location(node);
        true
    });
}

fn erase_location(node: &mut NodeEnum) {
    macro_rules! erase {
        ($($kind:ident),*) => {
            match node {
                $(NodeEnum::$kind(part) => part.location = -1,)*
                _ => {}
            }
        };
    }
    match node {
        NodeEnum::TypeCast(cast) => {
            if let Some(ty) = &mut cast.type_name {
                ty.location = -1;
                for modifier in &mut ty.typmods {
                    if let Some(NodeEnum::AConst(constant)) = &mut modifier.node {
                        constant.location = -1;
                    }
                }
            }
        }
        NodeEnum::AExpr(operation) => {
            operation.rexpr_list_start = 0;
            operation.rexpr_list_end = 0;
        }
        NodeEnum::AArrayExpr(array) => {
            array.list_start = 0;
            array.list_end = 0;
        }
        _ => {}
    }
    erase!(
        AConst,
        ColumnRef,
        ParamRef,
        AExpr,
        BoolExpr,
        FuncCall,
        TypeCast,
        CaseExpr,
        CaseWhen,
        CoalesceExpr,
        NullTest,
        BooleanTest,
        AArrayExpr,
        RowExpr,
        CollateClause,
        SubLink,
        MinMaxExpr,
        XmlExpr,
        XmlSerialize,
        NamedArgExpr,
        GroupingFunc,
        GroupingSet,
        ResTarget,
        SortBy,
        WindowDef,
        SqlvalueFunction,
        CommonTableExpr,
        JsonFuncExpr,
        JsonParseExpr,
        JsonScalarExpr,
        JsonSerializeExpr,
        JsonObjectConstructor,
        JsonArrayConstructor,
        JsonArrayQueryConstructor,
        JsonAggConstructor,
        JsonIsPredicate,
        JsonBehavior,
        RangeVar
    );
}

/// Something that holds nodes.
trait Parts {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Node));
    fn each_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut Node));
}

impl Parts for Node {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        visit(self);
    }

    fn each_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut Node)) {
        visit(self);
    }
}

impl<T: Parts> Parts for Box<T> {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        (**self).each(visit);
    }

    fn each_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut Node)) {
        (**self).each_mut(visit);
    }
}

impl<T: Parts> Parts for Option<T> {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        if let Some(part) = self {
            part.each(visit);
        }
    }

    fn each_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut Node)) {
        if let Some(part) = self {
            part.each_mut(visit);
        }
    }
}

impl<T: Parts> Parts for Vec<T> {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        for part in self {
            part.each(visit);
        }
    }

    fn each_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut Node)) {
        for part in self {
            part.each_mut(visit);
        }
    }
}

/// The set operations nest to the left, one level for each UNION: they are unrolled here, since a
/// SelectStmt holds its arms as statements and not as nodes.
impl Parts for protobuf::SelectStmt {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        let mut arms = vec![self];
        while let Some(arm) = arms.pop() {
            arms.extend(arm.rarg.as_deref());
            arms.extend(arm.larg.as_deref());
            arm.with_clause.each(visit);
            arm.distinct_clause.each(visit);
            arm.target_list.each(visit);
            arm.from_clause.each(visit);
            arm.where_clause.each(visit);
            arm.group_clause.each(visit);
            arm.having_clause.each(visit);
            arm.window_clause.each(visit);
            arm.values_lists.each(visit);
            arm.sort_clause.each(visit);
            arm.limit_offset.each(visit);
            arm.limit_count.each(visit);
        }
    }

    fn each_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut Node)) {
        let mut arms = vec![self];
        while let Some(arm) = arms.pop() {
            arms.extend(arm.rarg.as_deref_mut());
            arms.extend(arm.larg.as_deref_mut());
            arm.with_clause.each_mut(visit);
            arm.distinct_clause.each_mut(visit);
            arm.target_list.each_mut(visit);
            arm.from_clause.each_mut(visit);
            arm.where_clause.each_mut(visit);
            arm.group_clause.each_mut(visit);
            arm.having_clause.each_mut(visit);
            arm.window_clause.each_mut(visit);
            arm.values_lists.each_mut(visit);
            arm.sort_clause.each_mut(visit);
            arm.limit_offset.each_mut(visit);
            arm.limit_count.each_mut(visit);
        }
    }
}

macro_rules! parts {
    (
        nodes { $($node:ident [$($node_field:ident),*])* }
        inside { $($inner:ident [$($inner_field:ident),*])* }
    ) => {
        $(impl Parts for protobuf::$node {
            fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
                $(self.$node_field.each(visit);)*
            }

            fn each_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut Node)) {
                $(self.$node_field.each_mut(visit);)*
            }
        })*

        $(impl Parts for protobuf::$inner {
            fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
                $(self.$inner_field.each(visit);)*
            }

            fn each_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut Node)) {
                $(self.$inner_field.each_mut(visit);)*
            }
        })*

        fn children<'a>(node: &'a NodeEnum, visit: &mut dyn FnMut(&'a Node)) {
            match node {
                NodeEnum::SelectStmt(stmt) => stmt.each(visit),
                $(NodeEnum::$node(part) => part.each(visit),)*
                _ => {}
            }
        }

        fn children_mut<'a>(node: &'a mut NodeEnum, visit: &mut dyn FnMut(&'a mut Node)) {
            match node {
                NodeEnum::SelectStmt(stmt) => stmt.each_mut(visit),
                $(NodeEnum::$node(part) => part.each_mut(visit),)*
                _ => {}
            }
        }
    };
}

parts! {
    nodes {
        RawStmt [stmt]
        InsertStmt [with_clause, select_stmt, on_conflict_clause, returning_clause]
        DeleteStmt [with_clause, using_clause, where_clause, returning_clause]
        UpdateStmt [with_clause, target_list, from_clause, where_clause, returning_clause]
        MergeStmt [with_clause, source_relation, join_condition, merge_when_clauses, returning_clause]
        MergeWhenClause [condition, target_list, values]
        ReturnStmt [returnval]
        CopyStmt [query, where_clause]
        ExplainStmt [query]
        CreateTableAsStmt [query]
        ViewStmt [query]
        DeclareCursorStmt [query]
        PrepareStmt [query]
        CommonTableExpr [ctequery]
        OnConflictClause [infer, target_list, where_clause]
        AExpr [lexpr, rexpr]
        BoolExpr [args]
        FuncCall [args, agg_order, agg_filter, over]
        TypeCast [arg]
        CaseExpr [arg, args, defresult]
        CaseWhen [expr, result]
        CoalesceExpr [args]
        NullTest [arg]
        BooleanTest [arg]
        AArrayExpr [elements]
        AIndirection [arg, indirection]
        AIndices [lidx, uidx]
        RowExpr [args]
        CollateClause [arg]
        SubLink [testexpr, subselect]
        MinMaxExpr [args]
        XmlExpr [named_args, args]
        XmlSerialize [expr]
        NamedArgExpr [arg]
        GroupingFunc [args]
        GroupingSet [content]
        ResTarget [indirection, val]
        MultiAssignRef [source]
        SortBy [node]
        WindowDef [partition_clause, order_clause, start_offset, end_offset]
        RangeSubselect [subquery]
        RangeFunction [functions]
        RangeTableFunc [docexpr, rowexpr, namespaces, columns]
        RangeTableFuncCol [colexpr, coldefexpr]
        RangeTableSample [relation, args, repeatable]
        JoinExpr [larg, rarg, quals]
        List [items]
        IndexElem [expr]
        StatsElem [expr]
        PartitionElem [expr]
        JsonFuncExpr [context_item, pathspec, passing, on_empty, on_error]
        JsonTable [context_item, passing, columns, on_error]
        JsonTableColumn [columns, on_empty, on_error]
        JsonKeyValue [key, value]
        JsonParseExpr [expr]
        JsonScalarExpr [expr]
        JsonSerializeExpr [expr]
        JsonObjectConstructor [exprs]
        JsonArrayConstructor [exprs]
        JsonArrayQueryConstructor [query]
        JsonAggConstructor [agg_filter, agg_order, over]
        JsonObjectAgg [constructor, arg]
        JsonArrayAgg [constructor, arg]
        JsonValueExpr [raw_expr, formatted_expr]
        JsonIsPredicate [expr]
        JsonBehavior [expr]
        JsonArgument [val]
    }
    inside {
        WithClause [ctes]
        InferClause [index_elems, where_clause]
        ReturningClause [exprs]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column_names(sql: &str) -> Vec<String> {
        let mut names = Vec::new();
        for stmt in pg_query::parse(sql, pg_query::ParserOptions::default())
            .unwrap()
            .protobuf
            .stmts
        {
            let node = stmt.stmt.and_then(|stmt| stmt.node).unwrap();
            walk(&node, |node| {
                if let NodeEnum::ColumnRef(column) = node
                    && let Some(NodeEnum::String(name)) = column.fields[0].node.as_ref()
                {
                    names.push(name.sval.clone());
                }
                true
            });
        }
        names
    }

    #[test]
    fn every_part_of_a_query_is_visited_from_left_to_right() {
        let sql = "(WITH w AS (SELECT a) \
            SELECT b, CASE WHEN c THEN d ELSE coalesce(e, f) END, sum(g) FILTER (WHERE h) OVER (PARTITION BY i), ARRAY[j], k[l], (m, n)::text \
            FROM t JOIN LATERAL (SELECT o) s ON p \
            WHERE q IN (SELECT r) AND s IS NULL GROUP BY t HAVING u ORDER BY v LIMIT (SELECT x)) \
            UNION SELECT y FROM f(z)";
        let expected: Vec<String> = "abcdefghijklmnopqrstuvxyz"
            .chars()
            .map(String::from)
            .collect();
        let mut names = column_names(sql);
        names.sort();
        assert_eq!(names, expected);
    }

    #[test]
    fn json_and_xml_expressions_are_visited() {
        let sql = "SELECT json_value(a, '$.x' PASSING b AS p DEFAULT c ON EMPTY), json_object(d: e), \
            json_objectagg(f: g), xmlelement(name x, xmlattributes(h), i), json_array(SELECT j), k IS JSON \
            FROM json_table(l, '$' COLUMNS (x int)) jt";
        let mut names = column_names(sql);
        names.sort();
        assert_eq!(names.concat(), "abcdefghijkl");
    }

    #[test]
    fn an_expression_is_equal_to_itself_elsewhere_once_locations_are_gone() {
        let parse = |sql: &str| {
            let mut stmts = pg_query::parse(sql, pg_query::ParserOptions::default())
                .unwrap()
                .protobuf
                .stmts;
            let mut node = stmts.remove(0).stmt.and_then(|stmt| stmt.node).unwrap();
            erase_locations(&mut node);
            node
        };
        assert_eq!(
            parse("SELECT lower(a) || 'x'::varchar(3) IN ('b', 'c') AND ARRAY[1] IS NULL"),
            parse(
                "SELECT lower( a ) || 'x' :: varchar( 3 )  IN ( 'b','c' )  AND  ARRAY[ 1 ] IS NULL"
            ),
        );
    }

    #[test]
    fn a_long_chain_is_visited() {
        let sql = format!("SELECT {}", vec!["a"; 400].join(" || "));
        // Decoding and dropping the tree take more than a test's stack when not optimised.
        let visited = std::thread::Builder::new()
            .stack_size(64 << 20)
            .spawn(move || column_names(&sql).len())
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(visited, 400);
    }
}
