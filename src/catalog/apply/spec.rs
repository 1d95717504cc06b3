//! What CREATE TABLE, ALTER TABLE and CREATE INDEX ask for, taken out of the parse tree and not yet in the catalog.

use std::collections::BTreeMap;
use std::sync::Arc;

use pg_query::protobuf::RangeVar;
use pg_query::{Node, NodeEnum};

use crate::catalog::resolve::strings;
use crate::catalog::{Column, IndexKey, QualifiedName, Type};

/// The parts of a table definition, sorted by when PostgreSQL makes them (`CreateStmtContext` in
/// src/backend/parser/parse_utilcmd.c).
#[derive(Default)]
pub(super) struct TableSpec {
    pub columns: Vec<Column>,
    pub not_nulls: Vec<NotNullSpec>,
    pub checks: Vec<CheckSpec>,
    pub indexes: Vec<IndexSpec>,
    pub foreign_keys: Vec<ForeignKeySpec>,
    pub sequences: Vec<SequenceSpec>,
}

#[derive(Clone)]
pub(super) struct NotNullSpec {
    pub column: String,
    pub name: Option<String>,
    pub no_inherit: bool,
    pub valid: bool,
}

#[derive(Clone)]
pub(super) struct CheckSpec {
    pub name: Option<String>,
    pub expression: Arc<Node>,
    pub valid: bool,
    pub enforced: bool,
    pub no_inherit: bool,
}

#[derive(Clone)]
pub(super) struct ForeignKeySpec {
    pub name: Option<String>,
    pub columns: Vec<String>,
    pub table: Option<RangeVar>,
    pub referenced_columns: Vec<String>,
    pub on_delete: char,
    pub on_update: char,
    pub deferrable: bool,
    pub initially_deferred: bool,
    pub valid: bool,
    pub enforced: bool,
    /// PERIOD: it references a key WITHOUT OVERLAPS.
    pub with_period: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IndexConstraint {
    PrimaryKey,
    Unique,
    Exclusion,
}

#[derive(Clone)]
pub(super) struct IndexSpec {
    pub name: Option<String>,
    /// The constraint it is made for.
    pub constraint: Option<IndexConstraint>,
    pub unique: bool,
    pub method: String,
    pub keys: Vec<KeySpec>,
    pub include: Vec<String>,
    /// The names of the index's own columns, when it is a copy of another.
    pub column_names: Option<Vec<String>>,
    pub predicate: Option<Arc<Node>>,
    pub nulls_not_distinct: bool,
    pub deferrable: bool,
    pub options: BTreeMap<String, String>,
    pub tablespace: Option<String>,
    /// ADD CONSTRAINT ... USING INDEX: the index's name.
    pub existing: Option<String>,
}

#[derive(Clone)]
pub(super) struct KeySpec {
    pub key: IndexKey,
    /// What the key is called in made-up names: the column, or the outermost function of an expression.
    pub name: Option<String>,
    /// EXCLUDE: the operator.
    pub operator: Option<String>,
}

/// A sequence that a serial or identity column brings.
pub(super) struct SequenceSpec {
    pub name: QualifiedName,
    pub ty: Option<Type>,
    pub column: String,
    pub identity: bool,
    pub unlogged: Option<bool>,
}

impl IndexSpec {
    pub fn new() -> Self {
        IndexSpec {
            name: None,
            constraint: None,
            unique: false,
            method: "btree".to_owned(),
            keys: Vec::new(),
            include: Vec::new(),
            column_names: None,
            predicate: None,
            nulls_not_distinct: false,
            deferrable: false,
            options: BTreeMap::new(),
            tablespace: None,
            existing: None,
        }
    }

    pub fn is_primary_key(&self) -> bool {
        self.constraint == Some(IndexConstraint::PrimaryKey)
    }
}

/// The storage parameters of a WITH clause, as text. A name without a value is `true`.
pub(super) fn options(nodes: &[Node]) -> BTreeMap<String, String> {
    nodes
        .iter()
        .filter_map(|node| match node.node.as_ref()? {
            NodeEnum::DefElem(option) => {
                let name = match option.defnamespace.as_str() {
                    "" => option.defname.clone(),
                    namespace => format!("{namespace}.{}", option.defname),
                };
                let value = option.arg.as_deref().map_or("true".to_owned(), value_text);
                Some((name, value))
            }
            _ => None,
        })
        .collect()
}

/// The value of an option as text.
pub(super) fn value_text(node: &Node) -> String {
    use pg_query::protobuf::a_const::Val;
    match &node.node {
        Some(NodeEnum::Integer(value)) => value.ival.to_string(),
        Some(NodeEnum::Float(value)) => value.fval.clone(),
        Some(NodeEnum::Boolean(value)) => value.boolval.to_string(),
        Some(NodeEnum::String(value)) => value.sval.clone(),
        Some(NodeEnum::TypeName(name)) => strings(&name.names).join("."),
        Some(NodeEnum::List(list)) => strings(&list.items).join("."),
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(Val::Ival(value)) => value.ival.to_string(),
            Some(Val::Fval(value)) => value.fval.clone(),
            Some(Val::Boolval(value)) => value.boolval.to_string(),
            Some(Val::Sval(value)) => value.sval.clone(),
            Some(Val::Bsval(value)) => value.bsval.clone(),
            None => String::new(),
        },
        _ => String::new(),
    }
}

/// An option's boolean (`defGetBoolean`): a missing value means true.
pub(super) fn option_bool(option: &pg_query::protobuf::DefElem) -> bool {
    option.arg.as_deref().is_none_or(|arg| {
        matches!(
            value_text(arg).as_str(),
            "true" | "on" | "1" | "TRUE" | "ON"
        )
    })
}

/// The names that a list of String nodes holds, owned.
pub(super) fn name_list(nodes: &[Node]) -> Vec<String> {
    strings(nodes).into_iter().map(str::to_owned).collect()
}

/// A name that may be empty in the tree when it was not given.
pub(super) fn given(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

/// A dotted name as text, when one was given.
pub(super) fn dotted(nodes: &[Node]) -> Option<String> {
    let parts = strings(nodes);
    (!parts.is_empty()).then(|| parts.join("."))
}

/// The expression and the foreign-key actions of a constraint default to NO ACTION (`a`).
pub(super) fn action(code: &str) -> char {
    code.chars().next().unwrap_or('a')
}
