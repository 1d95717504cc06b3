//! What an index is certain to be refused for: what the access method can do, which operator classes fit, which
//! expressions are allowed (`transformIndexStmt`, `DefineIndex`, `ComputeIndexAttrs` in
//! src/backend/commands/indexcmds.c).

use pg_query::NodeEnum;
use pg_query::protobuf::{ConstrType, Constraint, IndexElem, IndexStmt, SortByDir, SortByNulls};

use super::column_definition::is_system_column;
use super::expression::types::{Kind, Types};
use super::expression::{Purpose, Scope, analyse_for};
use super::{Collector, node, type_change};
use crate::catalog::builtin::{Opclass, ReloptionKind, extension_opclasses};
use crate::catalog::{IndexTarget, Relation, RelationKind, Type, Volatility};

type Refusal = (&'static str, String);

pub fn refusal(stmt: &IndexStmt, relation: &Relation, c: &Collector<'_>) -> Option<Refusal> {
    let name = &relation.name.name;
    match relation.kind {
        RelationKind::Table | RelationKind::MaterializedView => {}
        RelationKind::PartitionedTable => {
            if let Some(refusal) = partitioned_refusal(stmt, relation, c) {
                return Some(refusal);
            }
        }
        RelationKind::View
        | RelationKind::Sequence
        | RelationKind::ForeignTable
        | RelationKind::CompositeType => {
            return Some((
                "42809",
                format!("cannot create index on {} \"{name}\"", relation.kind.noun()),
            ));
        }
    }
    let method = builtin_method(&stmt.access_method);
    // An extension may bring others.
    if method.is_none() && c.input.before.complete && c.input.before.extensions.is_empty() {
        return Some((
            "42704",
            format!("access method \"{}\" does not exist", stmt.access_method),
        ));
    }
    let scope = c.input.scope(Some(relation));
    let elements = || {
        stmt.index_params
            .iter()
            .filter_map(|parameter| match &parameter.node {
                Some(NodeEnum::IndexElem(element)) => Some(element.as_ref()),
                _ => None,
            })
    };
    if let Some(refusal) = elements()
        .find_map(|element| expression_refusal(element, &scope))
        .or_else(|| predicate_refusal(stmt, &scope))
        .or_else(|| {
            let shape = Shape {
                unique: stmt.unique,
                columns: stmt.index_params.len(),
                include: !stmt.index_including_params.is_empty(),
                exclusion: false,
            };
            method.and_then(|method| method_refusal(method, &shape, scope.version.major()))
        })
    {
        return Some(refusal);
    }
    if let Some(kind) = method.and_then(ReloptionKind::of_index) {
        for option in &stmt.options {
            if let Some(NodeEnum::DefElem(option)) = &option.node
                && let Some(refusal) =
                    super::options::reloption_refusal(kind, option, c.input.version())
            {
                return Some(refusal);
            }
        }
    }
    let keys = Keys {
        method: method?,
        scope,
        relation,
    };
    elements()
        .find_map(|element| keys.refusal(element))
        .or_else(|| elements().find_map(|element| keys.system_column(element)))
}

fn expression_refusal(element: &IndexElem, scope: &Scope) -> Option<Refusal> {
    let facts = analyse_for(Purpose::Index, element.expr.as_deref()?, scope);
    facts.error.or_else(|| {
        let refused = facts.volatility > Volatility::Immutable && facts.assumptions.is_empty();
        let message = "functions in index expression must be marked IMMUTABLE";
        refused.then(|| ("42P17", message.to_owned()))
    })
}

fn predicate_refusal(stmt: &IndexStmt, scope: &Scope) -> Option<Refusal> {
    let facts = analyse_for(
        Purpose::IndexPredicate,
        stmt.where_clause.as_deref()?,
        scope,
    );
    if facts.error.is_some() {
        return facts.error;
    }
    let types = scope.types();
    if let Some(ty) = facts.ty.filter(|ty| types.is_known(ty)) {
        let base = types.base(&ty);
        if base.array || !matches!(base.builtin_name(), Some("bool" | "unknown")) {
            let message = format!(
                "argument of WHERE must be type boolean, not type {}",
                types.display(&ty)
            );
            return Some(("42804", message));
        }
    }
    let refused = facts.volatility > Volatility::Immutable && facts.assumptions.is_empty();
    let message = "functions in index predicate must be marked IMMUTABLE";
    refused.then(|| ("42P17", message.to_owned()))
}

/// What an index asks of its access method.
pub struct Shape {
    pub unique: bool,
    /// How many keys.
    pub columns: usize,
    pub include: bool,
    pub exclusion: bool,
}

/// `IndexAmRoutine` of the built-in methods: `amcanunique`, `amcaninclude`, `amcanmulticol`, `amgettuple`.
pub fn method_refusal(method: &str, shape: &Shape, major: u8) -> Option<Refusal> {
    let includes = matches!(method, "btree" | "gist") || method == "spgist" && major >= 14;
    let what = if shape.unique && method != "btree" {
        "unique indexes"
    } else if shape.include && !includes {
        "included columns"
    } else if shape.columns > 1 && matches!(method, "hash" | "spgist") {
        "multicolumn indexes"
    } else if shape.exclusion && matches!(method, "gin" | "brin") {
        "exclusion constraints"
    } else {
        return None;
    };
    Some((
        "0A000",
        format!("access method \"{method}\" does not support {what}"),
    ))
}

/// Judges the keys of one index.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    pub method: &'a str,
    pub scope: Scope<'a>,
    pub relation: &'a Relation,
}

/// Operator classes of pg_trgm, hstore, intarray, ltree, PostGIS and pgvector.
const OF_EXTENSIONS: [&str; 18] = [
    "gin_trgm_ops",
    "gist_trgm_ops",
    "gin_hstore_ops",
    "gist_hstore_ops",
    "gin__int_ops",
    "gist__int_ops",
    "gist__intbig_ops",
    "gist_ltree_ops",
    "gist__ltree_ops",
    "gist_geometry_ops_2d",
    "gist_geometry_ops_nd",
    "gist_geography_ops",
    "vector_l2_ops",
    "vector_ip_ops",
    "vector_cosine_ops",
    "vector_l1_ops",
    "bit_hamming_ops",
    "bit_jaccard_ops",
];

impl Keys<'_> {
    pub fn refusal(&self, element: &IndexElem) -> Option<Refusal> {
        let types = self.scope.types();
        let ty = match &element.expr {
            Some(expression) => analyse_for(Purpose::Index, expression, &self.scope).ty,
            None if is_system_column(&element.name) => return None,
            None => match self.relation.column(&element.name) {
                Some(column) if column.generated.as_ref().is_some_and(|it| !it.stored) => {
                    let message = "indexes on virtual generated columns are not supported";
                    return Some(("0A000", message.to_owned()));
                }
                Some(column) => Some(column.ty.clone()),
                None if self.relation.complete => {
                    return Some((
                        "42703",
                        format!("column \"{}\" does not exist", element.name),
                    ));
                }
                None => None,
            },
        };
        let known = ty.filter(|ty| types.is_known(ty) && ty.builtin_name() != Some("unknown"));
        if let Some(ty) = &known {
            if !element.collation.is_empty() && !types.is_collatable(ty) {
                let message = format!("collations are not supported by type {}", types.display(ty));
                return Some(("42804", message));
            }
            let written = node::strings(&element.opclass);
            if let Some(refusal) =
                self.opclass_refusal(types, ty, written.last().map(String::as_str))
            {
                return Some(refusal);
            }
        }
        self.order_refusal(element)
    }

    /// `ResolveOpClass`
    fn opclass_refusal(&self, types: Types, ty: &Type, written: Option<&str>) -> Option<Refusal> {
        let catalog = self.scope.catalog;
        // An extension, CREATE OPERATOR CLASS or CREATE CAST may have brought others.
        if !catalog.complete || !type_change::all_opclasses_known(catalog) {
            return None;
        }
        let all = type_change::all_opclasses(catalog, self.method, self.scope.version);
        // Extensions are often installed by hand, and not by a migration.
        let of_extensions: Vec<Opclass> = all
            .iter()
            .copied()
            .chain(extension_opclasses(self.method, self.scope.version).map(|(_, class)| class))
            .collect();
        let elsewhere = match written {
            Some(name) => {
                !all.iter().any(|class| class.name == name)
                    && of_extensions.iter().any(|class| class.name == name)
            }
            None => {
                let of = &of_extensions;
                type_change::refused_default_opclass(types, of, self.method, ty).is_none()
            }
        };
        if elsewhere {
            return None;
        }
        match written {
            Some(name) => match all.iter().find(|class| class.name == name) {
                Some(class) => type_change::refused_opclass(types, *class, ty),
                // Its extension may have been created by hand: that takes a superuser more often than not.
                None if OF_EXTENSIONS.contains(&name) => None,
                None => Some((
                    "42704",
                    format!(
                        "operator class \"{name}\" does not exist for access method \"{}\"",
                        self.method
                    ),
                )),
            },
            None => type_change::refused_default_opclass(types, &all, self.method, ty),
        }
    }

    /// `amcanorder`
    fn order_refusal(&self, element: &IndexElem) -> Option<Refusal> {
        if self.method == "btree" {
            return None;
        }
        let what = if !matches!(
            element.ordering(),
            SortByDir::Undefined | SortByDir::SortbyDefault
        ) {
            "ASC/DESC options"
        } else if !matches!(
            element.nulls_ordering(),
            SortByNulls::Undefined | SortByNulls::SortbyNullsDefault
        ) {
            "NULLS FIRST/LAST options"
        } else {
            return None;
        };
        Some((
            "0A000",
            format!("access method \"{}\" does not support {what}", self.method),
        ))
    }

    fn system_column(&self, element: &IndexElem) -> Option<Refusal> {
        let system =
            is_system_column(&element.name) && self.relation.column(&element.name).is_none();
        let message = "index creation on system columns is not supported";
        system.then(|| ("0A000", message.to_owned()))
    }
}

/// What the index of a UNIQUE, PRIMARY KEY or EXCLUDE is refused for (`transformIndexConstraint`); `inline` is the
/// column that it is written beside, and the relation has all the columns that the statement brings.
pub fn constraint_refusal(
    constraint: &Constraint,
    inline: Option<&str>,
    scope: Scope,
    relation: &Relation,
) -> Option<Refusal> {
    let exclusion = constraint.contype() == ConstrType::ConstrExclusion;
    let noun = match constraint.contype() {
        ConstrType::ConstrPrimary => "primary key",
        ConstrType::ConstrUnique => "unique",
        ConstrType::ConstrExclusion => "exclusion",
        _ => return None,
    };
    if !constraint.indexname.is_empty() {
        return None;
    }
    let mut columns = node::strings(&constraint.keys);
    columns.extend(inline.map(str::to_owned));
    let twice = columns
        .iter()
        .enumerate()
        .find(|(at, name)| columns[..*at].contains(name));
    if let Some((_, name)) = twice {
        let message = format!("column \"{name}\" appears twice in {noun} constraint");
        return Some(("42701", message));
    }
    let method = match constraint.access_method.as_str() {
        "" if constraint.without_overlaps => "gist",
        "" => "btree",
        written => written,
    };
    let method = builtin_method(method)?;
    if constraint.without_overlaps
        && let Some(refusal) = overlaps_refusal(&columns, scope, relation)
    {
        return Some(refusal);
    }
    let keys = Keys {
        method,
        scope,
        relation,
    };
    if !exclusion {
        return columns
            .iter()
            .find_map(|name| keys.refusal(&plain_key(name)));
    }
    let pairs: Vec<(&IndexElem, String)> = exclusion_pairs(constraint);
    let shape = Shape {
        unique: false,
        columns: pairs.len(),
        include: !constraint.including.is_empty(),
        exclusion,
    };
    method_refusal(method, &shape, scope.version.major())
        .or_else(|| {
            pairs
                .iter()
                .find_map(|(element, _)| expression_refusal(element, &scope))
        })
        .or_else(|| {
            pairs.iter().find_map(|(element, operator)| {
                keys.refusal(element)
                    .or_else(|| operator_refusal(method, operator))
            })
        })
}

/// The last column is a range, and there is another one.
fn overlaps_refusal(columns: &[String], scope: Scope, relation: &Relation) -> Option<Refusal> {
    if columns.len() < 2 {
        let message = "constraint using WITHOUT OVERLAPS needs at least two columns";
        return Some(("42601", message.to_owned()));
    }
    let types = scope.types();
    let name = columns.last()?;
    let ty = types.base(&relation.column(name)?.ty);
    let range = matches!(types.kind(&ty), Kind::Range | Kind::Multirange);
    let message =
        || format!("column \"{name}\" in WITHOUT OVERLAPS is not a range or multirange type");
    (types.is_known(&ty) && !range).then(|| ("42804", message()))
}

fn plain_key(name: &str) -> IndexElem {
    IndexElem {
        name: name.to_owned(),
        ..IndexElem::default()
    }
}

/// The elements of EXCLUDE, each with the name of its operator.
pub fn exclusion_pairs(constraint: &Constraint) -> Vec<(&IndexElem, String)> {
    constraint
        .exclusions
        .iter()
        .filter_map(|pair| {
            let Some(NodeEnum::List(pair)) = &pair.node else {
                return None;
            };
            let [element, operator] = pair.items.as_slice() else {
                return None;
            };
            match (&element.node, &operator.node) {
                (Some(NodeEnum::IndexElem(element)), Some(NodeEnum::List(operator))) => {
                    Some((element.as_ref(), node::strings(&operator.items).pop()?))
                }
                _ => None,
            }
        })
        .collect()
}

/// The operator must be its own commutator and one of the family: of btree and hash only equality is both.
fn operator_refusal(method: &str, operator: &str) -> Option<Refusal> {
    let one_way = [
        "<", "<=", ">=", ">", "<<", ">>", "&<", "&>", "@>", "<@", "-",
    ];
    let refused =
        one_way.contains(&operator) || matches!(method, "btree" | "hash") && operator == "<>";
    let message =
        || format!("operator {operator} is not commutative or not of the operator family");
    refused.then(|| ("42809", message()))
}

/// None for the methods of extensions.
pub fn builtin_method(name: &str) -> Option<&str> {
    ["btree", "hash", "gist", "spgist", "gin", "brin"]
        .into_iter()
        .find(|method| *method == name)
}

fn partitioned_refusal(
    stmt: &IndexStmt,
    relation: &Relation,
    c: &Collector<'_>,
) -> Option<Refusal> {
    if stmt.concurrent {
        return Some((
            "0A000",
            format!(
                "cannot create index on partitioned table \"{}\" concurrently",
                relation.name.name
            ),
        ));
    }
    if !stmt.unique {
        return None;
    }
    let columns: Vec<&str> = stmt
        .index_params
        .iter()
        .filter_map(|parameter| match &parameter.node {
            Some(NodeEnum::IndexElem(element)) => Some(element.name.as_str()),
            _ => None,
        })
        .collect();
    let only = stmt.relation.as_ref().is_some_and(|name| !name.inh);
    unique_refusal(relation, &columns, only, c)
}

/// `DefineIndex`, and again for each partition that is partitioned itself: a unique index covers the partition key.
pub fn unique_refusal(
    relation: &Relation,
    columns: &[&str],
    only: bool,
    c: &Collector<'_>,
) -> Option<Refusal> {
    let key = relation.partition_key.as_ref()?;
    let covered = key.parts.iter().all(|part| match part {
        IndexTarget::Column(name) => columns.contains(&name.as_str()),
        IndexTarget::Expression(_) => false,
    });
    if !covered {
        let message =
            "unique constraint on partitioned table must include all partitioning columns";
        return Some(("0A000", message.to_owned()));
    }
    let mut partitions = c.input.before.children(relation.oid).filter(|_| !only);
    partitions.find_map(|partition| unique_refusal(partition, columns, false, c))
}

#[cfg(test)]
mod tests {
    use super::builtin_method;

    #[test]
    fn methods_of_extensions_are_not_judged() {
        assert_eq!(builtin_method("ivfflat"), None);
        assert_eq!(builtin_method("gin"), Some("gin"));
    }
}
