//! The name of an expression without one (`FigureColname` in src/backend/parser/parse_target.c).

use pg_query::protobuf::{
    AExprKind, JsonExprOp, MinMaxOp, SqlValueFunctionOp, SubLinkType, XmlExprOp,
};
use pg_query::{Node, NodeEnum};

use super::resolve::strings;

/// How sure the name is: a stronger one wins over the type of a cast around it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    None,
    Weak,
    Strong,
}

/// The name that a SELECT gives to an expression: `?column?` when nothing suggests one.
pub fn figure_column_name(node: &Node) -> String {
    figure(node).1.unwrap_or_else(|| "?column?".to_owned())
}

/// The name that an index column gets from its expression; none means `expr`.
pub fn figure_index_column_name(node: &Node) -> Option<String> {
    figure(node).1
}

fn figure(node: &Node) -> (Strength, Option<String>) {
    let strong = |name: &str| (Strength::Strong, Some(name.to_owned()));
    let nothing = (Strength::None, None);
    let Some(node) = &node.node else {
        return nothing;
    };
    match node {
        NodeEnum::ColumnRef(reference) => strings(&reference.fields)
            .last()
            .map_or(nothing, |name| strong(name)),
        NodeEnum::AIndirection(indirection) => {
            match (strings(&indirection.indirection).last(), &indirection.arg) {
                (Some(name), _) => strong(name),
                (None, Some(arg)) => figure(arg),
                (None, None) => nothing,
            }
        }
        NodeEnum::FuncCall(call) => strings(&call.funcname)
            .last()
            .map_or(nothing, |name| strong(name)),
        NodeEnum::AExpr(expression) if expression.kind() == AExprKind::AexprNullif => {
            strong("nullif")
        }
        NodeEnum::TypeCast(cast) => {
            let inner = cast.arg.as_ref().map_or(nothing, |arg| figure(arg));
            let ty = cast
                .type_name
                .as_ref()
                .and_then(|ty| strings(&ty.names).last().map(|name| (*name).to_owned()));
            match (inner.0, ty) {
                (Strength::Strong, _) | (_, None) => inner,
                (_, Some(ty)) => (Strength::Weak, Some(ty)),
            }
        }
        NodeEnum::CollateClause(clause) => clause.arg.as_ref().map_or(nothing, |arg| figure(arg)),
        NodeEnum::GroupingFunc(_) => strong("grouping"),
        NodeEnum::MergeSupportFunc(_) => strong("merge_action"),
        NodeEnum::SubLink(link) => match link.sub_link_type() {
            SubLinkType::ExistsSublink => strong("exists"),
            SubLinkType::ArraySublink => strong("array"),
            SubLinkType::ExprSublink => {
                let name = link
                    .subselect
                    .as_ref()
                    .and_then(|select| single_target_name(select));
                name.map_or(nothing, |name| (Strength::Strong, Some(name)))
            }
            _ => nothing,
        },
        NodeEnum::CaseExpr(case) => {
            let default = case
                .defresult
                .as_ref()
                .map_or(nothing, |default| figure(default));
            if default.0 == Strength::Strong {
                default
            } else {
                (Strength::Weak, Some("case".to_owned()))
            }
        }
        NodeEnum::AArrayExpr(_) => strong("array"),
        NodeEnum::RowExpr(_) => strong("row"),
        NodeEnum::CoalesceExpr(_) => strong("coalesce"),
        NodeEnum::MinMaxExpr(expression) => strong(match expression.op() {
            MinMaxOp::IsLeast => "least",
            MinMaxOp::IsGreatest | MinMaxOp::Undefined => "greatest",
        }),
        NodeEnum::SqlvalueFunction(function) => {
            value_function(function.op()).map_or(nothing, strong)
        }
        NodeEnum::XmlExpr(expression) => xml_function(expression.op()).map_or(nothing, strong),
        NodeEnum::XmlSerialize(_) => strong("xmlserialize"),
        NodeEnum::JsonParseExpr(_) => strong("json"),
        NodeEnum::JsonScalarExpr(_) => strong("json_scalar"),
        NodeEnum::JsonSerializeExpr(_) => strong("json_serialize"),
        NodeEnum::JsonObjectConstructor(_) => strong("json_object"),
        NodeEnum::JsonArrayConstructor(_) | NodeEnum::JsonArrayQueryConstructor(_) => {
            strong("json_array")
        }
        NodeEnum::JsonObjectAgg(_) => strong("json_objectagg"),
        NodeEnum::JsonArrayAgg(_) => strong("json_arrayagg"),
        NodeEnum::JsonFuncExpr(function) => match function.op() {
            JsonExprOp::JsonExistsOp => strong("json_exists"),
            JsonExprOp::JsonQueryOp => strong("json_query"),
            JsonExprOp::JsonValueOp => strong("json_value"),
            JsonExprOp::Undefined | JsonExprOp::JsonTableOp => nothing,
        },
        _ => nothing,
    }
}

/// The name of the only column of a scalar subquery.
fn single_target_name(select: &Node) -> Option<String> {
    let Some(NodeEnum::SelectStmt(select)) = &select.node else {
        return None;
    };
    let mut first = select.as_ref();
    while let Some(left) = &first.larg {
        first = left;
    }
    match first.target_list.first()?.node.as_ref()? {
        NodeEnum::ResTarget(target) if !target.name.is_empty() => Some(target.name.clone()),
        NodeEnum::ResTarget(target) => Some(figure_column_name(target.val.as_ref()?)),
        _ => None,
    }
}

fn value_function(op: SqlValueFunctionOp) -> Option<&'static str> {
    use SqlValueFunctionOp as Op;
    Some(match op {
        Op::SqlvalueFunctionOpUndefined => return None,
        Op::SvfopCurrentDate => "current_date",
        Op::SvfopCurrentTime | Op::SvfopCurrentTimeN => "current_time",
        Op::SvfopCurrentTimestamp | Op::SvfopCurrentTimestampN => "current_timestamp",
        Op::SvfopLocaltime | Op::SvfopLocaltimeN => "localtime",
        Op::SvfopLocaltimestamp | Op::SvfopLocaltimestampN => "localtimestamp",
        Op::SvfopCurrentRole => "current_role",
        Op::SvfopCurrentUser => "current_user",
        Op::SvfopUser => "user",
        Op::SvfopSessionUser => "session_user",
        Op::SvfopCurrentCatalog => "current_catalog",
        Op::SvfopCurrentSchema => "current_schema",
    })
}

fn xml_function(op: XmlExprOp) -> Option<&'static str> {
    Some(match op {
        XmlExprOp::IsXmlconcat => "xmlconcat",
        XmlExprOp::IsXmlelement => "xmlelement",
        XmlExprOp::IsXmlforest => "xmlforest",
        XmlExprOp::IsXmlparse => "xmlparse",
        XmlExprOp::IsXmlpi => "xmlpi",
        XmlExprOp::IsXmlroot => "xmlroot",
        XmlExprOp::IsXmlserialize => "xmlserialize",
        XmlExprOp::IsDocument | XmlExprOp::Undefined => return None,
    })
}
