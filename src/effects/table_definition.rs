//! What CREATE TABLE is certain to be refused for besides its columns: where it comes from, how it is stored and
//! how it is partitioned (`transformCreateStmt` in src/backend/parser/parse_utilcmd.c, `DefineRelation`,
//! `MergeAttributes` and `ComputePartitionAttrs` in src/backend/commands/tablecmds.c).

use pg_query::NodeEnum;
use pg_query::protobuf::{
    CreateStmt, IndexElem, OnCommitAction, PartitionElem, PartitionSpec, PartitionStrategy,
    RangeVar, SortByDir, SortByNulls,
};

use super::column_definition::is_system_column;
use super::expression::{Purpose, analyse_for};
use super::index_definition::Keys;
use super::{Collector, node};
use crate::catalog::builtin::ReloptionKind;
use crate::catalog::{BaseType, Persistence, Relation, RelationKind, UserTypeKind, Volatility};

type Refusal = (&'static str, String);

/// Before the table is there.
pub fn refusal(stmt: &CreateStmt, c: &Collector<'_>) -> Option<Refusal> {
    let name = stmt.relation.as_ref()?;
    let temporary = name.relpersistence == "t";
    if stmt.oncommit() != OnCommitAction::OncommitNoop
        && stmt.oncommit() != OnCommitAction::Undefined
        && !temporary
    {
        let message = "ON COMMIT can only be used on temporary tables";
        return Some(("42P16", message.to_owned()));
    }
    if name.schemaname == "pg_catalog" {
        let message = format!(
            "permission denied to create \"pg_catalog.{}\"",
            name.relname
        );
        return Some(("42501", message));
    }
    if stmt.partspec.is_some() && name.relpersistence == "u" && c.input.since(18) {
        let message = "partitioned tables cannot be unlogged";
        return Some(("0A000", message.to_owned()));
    }
    of_type(stmt, c)
        .or_else(|| {
            stmt.table_elts
                .iter()
                .find_map(|it| like(it.node.as_ref()?, c))
        })
        .or_else(|| parents(stmt, temporary, c))
        .or_else(|| storage(stmt, c))
}

/// The type of a typed table (`transformOfType`).
pub(super) fn of_type(stmt: &CreateStmt, c: &Collector<'_>) -> Option<Refusal> {
    let name = stmt.of_typename.as_ref()?;
    let ty = c.input.before.resolve_type(name, c.input.settings());
    let shown = node::strings(&name.names).pop().unwrap_or_default();
    match &ty.base {
        BaseType::Unknown(_) => c.input.scope(None).types().missing(&ty),
        BaseType::Builtin(_) => Some(("42809", format!("type {shown} is not a composite type"))),
        BaseType::User(oid) => match &c.input.before.user_type(*oid)?.kind {
            UserTypeKind::Composite { .. } => None,
            UserTypeKind::Row { .. } => Some((
                "42809",
                format!("type {shown} is the row type of another table"),
            )),
            UserTypeKind::Base => None,
            _ => Some(("42809", format!("type {shown} is not a composite type"))),
        },
    }
}

/// `transformTableLikeClause`
fn like(element: &NodeEnum, c: &Collector<'_>) -> Option<Refusal> {
    let NodeEnum::TableLikeClause(like) = element else {
        return None;
    };
    let source = c.input.relation(like.relation.as_ref()?)?;
    let name = &source.name.name;
    (source.kind == RelationKind::Sequence && source.complete).then(|| {
        let message = format!("relation \"{name}\" is invalid in LIKE clause");
        ("42809", message)
    })
}

/// `MergeAttributes`
fn parents(stmt: &CreateStmt, temporary: bool, c: &Collector<'_>) -> Option<Refusal> {
    let names: Vec<&RangeVar> = stmt
        .inh_relations
        .iter()
        .filter_map(|parent| match &parent.node {
            Some(NodeEnum::RangeVar(name)) => Some(name),
            _ => None,
        })
        .collect();
    let parents: Vec<&Relation> = names
        .iter()
        .filter_map(|name| c.input.relation(name))
        .collect();
    for (at, parent) in parents.iter().enumerate() {
        let name = &parent.name.name;
        if !parent.complete {
            continue;
        }
        if parents[..at]
            .iter()
            .any(|earlier| earlier.oid == parent.oid)
        {
            let message = format!("relation \"{name}\" would be inherited from more than once");
            return Some(("42P07", message));
        }
        if !matches!(
            parent.kind,
            RelationKind::Table | RelationKind::ForeignTable | RelationKind::PartitionedTable
        ) {
            let message = format!("inherited relation \"{name}\" is not a table or foreign table");
            return Some(("42809", message));
        }
        let of_temporary = parent.persistence == Persistence::Temporary;
        if of_temporary && !temporary {
            let message = format!("cannot inherit from temporary relation \"{name}\"");
            return Some(("42809", message));
        }
        if stmt.partbound.is_some() && temporary && !of_temporary {
            let message = format!(
                "cannot create a temporary relation as partition of permanent relation \"{name}\""
            );
            return Some(("42809", message));
        }
    }
    None
}

/// TABLESPACE, USING and WITH.
fn storage(stmt: &CreateStmt, c: &Collector<'_>) -> Option<Refusal> {
    if stmt.tablespacename == "pg_global" {
        let message = "only shared relations can be placed in pg_global tablespace";
        return Some(("22023", message.to_owned()));
    }
    let partitioned = stmt.partspec.is_some();
    options(stmt, partitioned, c).or_else(|| {
        let method = stmt.access_method.as_str();
        let index = builtin_index_method(method);
        let certain = c.input.before.complete
            && !c.input.before.customized
            && c.input.before.extensions.is_empty();
        if index {
            let message = format!("access method \"{method}\" is not of type TABLE");
            Some(("55000", message))
        } else if certain && !matches!(method, "" | "heap") {
            Some((
                "42704",
                format!("access method \"{method}\" does not exist"),
            ))
        } else {
            None
        }
    })
}

fn builtin_index_method(name: &str) -> bool {
    super::index_definition::builtin_method(name).is_some()
}

fn options(stmt: &CreateStmt, partitioned: bool, c: &Collector<'_>) -> Option<Refusal> {
    for option in &stmt.options {
        let Some(NodeEnum::DefElem(option)) = &option.node else {
            continue;
        };
        let name = option.defname.to_lowercase();
        if name == "oids" && option.defnamespace.is_empty() {
            let off = option.arg.as_deref().is_some_and(|value| {
                let word = node::string(value).map(str::to_lowercase);
                matches!(word.as_deref(), Some("false" | "off" | "0" | "no"))
                    || matches!(&value.node, Some(NodeEnum::Integer(it)) if it.ival == 0)
            });
            if off {
                continue;
            }
            let message = "tables declared WITH OIDS are not supported";
            return Some(("0A000", message.to_owned()));
        }
        if partitioned {
            let message = "cannot specify storage parameters for a partitioned table";
            let sqlstate = if c.input.since(16) { "42809" } else { "22023" };
            return Some((sqlstate, message.to_owned()));
        }
        let kind = match option.defnamespace.as_str() {
            "" => ReloptionKind::Heap,
            "toast" => ReloptionKind::Toast,
            other => {
                let message = format!("unrecognized parameter namespace \"{other}\"");
                return Some(("22023", message));
            }
        };
        let refusal = super::options::reloption_refusal(kind, option, c.input.version());
        if refusal.is_some() {
            return refusal;
        }
    }
    None
}

/// The columns and expressions of PARTITION BY; `table` is what is created.
pub fn partition_key_refusal(
    spec: &PartitionSpec,
    table: &Relation,
    c: &Collector<'_>,
) -> Option<Refusal> {
    let list = spec.strategy() == PartitionStrategy::List;
    if list && spec.part_params.len() > 1 {
        let message = "cannot use \"list\" partition strategy with more than one column";
        return Some(("42P17", message.to_owned()));
    }
    let method = match spec.strategy() {
        PartitionStrategy::Hash => "hash",
        _ => "btree",
    };
    let scope = c.input.scope(Some(table));
    let keys = Keys {
        method,
        scope,
        relation: table,
    };
    spec.part_params.iter().find_map(|part| match &part.node {
        Some(NodeEnum::PartitionElem(part)) => part_refusal(part, table, &keys),
        _ => None,
    })
}

fn part_refusal(part: &PartitionElem, table: &Relation, keys: &Keys) -> Option<Refusal> {
    if let Some(expression) = &part.expr {
        let facts = analyse_for(Purpose::PartitionKey, expression, &keys.scope);
        if facts.error.is_some() {
            return facts.error;
        }
        if facts.volatility > Volatility::Immutable && facts.assumptions.is_empty() {
            let message = "functions in partition key expression must be marked IMMUTABLE";
            return Some(("42P17", message.to_owned()));
        }
        if facts.columns.is_empty() && facts.assumptions.is_empty() {
            let message = "cannot use constant expression as partition key";
            return Some(("42P17", message.to_owned()));
        }
    } else {
        let name = &part.name;
        match table.column(name) {
            Some(column) if column.generated.is_some() => {
                return Some((
                    "42P17",
                    "cannot use generated column in partition key".to_owned(),
                ));
            }
            Some(_) => {}
            None if is_system_column(name) => {
                let message = format!("cannot use system column \"{name}\" in partition key");
                return Some(("42P17", message));
            }
            None if table.complete => {
                let message = format!("column \"{name}\" named in partition key does not exist");
                return Some(("42703", message));
            }
            None => return None,
        }
    }
    keys.refusal(&IndexElem {
        name: part.name.clone(),
        expr: part.expr.clone(),
        collation: part.collation.clone(),
        opclass: part.opclass.clone(),
        ordering: SortByDir::SortbyDefault.into(),
        nulls_ordering: SortByNulls::SortbyNullsDefault.into(),
        ..IndexElem::default()
    })
}
