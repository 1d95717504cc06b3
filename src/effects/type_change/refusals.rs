//! Type changes that PostgreSQL refuses because of what the column is or what depends on it
//! (`ATPrepAlterColumnType`, `RememberAllDependentForRebuilding`).

use pg_query::{Node, NodeEnum, NodeRef};

use super::super::expression::refusal_with;
use super::super::expression::types::Kind;
use super::{Input, columns_read};
use crate::catalog::{
    BaseType, Catalog, ConstraintKind, Dependency, IndexTarget, Oid, Relation, RelationKind,
    UserTypeKind,
};
use crate::sql::walk;

type Refusal = (&'static str, String);

/// What is refused before the old values are looked at.
pub fn before(input: &Input) -> Option<Refusal> {
    let (relation, column) = (input.relation, input.column);
    let (table, name) = (&relation.name.name, &column.name);
    if !matches!(
        relation.kind,
        RelationKind::Table
            | RelationKind::PartitionedTable
            | RelationKind::ForeignTable
            | RelationKind::CompositeType
    ) {
        let noun = relation.kind.noun();
        return Some((
            "42809",
            format!(
                "ALTER action ALTER COLUMN ... SET DATA TYPE cannot be performed on relation \"{table}\", a {noun}"
            ),
        ));
    }
    if relation.of_type.is_some() && !input.recursing {
        let message = "cannot alter column type of typed table";
        return Some(("42809", message.to_owned()));
    }
    if column.generated.is_some() && input.using.is_some() {
        let message = "cannot specify USING when altering type of generated column";
        return Some(("42611", message.to_owned()));
    }
    if column.inherited > 0 && !input.recursing {
        return Some(("42P16", format!("cannot alter inherited column \"{name}\"")));
    }
    if in_partition_key(input) {
        return Some((
            "42P16",
            format!(
                "cannot alter column \"{name}\" because it is part of the partition key of relation \"{table}\""
            ),
        ));
    }
    missing_type(input)
        .or_else(|| super::modifiers::refusal(input.ty, input.version))
        .or_else(|| pseudo_type(input))
        .or_else(|| collation(input))
}

fn missing_type(input: &Input) -> Option<Refusal> {
    input.types().missing(input.ty)
}

fn in_partition_key(input: &Input) -> bool {
    let Some(key) = &input.relation.partition_key else {
        return false;
    };
    key.parts.iter().any(|part| match part {
        IndexTarget::Column(name) => *name == input.column.name,
        IndexTarget::Expression(node) => columns_read(input, node).contains(&input.column.name),
    })
}

/// `CheckAttributeType` in src/backend/catalog/heap.c
fn pseudo_type(input: &Input) -> Option<Refusal> {
    let types = input.types();
    if types.kind(input.ty) != Kind::Pseudo {
        return None;
    }
    let (name, ty) = (&input.column.name, types.display(input.ty));
    Some(("42P16", format!("column \"{name}\" has pseudo-type {ty}")))
}

/// `GetColumnDefCollation` in src/backend/parser/parse_type.c
fn collation(input: &Input) -> Option<Refusal> {
    let types = input.types();
    if input.collation.is_none() || types.is_collatable(input.ty) || !types.is_known(input.ty) {
        return None;
    }
    let ty = types.display(input.ty);
    Some((
        "42804",
        format!("collations are not supported by type {ty}"),
    ))
}

/// ALTER SEQUENCE ... AS allows the integer types only (`init_params` in src/backend/commands/sequence.c).
pub fn identity_sequence(input: &Input) -> Option<Refusal> {
    input.column.identity?;
    match input.ty.builtin_name() {
        Some("int2" | "int4" | "int8") => None,
        _ => {
            let message = "identity column type must be smallint, integer, or bigint";
            Some(("22023", message.to_owned()))
        }
    }
}

/// What depends on the column and cannot follow.
pub fn dependents(input: &Input) -> Option<Refusal> {
    if let Some(refusal) = statistics(input) {
        return Some(refusal);
    }
    // The catalog knows better what the statement has dropped already.
    if input.drops {
        return None;
    }
    let unsupported = |what: &str| Some(("0A000", format!("cannot alter type of a column {what}")));
    if view_or_rule_reads(input) {
        return unsupported("used by a view or rule");
    }
    if trigger_names(input) {
        return unsupported("used in a trigger definition");
    }
    if policy_reads(input) {
        return unsupported("used in a policy definition");
    }
    if generated_from(input) {
        let sqlstate = if input.since(15) { "0A000" } else { "42601" };
        let message = "cannot alter type of a column used by a generated column";
        return Some((sqlstate, message.to_owned()));
    }
    if publication_reads(input) {
        return unsupported("used by a publication WHERE clause");
    }
    None
}

/// `CreateStatistics`, run anew: only what can be ordered.
fn statistics(input: &Input) -> Option<Refusal> {
    let kept = input.catalog.statistics.values().any(|statistics| {
        statistics.table == input.relation.oid && statistics.columns.contains(&input.column.name)
    });
    let types = input.types();
    if !kept
        || !input.catalog.complete
        || !super::all_opclasses_known(input.catalog)
        || !types.is_known(input.ty)
    {
        return None;
    }
    let all = super::all_opclasses(input.catalog, "btree", input.version);
    super::indexes::default_opclass(types, &all, input.ty)
        .is_none()
        .then(|| {
            let message = format!(
                "column \"{}\" cannot be used in statistics because its type {} has no default btree operator class",
                input.column.name,
                types.display(input.ty)
            );
            ("0A000", message)
        })
}

/// CHECK constraints, index expressions and predicates are printed and parsed again with the new type.
pub fn reparsed(input: &Input) -> Option<Refusal> {
    let checks =
        input
            .relation
            .constraints
            .iter()
            .filter_map(|constraint| match &constraint.kind {
                ConstraintKind::Check { expression, .. } => Some((&**expression, false)),
                _ => None,
            });
    let indexes = input
        .catalog
        .indexes_of(input.relation.oid)
        .flat_map(|index| {
            let keys = index.keys.iter().filter_map(|key| match &key.target {
                IndexTarget::Expression(expression) => Some((&**expression, true)),
                IndexTarget::Column(_) => None,
            });
            keys.chain(
                index
                    .predicate
                    .as_deref()
                    .map(|predicate| (predicate, true)),
            )
        });
    checks.chain(indexes).find_map(|(node, immutable)| {
        let name = &input.column.name;
        columns_read(input, node).contains(name).then(|| {
            field_of_scalar(input, node)
                .or_else(|| refusal_with(node, name, input.ty, immutable, &input.scope()))
        })?
    })
}

/// `(column).field` where the new type has no fields.
fn field_of_scalar(input: &Input, node: &Node) -> Option<Refusal> {
    let types = input.types();
    if matches!(types.kind(input.ty), Kind::Composite) || !types.is_known(input.ty) {
        return None;
    }
    let of_column = |indirection: &pg_query::protobuf::AIndirection| {
        let Some(NodeEnum::ColumnRef(column)) = &indirection.arg.as_ref()?.node else {
            return None;
        };
        let name = crate::effects::node::string(column.fields.last()?)?;
        let field = crate::effects::node::string(indirection.indirection.first()?)?;
        (name == input.column.name).then(|| field.to_owned())
    };
    let field = walk::descendants(node.node.as_ref()?).find_map(|node| match node {
        NodeRef::AIndirection(indirection) => of_column(indirection),
        _ => None,
    })?;
    let ty = types.display(input.ty);
    Some((
        "42809",
        format!("column notation .{field} applied to type {ty}, which is not a composite type"),
    ))
}

fn reads(input: &Input, dependencies: &[Dependency]) -> bool {
    dependencies.iter().any(|dependency| {
        dependency.relation == input.relation.oid
            && dependency.column.as_deref() == Some(&*input.column.name)
    })
}

fn view_or_rule_reads(input: &Input) -> bool {
    let of_rules =
        |relation: &Relation| relation.rules.iter().any(|rule| reads(input, &rule.reads));
    of_rules(input.relation)
        || input
            .catalog
            .readers(input.relation.oid)
            .any(|reader| reads(input, &reader.reads) || of_rules(reader))
}

fn trigger_names(input: &Input) -> bool {
    input.relation.triggers.iter().any(|trigger| {
        trigger.columns.contains(&input.column.name)
            || trigger
                .when
                .as_ref()
                .is_some_and(|when| columns_read(input, when).contains(&input.column.name))
    })
}

fn policy_reads(input: &Input) -> bool {
    let of = |relation: &Relation| {
        relation
            .policies
            .iter()
            .any(|policy| reads(input, &policy.reads))
    };
    of(input.relation) || input.catalog.readers(input.relation.oid).any(of)
}

fn generated_from(input: &Input) -> bool {
    input.relation.columns.iter().any(|column| {
        column.name != input.column.name
            && column.generated.as_ref().is_some_and(|generated| {
                columns_read(input, &generated.expression).contains(&input.column.name)
            })
    })
}

fn publication_reads(input: &Input) -> bool {
    input
        .catalog
        .publications
        .values()
        .any(|publication| reads(input, &publication.filters))
}

/// A table whose values are computed anew must not be the type of another table's column.
pub fn row_type_in_use(input: &Input) -> Option<Refusal> {
    let (table, column) = row_type_column(input.catalog, input.relation.oid)?;
    let name = &input.relation.name.name;
    let noun = match input.relation.kind {
        RelationKind::CompositeType => "type",
        RelationKind::ForeignTable => "foreign table",
        _ => "table",
    };
    Some((
        "0A000",
        format!(
            "cannot alter {noun} \"{name}\" because column \"{table}.{column}\" uses its row type"
        ),
    ))
}

/// A stored column of the relation's row type, an array of it, or a domain or composite type over it
/// (`find_composite_type_dependencies`): its table and name.
pub fn row_type_column(catalog: &Catalog, relation: Oid) -> Option<(String, String)> {
    let row = catalog.type_oid(&catalog.relation(relation)?.name)?;
    // Nearly every time.
    if !catalog.is_used(row) {
        return None;
    }
    column_of_type(catalog, row, 0)
}

fn column_of_type(catalog: &Catalog, ty: Oid, depth: u8) -> Option<(String, String)> {
    let is_it = |base: &BaseType| *base == BaseType::User(ty);
    for relation in catalog.relations() {
        let stored = matches!(
            relation.kind,
            RelationKind::Table | RelationKind::PartitionedTable | RelationKind::MaterializedView
        );
        let found = relation
            .columns
            .iter()
            .find(|column| is_it(&column.ty.base));
        if let (true, Some(column)) = (stored, found) {
            return Some((relation.name.name.clone(), column.name.clone()));
        }
    }
    if depth > 16 {
        return None;
    }
    catalog.user_types().find_map(|user| {
        let made_of_it = match &user.kind {
            UserTypeKind::Domain(domain) => is_it(&domain.base.base),
            UserTypeKind::Composite { attributes } => {
                attributes.iter().any(|(_, ty)| is_it(&ty.base))
            }
            UserTypeKind::Range { subtype } => is_it(&subtype.base),
            UserTypeKind::Enum { .. } | UserTypeKind::Row { .. } | UserTypeKind::Base => false,
        };
        match made_of_it {
            true => column_of_type(catalog, user.oid, depth + 1),
            false => None,
        }
    })
}
