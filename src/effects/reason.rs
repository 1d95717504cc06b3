//! Why a statement does work on a relation. Each reason is the business of one rule.

use std::fmt;

/// The cause of a piece of work, with the user's own names in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    CreateIndex {
        concurrently: bool,
    },
    Reindex {
        concurrently: bool,
    },
    /// ALTER TABLE ... ADD CONSTRAINT, or a constraint written inline in ADD COLUMN.
    AddConstraint {
        constraint: ConstraintNoun,
        name: String,
        /// Written inline in ADD COLUMN: that column.
        column: Option<String>,
    },
    ValidateConstraint {
        name: String,
    },
    SetNotNull {
        column: String,
    },
    /// NOT NULL in ADD COLUMN.
    AddColumnNotNull {
        column: String,
    },
    /// ADD COLUMN ... DEFAULT with a default that must be computed for each row.
    VolatileDefault {
        column: String,
        /// What is volatile: a function's name, when it can be told.
        expression: String,
    },
    /// ADD COLUMN of a serial type or with an identity.
    AddColumnSequence {
        column: String,
    },
    GeneratedStored {
        column: String,
    },
    SetExpression {
        column: String,
    },
    ConstrainedDomain {
        column: String,
        domain: String,
    },
    TypeChange {
        column: String,
        from: String,
        to: String,
    },
    DomainConstraint {
        domain: String,
    },
    AttachPartition {
        partition: String,
    },
    DetachPartition {
        partition: String,
    },
    CreatePartition {
        partition: String,
    },
    /// SET LOGGED, SET UNLOGGED, SET TABLESPACE, SET ACCESS METHOD: the clause in upper case.
    Storage {
        clause: &'static str,
    },
    Cluster,
    VacuumFull,
    Vacuum,
    Analyze,
    Truncate,
    Refresh {
        concurrently: bool,
    },
    /// A query that reads the relation: SELECT, CREATE TABLE AS, the source of an INSERT.
    Query,
    Copy,
    Dml {
        command: DmlCommand,
        bound: RowBound,
    },
    /// An index or constraint of a relation that this statement itself creates.
    NewRelation,
    /// The check of referencing rows that a DELETE or UPDATE of a referenced table makes.
    ReferentialAction {
        constraint: String,
    },
    /// Text that could not be understood; the worst that is plausible.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintNoun {
    Check,
    NotNull,
    ForeignKey,
    Unique,
    PrimaryKey,
    Exclusion,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DmlCommand {
    Insert,
    Update,
    Delete,
    Merge,
}

/// How far the text bounds the rows that a statement writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowBound {
    /// No WHERE at all.
    Unbounded,
    /// A WHERE that may match any number of rows.
    Filtered,
    /// A key range, a key, a LIMIT in a subquery, or listed values.
    Bounded,
}

impl ConstraintNoun {
    pub fn sql(self) -> &'static str {
        match self {
            ConstraintNoun::Check => "CHECK",
            ConstraintNoun::NotNull => "NOT NULL",
            ConstraintNoun::ForeignKey => "FOREIGN KEY",
            ConstraintNoun::Unique => "UNIQUE",
            ConstraintNoun::PrimaryKey => "PRIMARY KEY",
            ConstraintNoun::Exclusion => "EXCLUDE",
        }
    }
}

impl DmlCommand {
    pub fn sql(self) -> &'static str {
        match self {
            DmlCommand::Insert => "INSERT",
            DmlCommand::Update => "UPDATE",
            DmlCommand::Delete => "DELETE",
            DmlCommand::Merge => "MERGE",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::CreateIndex { concurrently: true } => {
                f.write_str("CREATE INDEX CONCURRENTLY reads the table twice")
            }
            Reason::CreateIndex {
                concurrently: false,
            } => f.write_str("CREATE INDEX reads the whole table"),
            Reason::Reindex { .. } => f.write_str("REINDEX builds the index again"),
            Reason::AddConstraint {
                constraint,
                name,
                column: None,
            } => write!(
                f,
                "{} constraint {name} is checked against every row",
                constraint.sql()
            ),
            Reason::AddConstraint {
                constraint,
                name,
                column: Some(column),
            } => write!(
                f,
                "{} constraint {name}, written with column {column}, is checked against every row",
                constraint.sql()
            ),
            Reason::ValidateConstraint { name } => {
                write!(f, "VALIDATE CONSTRAINT {name} checks every row")
            }
            Reason::SetNotNull { column } => {
                write!(f, "nothing proves that {column} has no nulls")
            }
            Reason::AddColumnNotNull { column } => {
                write!(f, "NOT NULL on the new column {column} is checked")
            }
            Reason::VolatileDefault { column, expression } => write!(
                f,
                "the default of {column} must be computed for each row ({expression} is volatile)"
            ),
            Reason::AddColumnSequence { column } => {
                write!(f, "{column} takes a number from a sequence for each row")
            }
            Reason::GeneratedStored { column } => {
                write!(
                    f,
                    "the stored generated column {column} is computed for each row"
                )
            }
            Reason::SetExpression { column } => {
                write!(f, "the new expression of {column} is computed for each row")
            }
            Reason::ConstrainedDomain { column, domain } => write!(
                f,
                "{column} is of domain {domain}, whose constraints are checked for each row"
            ),
            Reason::TypeChange { column, from, to } => {
                write!(f, "{column} changes from {from} to {to}")
            }
            Reason::DomainConstraint { domain } => {
                write!(f, "a constraint of domain {domain} is checked in every row")
            }
            Reason::AttachPartition { partition } => {
                write!(f, "{partition} is attached and its rows are checked")
            }
            Reason::DetachPartition { partition } => write!(f, "{partition} is detached"),
            Reason::CreatePartition { partition } => write!(
                f,
                "the default partition is searched for rows that belong to {partition}"
            ),
            Reason::Storage { clause } => write!(f, "{clause} copies the table"),
            Reason::Cluster => f.write_str("CLUSTER copies the table in index order"),
            Reason::VacuumFull => f.write_str("VACUUM FULL copies the table"),
            Reason::Vacuum => f.write_str("VACUUM reads the table"),
            Reason::Analyze => f.write_str("ANALYZE samples the table"),
            Reason::Truncate => f.write_str("TRUNCATE gives the table new, empty storage"),
            Reason::Refresh { .. } => f.write_str("REFRESH runs the view's query"),
            Reason::Query => f.write_str("the query reads it"),
            Reason::Copy => f.write_str("COPY reads or writes it"),
            Reason::Dml { command, bound } => {
                let rows = match bound {
                    RowBound::Unbounded => "every row",
                    RowBound::Filtered => "every row that matches",
                    RowBound::Bounded => "a bounded number of rows",
                };
                write!(f, "{} writes {rows}", command.sql())
            }
            Reason::NewRelation => f.write_str("it is created empty"),
            Reason::ReferentialAction { constraint } => write!(
                f,
                "foreign key {constraint} looks for referencing rows without an index"
            ),
            Reason::Unknown => f.write_str("not understood; assumed"),
        }
    }
}
