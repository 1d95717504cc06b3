//! Clauses and expressions, wherever they stand.

use pg_query::NodeEnum;
use pg_query::NodeRef as R;
use pg_query::protobuf::{
    AlterTableCmd, AlterTableType, CoercionForm, ColumnDef, ConstrType, Constraint, FuncCall,
    LimitOption, MergeMatchKind, RoleSpecType, TableLikeClause,
};

use super::Newer;
use crate::effects::node;

/// Bits of `TableLikeClause.options` (src/include/nodes/parsenodes.h).
const LIKE_COMPRESSION: u32 = 1 << 1;
const LIKE_ALL: u32 = 1 << 30;

pub(super) fn newer(node: R<'_>) -> Option<Newer> {
    match node {
        R::Constraint(constraint) => in_constraint(constraint),
        R::CreateStmt(stmt) => stmt
            .table_elts
            .iter()
            .find_map(|element| table_not_null(element.node.as_ref()?)),
        R::ColumnDef(column) => in_column(column),
        R::AlterTableCmd(command) => in_command(command),
        R::TableLikeClause(like) => in_like(like),
        R::SelectStmt(select) if select.group_distinct => Newer::new(14, "GROUP BY DISTINCT", -1),
        R::SelectStmt(select) if select.limit_option() == LimitOption::WithTies => {
            Newer::new(13, "WITH TIES", -1)
        }
        R::CommonTableExpr(cte) if cte.search_clause.is_some() => {
            Newer::new(14, "SEARCH", cte.location)
        }
        R::CommonTableExpr(cte) if cte.cycle_clause.is_some() => {
            Newer::new(14, "CYCLE", cte.location)
        }
        R::JoinExpr(join) if join.join_using_alias.is_some() => {
            Newer::new(14, "an alias after USING", -1)
        }
        R::RangeSubselect(sub) if sub.alias.is_none() => {
            Newer::new(16, "a subquery in FROM without an alias", -1)
        }
        R::MergeWhenClause(when)
            if when.match_kind() == MergeMatchKind::MergeWhenNotMatchedBySource =>
        {
            Newer::new(17, "WHEN NOT MATCHED BY SOURCE", -1)
        }
        R::MergeStmt(merge) if merge.returning_clause.is_some() => {
            Newer::new(17, "RETURNING of MERGE", -1)
        }
        R::ReturningClause(returning) if !returning.options.is_empty() => {
            Newer::new(18, "WITH (OLD AS ..., NEW AS ...) of RETURNING", -1)
        }
        R::IndexElem(element) if !element.opclassopts.is_empty() => {
            Newer::new(13, "parameters of an operator class", -1)
        }
        R::FuncCall(call) => in_call(call),
        R::XmlSerialize(serialize) if serialize.indent => {
            Newer::new(16, "INDENT", serialize.location)
        }
        R::JsonIsPredicate(test) => Newer::new(16, "IS JSON", test.location),
        R::JsonTable(table) => Newer::new(17, "JSON_TABLE", table.location),
        R::RoleSpec(role) if role.roletype() == RoleSpecType::RolespecCurrentRole => {
            Newer::new(14, "CURRENT_ROLE as the name of a role", role.location)
        }
        R::VacuumRelation(relation) => {
            let name = relation.relation.as_ref()?;
            (!name.inh)
                .then(|| Newer::new(18, "ONLY", name.location))
                .flatten()
        }
        _ => in_json(node),
    }
}

fn in_constraint(constraint: &Constraint) -> Option<Newer> {
    let at = constraint.location;
    let checked = matches!(
        constraint.contype(),
        ConstrType::ConstrCheck | ConstrType::ConstrForeign
    );
    if checked && !constraint.is_enforced {
        return Newer::new(18, "NOT ENFORCED", at);
    }
    if constraint.without_overlaps {
        return Newer::new(18, "WITHOUT OVERLAPS", at);
    }
    if constraint.fk_with_period || constraint.pk_with_period {
        return Newer::new(18, "PERIOD", at);
    }
    if constraint.nulls_not_distinct {
        return Newer::new(15, "NULLS NOT DISTINCT", at);
    }
    if !constraint.fk_del_set_cols.is_empty() {
        return Newer::new(15, "a column list after SET NULL or SET DEFAULT", at);
    }
    match constraint.contype() {
        ConstrType::ConstrGenerated if constraint.generated_kind == "v" => {
            Newer::new(18, "VIRTUAL", at)
        }
        ConstrType::ConstrAttrEnforced => Newer::new(18, "ENFORCED", at),
        ConstrType::ConstrAttrNotEnforced => Newer::new(18, "NOT ENFORCED", at),
        ConstrType::ConstrNotnull if constraint.is_no_inherit => {
            Newer::new(18, "NO INHERIT of NOT NULL", at)
        }
        _ => None,
    }
}

/// A column's own NOT NULL is as old as columns; that of a table names its column.
fn table_not_null(element: &NodeEnum) -> Option<Newer> {
    match element {
        NodeEnum::Constraint(constraint) if constraint.contype() == ConstrType::ConstrNotnull => {
            Newer::new(18, "NOT NULL as a table constraint", constraint.location)
        }
        _ => None,
    }
}

fn in_column(column: &ColumnDef) -> Option<Newer> {
    if !column.compression.is_empty() {
        return Newer::new(14, "COMPRESSION", column.location);
    }
    if !column.storage_name.is_empty() {
        return Newer::new(16, "STORAGE of a new column", column.location);
    }
    None
}

fn in_command(command: &AlterTableCmd) -> Option<Newer> {
    use AlterTableType as T;
    let newer = |since, what: &str| Newer::new(since, what, -1);
    let argument = command.def.as_ref().and_then(|def| def.node.as_ref());
    match command.subtype() {
        T::AtAddConstraint => table_not_null(argument?),
        T::AtDropExpression => newer(13, "DROP EXPRESSION"),
        T::AtSetExpression => newer(17, "SET EXPRESSION"),
        T::AtSetCompression => newer(14, "SET COMPRESSION"),
        T::AtSetStorage => match argument {
            Some(NodeEnum::String(storage)) if storage.sval.eq_ignore_ascii_case("default") => {
                newer(16, "SET STORAGE DEFAULT")
            }
            _ => None,
        },
        T::AtSetStatistics if argument.is_none() => newer(17, "SET STATISTICS DEFAULT"),
        T::AtSetAccessMethod if command.name.is_empty() => newer(17, "SET ACCESS METHOD DEFAULT"),
        T::AtSetAccessMethod => newer(15, "SET ACCESS METHOD"),
        T::AtDetachPartition => match argument {
            Some(NodeEnum::PartitionCmd(partition)) if partition.concurrent => {
                newer(14, "DETACH PARTITION ... CONCURRENTLY")
            }
            _ => None,
        },
        T::AtDetachPartitionFinalize => newer(14, "DETACH PARTITION ... FINALIZE"),
        T::AtAlterConstraint => match argument {
            Some(NodeEnum::AtalterConstraint(change)) if change.alter_enforceability => {
                newer(18, "ALTER CONSTRAINT ... ENFORCED")
            }
            Some(NodeEnum::AtalterConstraint(change)) if change.alter_inheritability => {
                let sqlstate = if change.noinherit { "0A000" } else { "42601" };
                Newer::refused(sqlstate, 18, "ALTER CONSTRAINT ... INHERIT", -1)
            }
            _ => None,
        },
        _ => None,
    }
}

fn in_like(like: &TableLikeClause) -> Option<Newer> {
    let named = like.options & LIKE_COMPRESSION != 0 && like.options & LIKE_ALL == 0;
    let place = like.relation.as_ref().map_or(-1, |name| name.location);
    named
        .then(|| Newer::new(14, "INCLUDING COMPRESSION", place))
        .flatten()
}

/// The SQL/JSON functions. Without a clause of their own, older versions take them for functions that do not exist.
fn in_json(node: R<'_>) -> Option<Newer> {
    let plain = |plain: bool| if plain { "42883" } else { "42601" };
    match node {
        R::JsonObjectConstructor(call) => {
            let sqlstate = plain(call.exprs.is_empty() && call.output.is_none());
            Newer::refused(sqlstate, 16, "JSON_OBJECT", call.location)
        }
        R::JsonArrayConstructor(call) => {
            let sqlstate = plain(call.output.is_none() && call.absent_on_null);
            Newer::refused(sqlstate, 16, "JSON_ARRAY", call.location)
        }
        R::JsonArrayQueryConstructor(call) => Newer::new(16, "JSON_ARRAY", call.location),
        R::JsonObjectAgg(_) => Newer::new(16, "JSON_OBJECTAGG", -1),
        R::JsonArrayAgg(call) => {
            let sqlstate = plain(
                call.absent_on_null
                    && call
                        .constructor
                        .as_ref()
                        .is_none_or(|constructor| constructor.output.is_none()),
            );
            Newer::refused(sqlstate, 16, "JSON_ARRAYAGG", -1)
        }
        R::JsonFuncExpr(call) => {
            let sqlstate = plain(
                call.passing.is_empty()
                    && call.output.is_none()
                    && call.on_empty.is_none()
                    && call.on_error.is_none(),
            );
            Newer::refused(sqlstate, 17, "an SQL/JSON query function", call.location)
        }
        // Without a clause it is a cast to json, written as a function.
        R::JsonParseExpr(call) if call.unique_keys || call.output.is_some() => {
            Newer::new(17, "JSON() with a clause", call.location)
        }
        R::JsonScalarExpr(call) => {
            let sqlstate = plain(call.output.is_none());
            Newer::refused(sqlstate, 17, "JSON_SCALAR", call.location)
        }
        R::JsonSerializeExpr(call) => {
            let sqlstate = plain(call.output.is_none());
            Newer::refused(sqlstate, 17, "JSON_SERIALIZE", call.location)
        }
        _ => None,
    }
}

/// Functions with a syntax of their own.
fn in_call(call: &FuncCall) -> Option<Newer> {
    if call.funcformat() != CoercionForm::CoerceSqlSyntax {
        return None;
    }
    let name = call.funcname.last().and_then(node::string)?;
    match name {
        "is_normalized" => Newer::new(13, "IS NORMALIZED", call.location),
        "normalize" => {
            // The form is a bare word: a column of that name.
            let sqlstate = if call.args.len() > 1 {
                "42703"
            } else {
                "42883"
            };
            Newer::refused(sqlstate, 13, "NORMALIZE", call.location)
        }
        "system_user" => Newer::refused("42703", 16, "SYSTEM_USER", call.location),
        "timezone" if call.args.len() == 1 => Newer::new(17, "AT LOCAL", call.location),
        _ => None,
    }
}
