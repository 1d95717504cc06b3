//! The type of an expression, as far as it shows without looking up operators.

use pg_query::protobuf::{self, AExprKind, FuncCall, SqlValueFunctionOp, SubLinkType};
use pg_query::{Node, NodeEnum};

use super::{Reader, scope::Level};
use crate::catalog::Type;
use crate::catalog::resolve::{split_name, strings};

impl Reader<'_> {
    /// The type of an expression at the current level; [`Type::unknown`] of an empty name when it
    /// does not show.
    pub(super) fn type_of(&self, expression: &Node) -> Type {
        self.infer(expression, 0)
            .unwrap_or_else(|| Type::unknown(""))
    }

    fn infer(&self, expression: &Node, depth: usize) -> Option<Type> {
        // Deep enough for every expression that a person writes.
        if depth > 32 {
            return None;
        }
        let below = |node: &Node| self.infer(node, depth + 1);
        match expression.node.as_ref()? {
            NodeEnum::AConst(constant) => constant_type(constant),
            NodeEnum::ColumnRef(reference) => self.column_type(&strings(&reference.fields)),
            NodeEnum::TypeCast(cast) => Some(
                self.catalog
                    .resolve_type(cast.type_name.as_ref()?, self.settings),
            ),
            NodeEnum::CollateClause(clause) => below(clause.arg.as_ref()?),
            NodeEnum::BoolExpr(_) | NodeEnum::NullTest(_) | NodeEnum::BooleanTest(_) => {
                Some(Type::builtin("bool"))
            }
            NodeEnum::AExpr(operation) => match operation.kind() {
                AExprKind::AexprOp => operator_type(&strings(&operation.name)),
                AExprKind::AexprNullif => below(operation.lexpr.as_ref()?),
                _ => Some(Type::builtin("bool")),
            },
            NodeEnum::CoalesceExpr(coalesce) => coalesce.args.iter().find_map(below),
            NodeEnum::MinMaxExpr(extreme) => extreme.args.iter().find_map(below),
            NodeEnum::CaseExpr(case) => {
                let results = case
                    .args
                    .iter()
                    .filter_map(|when| match when.node.as_ref()? {
                        NodeEnum::CaseWhen(when) => when.result.as_deref(),
                        _ => None,
                    });
                results.chain(case.defresult.as_deref()).find_map(below)
            }
            NodeEnum::SubLink(link) => match link.sub_link_type() {
                SubLinkType::ExistsSublink | SubLinkType::AnySublink | SubLinkType::AllSublink => {
                    Some(Type::builtin("bool"))
                }
                _ => None,
            },
            NodeEnum::SqlvalueFunction(function) => value_function_type(function.op()),
            NodeEnum::AArrayExpr(array) => {
                let element = array.elements.iter().find_map(below)?;
                Some(element.array_of())
            }
            NodeEnum::FuncCall(call) => self.function_type(call, depth),
            _ => None,
        }
    }

    fn column_type(&self, name: &[&str]) -> Option<Type> {
        let (column, qualifier) = name.split_last()?;
        let search = |level: &Level| match qualifier {
            [] => level.column(column),
            [table] => level.qualified(None, table, column),
            [.., schema, table] => level.qualified(Some(schema), table, column),
        };
        self.find(search).map(|column| column.ty.clone())
    }

    fn function_type(&self, call: &FuncCall, depth: usize) -> Option<Type> {
        let parts = strings(&call.funcname);
        let (schema, name) = split_name(&parts)?;
        let mut overloads = self
            .catalog
            .lookup_functions(schema, name, self.settings)
            .into_iter()
            .filter_map(|oid| self.catalog.function(oid));
        if let Some(first) = overloads.next() {
            return first
                .returns
                .clone()
                .filter(|ty| overloads.all(|other| other.returns.as_ref() == Some(ty)));
        }
        let argument = || self.infer(call.args.first()?, depth + 1);
        let ty = match name {
            "count" | "row_number" | "rank" | "dense_rank" | "nextval" => "int8",
            "now" | "clock_timestamp" | "statement_timestamp" | "transaction_timestamp" => {
                "timestamptz"
            }
            "lower" | "upper" | "concat" | "concat_ws" | "trim" | "btrim" | "ltrim" | "rtrim"
            | "substring" | "substr" | "replace" | "to_char" | "string_agg" | "md5" | "format"
            | "initcap" | "left" | "right" | "lpad" | "rpad" | "split_part" => "text",
            "length" | "char_length" | "character_length" | "array_length" => "int4",
            "gen_random_uuid" | "uuid_generate_v4" => "uuid",
            "to_tsvector" => "tsvector",
            "jsonb_build_object" | "jsonb_agg" | "to_jsonb" | "jsonb_object_agg" => "jsonb",
            "json_build_object" | "json_agg" | "to_json" | "row_to_json" => "json",
            "bool_or" | "bool_and" | "every" => "bool",
            "min" | "max" | "first_value" | "last_value" | "lag" | "lead" | "abs" => {
                return argument();
            }
            "array_agg" => return argument().map(Type::array_of),
            "sum" => match argument()?.builtin_name()? {
                "int2" | "int4" => "int8",
                "int8" | "numeric" => "numeric",
                "float4" => "float4",
                "float8" => "float8",
                _ => return None,
            },
            "avg" => match argument()?.builtin_name()? {
                "int2" | "int4" | "int8" | "numeric" => "numeric",
                "float4" | "float8" => "float8",
                _ => return None,
            },
            _ => return None,
        };
        Some(Type::builtin(ty))
    }
}

/// A literal; a quoted one in the output of a query is text.
fn constant_type(constant: &protobuf::AConst) -> Option<Type> {
    use protobuf::a_const::Val;
    let ty = match constant.val.as_ref() {
        None => "text",
        Some(Val::Ival(_)) => "int4",
        Some(Val::Fval(value)) => {
            if value.fval.parse::<i64>().is_ok() {
                "int8"
            } else {
                "numeric"
            }
        }
        Some(Val::Boolval(_)) => "bool",
        Some(Val::Sval(_)) => "text",
        Some(Val::Bsval(_)) => "bit",
    };
    Some(Type::builtin(ty))
}

fn operator_type(name: &[&str]) -> Option<Type> {
    match *name.last()? {
        "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=" | "~" | "!~" | "~*" | "!~*" | "~~" | "!~~"
        | "~~*" | "!~~*" | "@>" | "<@" | "&&" | "@@" | "?" | "?|" | "?&" => {
            Some(Type::builtin("bool"))
        }
        "->>" | "#>>" => Some(Type::builtin("text")),
        _ => None,
    }
}

fn value_function_type(op: SqlValueFunctionOp) -> Option<Type> {
    use SqlValueFunctionOp as Op;
    let ty = match op {
        Op::SqlvalueFunctionOpUndefined => return None,
        Op::SvfopCurrentDate => "date",
        Op::SvfopCurrentTime | Op::SvfopCurrentTimeN => "timetz",
        Op::SvfopCurrentTimestamp | Op::SvfopCurrentTimestampN => "timestamptz",
        Op::SvfopLocaltime | Op::SvfopLocaltimeN => "time",
        Op::SvfopLocaltimestamp | Op::SvfopLocaltimestampN => "timestamp",
        Op::SvfopCurrentRole
        | Op::SvfopCurrentUser
        | Op::SvfopUser
        | Op::SvfopSessionUser
        | Op::SvfopCurrentCatalog
        | Op::SvfopCurrentSchema => "name",
    };
    Some(Type::builtin(ty))
}
