//! Effects of publications and subscriptions (src/backend/commands/publicationcmds.c, subscriptioncmds.c).

use std::ops::Range;

use pg_query::protobuf::{
    AlterPublicationAction, AlterPublicationStmt, AlterSubscriptionStmt, AlterSubscriptionType,
    CreatePublicationStmt, CreateSubscriptionStmt, DropSubscriptionStmt, PublicationObjSpecType,
    PublicationTable,
};
use pg_query::{Node, NodeEnum};

use super::expression::analyse;
use super::options::{self, Value};
use super::{Collector, LockMode, query};
use crate::catalog::query::ReaderScope;
use crate::catalog::{Oid, Persistence, RelationKind, Volatility};

pub fn create_publication(stmt: &CreatePublicationStmt, c: &mut Collector<'_>) {
    if let Some(message) = refused_option(&stmt.options, c) {
        c.error("42601", message, c.input.span());
        return;
    }
    tables(&stmt.pubobjects, true, c);
}

/// `parse_publication_options`
fn refused_option(options: &[Node], c: &Collector<'_>) -> Option<String> {
    super::options::options(options).find_map(|option| match option.name {
        "publish" => {
            let Value::Text(list) = option.value else {
                return None;
            };
            let unknown = list.split(',').map(str::trim).find(|action| {
                !matches!(
                    action.to_ascii_lowercase().as_str(),
                    "" | "insert" | "update" | "delete" | "truncate"
                )
            })?;
            Some(format!(
                "unrecognized value for publication option \"publish\": \"{unknown}\""
            ))
        }
        "publish_via_partition_root" if c.input.since(13) => None,
        "publish_generated_columns" if c.input.since(18) => None,
        name => Some(format!("unrecognized publication parameter: \"{name}\"")),
    })
}

pub fn alter_publication(stmt: &AlterPublicationStmt, c: &mut Collector<'_>) {
    if let Some(message) = refused_option(&stmt.options, c) {
        c.error("42601", message, c.input.span());
        return;
    }
    let adds = stmt.action() != AlterPublicationAction::ApDropObjects;
    let named = tables(&stmt.pubobjects, adds, c);
    if stmt.action() != AlterPublicationAction::ApSetObjects || stmt.pubobjects.is_empty() {
        return;
    }
    // What SET leaves out is taken out of the publication (`AlterPublicationTables`).
    let Some(publication) = c.input.before.publications.get(&stmt.pubname) else {
        return;
    };
    let span = c.input.span();
    for &table in publication.tables.iter().filter(|oid| !named.contains(oid)) {
        c.because("it is no longer published", |c| {
            c.lock(table, LockMode::ShareUpdateExclusive, span.clone())
        });
    }
}

/// ShareUpdateExclusive on every table that is named, and on what inherits from it (`OpenTableList`);
/// partitions are published through their root and not locked.
fn tables(objects: &[Node], adds: bool, c: &mut Collector<'_>) -> Vec<Oid> {
    let mut found = Vec::new();
    for object in objects {
        let Some(NodeEnum::PublicationObjSpec(object)) = &object.node else {
            continue;
        };
        let in_schema = matches!(
            object.pubobjtype(),
            PublicationObjSpecType::PublicationobjTablesInSchema
                | PublicationObjSpecType::PublicationobjTablesInCurSchema
        );
        if in_schema {
            continue;
        }
        if let Some(table) = &object.pubtable {
            found.extend(one_table(table, adds, c));
        }
    }
    found
}

fn one_table(table: &PublicationTable, adds: bool, c: &mut Collector<'_>) -> Vec<Oid> {
    let Some(name) = &table.relation else {
        return Vec::new();
    };
    let span = c.name_span(name.location);
    let mode = LockMode::ShareUpdateExclusive;
    let Some(oid) = c.lock_named(name, RelationKind::Table, mode, &span) else {
        return Vec::new();
    };
    if adds && let Some((sqlstate, message)) = not_publishable(oid, c) {
        c.error(sqlstate, message, span);
        return Vec::new();
    }
    if let Some(condition) = table
        .where_clause
        .as_ref()
        .and_then(|node| node.node.as_ref())
    {
        query::lock_mentioned(condition, c, &span);
    }
    if let Some(condition) = table.where_clause.as_deref() {
        refuse_filter(condition, oid, c, &span);
        if c.failed() {
            return Vec::new();
        }
    }
    let partitioned = c
        .relation(oid)
        .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
    if partitioned || !name.inh {
        return vec![oid];
    }
    let family = c.family(oid);
    let added = matches!(c.input.node, NodeEnum::AlterPublicationStmt(stmt)
        if stmt.action() == AlterPublicationAction::ApAddObjects);
    if let NodeEnum::AlterPublicationStmt(stmt) = c.input.node
        && let Some(publication) = c.input.before.publications.get(&stmt.pubname)
        && added
        && let Some(twice) = family.iter().find(|oid| publication.tables.contains(oid))
    {
        let name = (c.relation(*twice)).map_or_else(String::new, |it| it.name.name.clone());
        let message = format!(
            "relation \"{name}\" is already member of publication \"{}\"",
            stmt.pubname
        );
        c.error("42710", message, span);
        return Vec::new();
    }
    for &child in family.iter().filter(|&&child| child != oid) {
        c.because("it inherits from a table of the publication", |c| {
            c.lock(child, mode, span.clone())
        });
    }
    family
}

/// `check_simple_rowfilter_expr`: nothing of the user's own, nothing that changes.
fn refuse_filter(condition: &Node, table: Oid, c: &mut Collector<'_>, span: &Range<usize>) {
    let scope = [ReaderScope::of_relation(c.input.before, table)];
    query::refuse_unknown_columns_of(condition, &scope, c);
    let Some(relation) = c.complete_relation(table).filter(|_| !c.failed()) else {
        return;
    };
    let scope = c.input.scope(Some(relation));
    let facts = analyse(condition, &scope);
    if let Some((sqlstate, message)) = facts.error {
        c.error(sqlstate, message, span.clone());
    } else if facts.assumptions.is_empty() && facts.volatility != Volatility::Immutable {
        let message = "invalid publication WHERE expression: user-defined or built-in mutable functions are not allowed";
        c.error("0A000", message, span.clone());
    }
}

/// `check_publication_add_relation` in src/backend/catalog/pg_publication.c.
fn not_publishable(oid: Oid, c: &Collector<'_>) -> Option<(&'static str, String)> {
    let relation = c.complete_relation(oid)?;
    let name = &relation.name.name;
    let refused = |detail: &str| {
        Some((
            "22023",
            format!("cannot add relation \"{name}\" to publication: {detail}"),
        ))
    };
    match relation.kind {
        RelationKind::Table => {}
        RelationKind::PartitionedTable if c.input.since(13) => {}
        RelationKind::PartitionedTable => {
            return Some(("0A000", format!("\"{name}\" is a partitioned table")));
        }
        kind if c.input.since(15) => {
            return refused(&format!(
                "this operation is not supported for {}s",
                kind.noun()
            ));
        }
        _ => return Some(("22023", format!("\"{name}\" is not a table"))),
    }
    match relation.persistence {
        Persistence::Permanent => None,
        Persistence::Temporary => refused("temporary tables are not replicated"),
        Persistence::Unlogged => refused("unlogged tables are not replicated"),
    }
}

/// Creating the replication slot (the default when it connects) cannot be undone, so it is refused inside a
/// transaction block.
pub fn create_subscription(stmt: &CreateSubscriptionStmt, c: &mut Collector<'_>) {
    let connects = option(&stmt.options, "connect").unwrap_or(true);
    let creates_slot = option(&stmt.options, "create_slot").unwrap_or(connects);
    if creates_slot {
        c.forbidden_in_transaction("CREATE SUBSCRIPTION ... WITH (create_slot = true)");
    }
}

fn option(list: &[Node], name: &str) -> Option<bool> {
    options::options(list)
        .filter(|option| option.name == name)
        .last()
        .and_then(|option| option.boolean())
}

pub fn alter_subscription(stmt: &AlterSubscriptionStmt, c: &mut Collector<'_>) {
    use AlterSubscriptionType as T;
    let refreshes = option(&stmt.options, "refresh").unwrap_or(true);
    match stmt.kind() {
        T::AlterSubscriptionRefresh => {
            c.forbidden_in_transaction("ALTER SUBSCRIPTION ... REFRESH");
        }
        T::AlterSubscriptionSetPublication
        | T::AlterSubscriptionAddPublication
        | T::AlterSubscriptionDropPublication
            if refreshes =>
        {
            c.forbidden_in_transaction("ALTER SUBSCRIPTION with refresh");
        }
        T::AlterSubscriptionSetPublication
        | T::AlterSubscriptionAddPublication
        | T::AlterSubscriptionDropPublication
        | T::AlterSubscriptionOptions
        | T::AlterSubscriptionConnection
        | T::AlterSubscriptionEnabled
        | T::AlterSubscriptionSkip
        | T::Undefined => {}
    }
    two_phase(stmt, c, &c.input.span());
}

/// SET (failover) and SET (two_phase) change the slot at the publisher.
fn two_phase(stmt: &AlterSubscriptionStmt, c: &mut Collector<'_>, _span: &Range<usize>) {
    if stmt.kind() != AlterSubscriptionType::AlterSubscriptionOptions {
        return;
    }
    for option in options::options(&stmt.options) {
        let off = option.value == Value::Absent || option.boolean() == Some(true);
        match option.name {
            "failover" if c.input.since(17) => {
                c.forbidden_in_transaction("ALTER SUBSCRIPTION ... SET (failover)");
            }
            "two_phase" if c.input.since(18) && !off => {
                c.forbidden_in_transaction("ALTER SUBSCRIPTION ... SET (two_phase)");
            }
            _ => {}
        }
    }
}

/// With a replication slot to drop (unless `slot_name` was set to NONE before) it is refused in a block. Whether
/// there is one is not in the schema; a subscription has one unless somebody took it away.
pub fn drop_subscription(_stmt: &DropSubscriptionStmt, c: &mut Collector<'_>) {
    c.assume(
        "the subscription has a replication slot, as one has unless slot_name was set to NONE",
    );
    c.forbidden_in_transaction("DROP SUBSCRIPTION");
}
