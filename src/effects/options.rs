//! Options of utility statements: `(FULL, ANALYZE false)`, as src/backend/commands/define.c reads them.

use pg_query::protobuf::{DefElem, a_const};
use pg_query::{Node, NodeEnum};

use crate::catalog::builtin::{self, ReloptionKind};
use crate::version::PgVersion;

/// One written option.
pub struct StatementOption<'a> {
    /// Lower case.
    pub name: &'a str,
    pub value: Value<'a>,
    pub location: i32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Given without a value.
    Absent,
    Integer(i64),
    Text(&'a str),
    Boolean(bool),
    /// `*`
    Star,
    Other,
}

/// The options of a list of DefElem nodes, in order.
pub fn options(nodes: &[Node]) -> impl Iterator<Item = StatementOption<'_>> {
    nodes.iter().filter_map(|node| match node.node.as_ref()? {
        NodeEnum::DefElem(option) => Some(StatementOption::of(option)),
        _ => None,
    })
}

/// Whether a boolean option is set; the last one written counts.
pub fn is_on(nodes: &[Node], name: &str) -> bool {
    options(nodes)
        .filter(|option| option.name == name)
        .last()
        .is_some_and(|option| option.boolean() == Some(true))
}

impl<'a> StatementOption<'a> {
    pub fn of(option: &'a DefElem) -> Self {
        StatementOption {
            name: &option.defname,
            value: Value::of(option.arg.as_deref()),
            location: option.location,
        }
    }

    /// As `defGetBoolean`: none is an error.
    pub fn boolean(&self) -> Option<bool> {
        match self.value {
            Value::Absent => Some(true),
            Value::Integer(0) => Some(false),
            Value::Integer(1) => Some(true),
            Value::Boolean(value) => Some(value),
            Value::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "on" => Some(true),
                "false" | "off" => Some(false),
                _ => None,
            },
            Value::Integer(_) | Value::Star | Value::Other => None,
        }
    }
}

impl<'a> Value<'a> {
    fn of(node: Option<&'a Node>) -> Self {
        let Some(node) = node.and_then(|node| node.node.as_ref()) else {
            return Value::Absent;
        };
        match node {
            NodeEnum::String(text) => Value::Text(&text.sval),
            NodeEnum::Integer(number) => Value::Integer(number.ival.into()),
            NodeEnum::Boolean(value) => Value::Boolean(value.boolval),
            NodeEnum::AStar(_) => Value::Star,
            NodeEnum::TypeName(name) => match name.names.last().and_then(|part| part.node.as_ref())
            {
                Some(NodeEnum::String(text)) => Value::Text(&text.sval),
                _ => Value::Other,
            },
            NodeEnum::AConst(constant) => match &constant.val {
                Some(a_const::Val::Sval(text)) => Value::Text(&text.sval),
                Some(a_const::Val::Ival(number)) => Value::Integer(number.ival.into()),
                Some(a_const::Val::Boolval(value)) => Value::Boolean(value.boolval),
                _ => Value::Other,
            },
            _ => Value::Other,
        }
    }
}

/// A storage parameter that this version does not know for that kind of relation, or a value that it does not take
/// (`parseRelOptions` in src/backend/access/common/reloptions.c).
pub fn reloption_refusal(
    kind: ReloptionKind,
    option: &DefElem,
    version: PgVersion,
) -> Option<(&'static str, String)> {
    let name = option.defname.to_lowercase();
    let Some(known) = builtin::reloption(kind, &name, version) else {
        return Some(("22023", format!("unrecognized parameter \"{name}\"")));
    };
    let value = written_value(option.arg.as_deref())?;
    known.values.refuses(&value).then(|| {
        let message = format!("invalid value for option \"{name}\": {value}");
        ("22023", message)
    })
}

/// `defGetString`; nothing at all stands for true. None when it is no single word or number.
fn written_value(value: Option<&Node>) -> Option<String> {
    let Some(value) = value else {
        return Some("true".to_owned());
    };
    match value.node.as_ref()? {
        NodeEnum::String(text) => Some(text.sval.clone()),
        NodeEnum::Integer(number) => Some(number.ival.to_string()),
        NodeEnum::Float(number) => Some(number.fval.clone()),
        NodeEnum::Boolean(value) => Some(value.boolval.to_string()),
        NodeEnum::TypeName(name) => match name.names.as_slice() {
            [only] => super::node::string(only).map(str::to_owned),
            _ => None,
        },
        _ => None,
    }
}
