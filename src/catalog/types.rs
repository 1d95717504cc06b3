//! Data types: of columns and expressions, and those that migrations create.

use std::fmt;
use std::sync::Arc;

use pg_query::Node;

use super::{Birth, Oid, QualifiedName, TransactionId};

/// A type as a column or expression has it: the type, its modifiers, and whether it is an array of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Type {
    pub base: BaseType,
    /// As written: `numeric(10,2)` has `[10, 2]`, `varchar(50)` has `[50]`. For `interval` the first
    /// is the field mask of src/include/utils/timestamp.h (`INTERVAL_MASK`), the second the precision.
    /// For an array these are the element's.
    pub modifiers: Vec<i32>,
    pub array: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BaseType {
    /// PostgreSQL's internal name: `int4`, `varchar`, `bpchar`, `timestamptz`.
    Builtin(Arc<str>),
    /// Created by a migration.
    User(Oid),
    /// Named, but neither built in nor seen to be created (an extension's, or from before the history).
    Unknown(Arc<str>),
}

impl Type {
    pub fn builtin(name: &str) -> Self {
        Type {
            base: BaseType::Builtin(name.into()),
            modifiers: Vec::new(),
            array: false,
        }
    }

    pub fn unknown(name: &str) -> Self {
        Type {
            base: BaseType::Unknown(name.into()),
            modifiers: Vec::new(),
            array: false,
        }
    }

    pub fn user(oid: Oid) -> Self {
        Type {
            base: BaseType::User(oid),
            modifiers: Vec::new(),
            array: false,
        }
    }

    pub fn array_of(mut self) -> Self {
        self.array = true;
        self
    }

    /// The internal name, when it is a built-in type and not an array of one.
    pub fn builtin_name(&self) -> Option<&str> {
        match &self.base {
            BaseType::Builtin(name) if !self.array => Some(name),
            _ => None,
        }
    }
}

/// A type that a migration created.
#[derive(Debug, Clone)]
pub struct UserType {
    pub oid: Oid,
    pub name: QualifiedName,
    pub kind: UserTypeKind,
    pub birth: Birth,
    /// The extension it came with, if any.
    pub extension: Option<String>,
}

#[derive(Debug, Clone)]
pub enum UserTypeKind {
    Enum {
        values: Vec<EnumValue>,
    },
    Domain(Domain),
    /// A stand-alone composite type; its attributes.
    Composite {
        attributes: Vec<(String, Type)>,
    },
    /// The row type of a table or view.
    Row {
        relation: Oid,
    },
    Range {
        subtype: Type,
    },
    /// CREATE TYPE name (INPUT = ...), a shell type, or one that an extension brings.
    Base,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumValue {
    pub name: String,
    /// The transaction that added it with ALTER TYPE ... ADD VALUE; none for the values of CREATE TYPE.
    pub added_in: Option<TransactionId>,
}

#[derive(Debug, Clone)]
pub struct Domain {
    pub base: Type,
    pub not_null: bool,
    pub default: Option<Arc<Node>>,
    pub checks: Vec<DomainCheck>,
    pub collation: Option<String>,
}

#[derive(Debug, Clone)]
pub struct DomainCheck {
    pub name: String,
    pub expression: Arc<Node>,
    pub valid: bool,
}

impl Domain {
    /// Whether storing a value checks anything (`DomainHasConstraints` in src/backend/utils/cache/typcache.c);
    /// constraints of a domain underneath count too and are the caller's to follow.
    pub fn has_own_constraints(&self) -> bool {
        self.not_null || !self.checks.is_empty()
    }
}

impl fmt::Display for BaseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaseType::Builtin(name) | BaseType::Unknown(name) => f.write_str(name),
            BaseType::User(oid) => write!(f, "type #{}", oid.0),
        }
    }
}
