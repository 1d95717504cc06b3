//! Functions, procedures and aggregates that migrations create.

use std::sync::Arc;

use pg_query::NodeEnum;

use super::{Birth, Dependency, Oid, QualifiedName, Type};

#[derive(Debug, Clone)]
pub struct Function {
    pub oid: Oid,
    pub name: QualifiedName,
    pub kind: FunctionKind,
    /// Input arguments (IN, INOUT, VARIADIC).
    pub arguments: Vec<Argument>,
    /// None for a procedure.
    pub returns: Option<Type>,
    pub returns_set: bool,
    /// Lower case: `sql`, `plpgsql`, `c`.
    pub language: String,
    pub volatility: Volatility,
    pub strict: bool,
    pub security_definer: bool,
    /// It has SET clauses (they prevent inlining).
    pub has_settings: bool,
    /// The CREATE FUNCTION statement itself; the body is in there.
    pub definition: Arc<NodeEnum>,
    /// What the body of a SQL-standard function (BEGIN ATOMIC, RETURN) reads; others depend on nothing
    /// until they run.
    pub reads: Vec<Dependency>,
    pub birth: Birth,
    /// The extension it came with, if any.
    pub extension: Option<String>,
}

impl Function {
    /// Whether a call with this many arguments can mean the function.
    pub fn accepts(&self, arguments: usize) -> bool {
        let required = self
            .arguments
            .iter()
            .filter(|argument| !argument.has_default && !argument.variadic)
            .count();
        let variadic = self.arguments.iter().any(|argument| argument.variadic);
        arguments >= required && (variadic || arguments <= self.arguments.len())
    }
}

#[derive(Debug, Clone)]
pub struct Argument {
    pub name: Option<String>,
    pub ty: Type,
    pub has_default: bool,
    pub variadic: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionKind {
    Function,
    Procedure,
    Aggregate,
}

/// `provolatile`, steadiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Volatility {
    Immutable,
    Stable,
    Volatile,
}
