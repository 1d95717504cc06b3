//! Where an expression stands, and what is not allowed there.

/// The places of expressions (`ParseExprKind` in src/include/parser/parse_node.h) that DDL has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Default,
    Generated,
    /// CHECK of a table or a domain.
    Check,
    Index,
    IndexPredicate,
    /// ALTER COLUMN ... TYPE ... USING
    Using,
    PartitionBound,
    PartitionKey,
    /// USING and WITH CHECK of a policy.
    Policy,
    /// The places of a query: WHERE, ON and so on.
    Where,
    JoinOn,
    Having,
    GroupBy,
    FromFunction,
    Limit,
    Values,
    /// A value that INSERT or UPDATE gives to a column.
    Assigned,
    Returning,
    /// Nothing is known to be forbidden.
    Other,
}

impl Purpose {
    /// "cannot use subquery in ..."
    pub fn singular(self) -> Option<&'static str> {
        Some(match self {
            Purpose::Default => "DEFAULT expression",
            Purpose::Generated => "column generation expression",
            Purpose::Check => "check constraint",
            Purpose::Index => "index expression",
            Purpose::IndexPredicate => "index predicate",
            Purpose::Using => "transform expression",
            Purpose::PartitionBound => "partition bound",
            Purpose::PartitionKey => "partition key expression",
            Purpose::Policy
            | Purpose::Where
            | Purpose::JoinOn
            | Purpose::Having
            | Purpose::GroupBy
            | Purpose::FromFunction
            | Purpose::Limit
            | Purpose::Values
            | Purpose::Assigned
            | Purpose::Returning
            | Purpose::Other => return None,
        })
    }

    /// "aggregate functions are not allowed in ..."
    pub fn plural(self) -> Option<&'static str> {
        Some(match self {
            Purpose::Default => "DEFAULT expressions",
            Purpose::Generated => "column generation expressions",
            Purpose::Check => "check constraints",
            Purpose::Index => "index expressions",
            Purpose::IndexPredicate => "index predicates",
            Purpose::Using => "transform expressions",
            Purpose::PartitionBound => "partition bound",
            Purpose::PartitionKey => "partition key expressions",
            Purpose::Policy => "policy expressions",
            Purpose::Where => "WHERE",
            Purpose::JoinOn => "JOIN conditions",
            Purpose::Having => "HAVING",
            Purpose::GroupBy => "GROUP BY",
            Purpose::FromFunction => "functions in FROM",
            Purpose::Limit => "LIMIT",
            Purpose::Values => "VALUES",
            Purpose::Assigned => "UPDATE",
            Purpose::Returning => "RETURNING",
            Purpose::Other => return None,
        })
    }

    /// "cannot use column reference in ..."
    pub fn without_columns(self) -> Option<&'static str> {
        match self {
            Purpose::Default => Some("DEFAULT expression"),
            Purpose::PartitionBound => Some("partition bound expression"),
            _ => None,
        }
    }

    /// What is assigned to a column: "default expression".
    pub fn value(self) -> &'static str {
        match self {
            Purpose::Generated => "generation expression",
            Purpose::Default => "default expression",
            _ => "expression",
        }
    }

    /// Aggregates may stand here (`check_agglevels_and_constraints`).
    pub fn takes_aggregates(self) -> bool {
        matches!(self, Purpose::Having | Purpose::Other)
    }

    /// Set-returning functions may (`check_srf_call_placement` in src/backend/parser/parse_func.c).
    pub fn takes_sets(self) -> bool {
        matches!(
            self,
            Purpose::GroupBy | Purpose::FromFunction | Purpose::Assigned | Purpose::Other
        )
    }
}
