//! Which subcommand of ALTER TABLE goes with which kind of relation (`ATSimplePermissions` and
//! `RangeVarCallbackForAlterRelation` in src/backend/commands/tablecmds.c).

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableStmt, AlterTableType};

use super::options::persistence_refusal;
use crate::catalog::{Relation, RelationKind};
use crate::effects::column_definition::is_system_column;
use crate::effects::other::not_a;
use crate::effects::{Collector, node, type_change};

/// Refuses a statement that does not go with the relation it names, before anything else is looked at.
pub fn check(stmt: &AlterTableStmt, c: &mut Collector<'_>) {
    let Some(oid) = stmt.relation.as_ref().and_then(|name| c.input.oid(name)) else {
        return;
    };
    if let Some(message) = not_a(stmt.objtype(), oid, c) {
        // ALTER TABLE takes every kind of relation, and then looks at the subcommands.
        if stmt.objtype() != pg_query::protobuf::ObjectType::ObjectTable {
            c.error("42809", message, c.input.span());
            return;
        }
    }
    if let Some(index) = c.input.before.index(oid) {
        refuse_for_index(stmt, &index.name.name, c);
        return;
    }
    let Some(relation) = c.input.before.relation(oid).filter(|it| it.complete) else {
        return;
    };
    let composite = relation.kind == RelationKind::CompositeType;
    if composite && stmt.objtype() == pg_query::protobuf::ObjectType::ObjectTable {
        let message = format!("\"{}\" is a composite type", relation.name.name);
        c.error("42809", message, c.input.span());
        return;
    }
    if let Some(message) = system_column(stmt, relation) {
        c.error("0A000", message, c.input.span());
        return;
    }
    if let Some((sqlstate, message)) =
        commands(stmt).find_map(|command| refused(command, relation, c))
    {
        c.error(sqlstate, message, c.input.span());
    }
}

/// `ATPrepCmd`: what a subcommand is refused for before the first is done.
fn refused(
    command: &AlterTableCmd,
    relation: &Relation,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    use AlterTableType as T;
    let kind = command.subtype();
    if !goes_with(kind, relation, c) {
        let message = format!(
            "the ALTER action cannot be performed on {} \"{}\"",
            relation.kind.noun(),
            relation.name.name
        );
        return Some(("42809", message));
    }
    place_refusal(kind, relation, c).or_else(|| match kind {
        T::AtAlterColumnType => prepared_type(command, relation, c),
        T::AtSetLogged => persistence_refusal(relation, true, c),
        T::AtSetUnLogged if relation.kind == RelationKind::Table => {
            persistence_refusal(relation, false, c)
        }
        _ => None,
    })
}

fn prepared_type(
    command: &AlterTableCmd,
    relation: &Relation,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    let Some(NodeEnum::ColumnDef(definition)) = &command.def.as_ref()?.node else {
        return None;
    };
    let input = c.input;
    let ty = input
        .before
        .resolve_type(definition.type_name.as_ref()?, input.settings());
    let collation = definition
        .coll_clause
        .as_ref()
        .and_then(|clause| node::string(clause.collname.last()?));
    // ONLY is for the statement to know; it does not go with a column of children.
    let family = input.before.family(relation.oid);
    family.into_iter().find_map(|oid| {
        let member = input.before.relation(oid).filter(|it| it.complete)?;
        type_change::prepared_refusal(&type_change::Input {
            catalog: input.before,
            settings: input.settings(),
            version: input.version(),
            relation: member,
            column: member.column(&command.name)?,
            ty: &ty,
            collation,
            using: definition.raw_default.as_deref(),
            recursing: oid != relation.oid,
            drops: false,
            rewritten: false,
        })
    })
}

fn commands(stmt: &AlterTableStmt) -> impl Iterator<Item = &AlterTableCmd> {
    stmt.cmds.iter().filter_map(|command| match &command.node {
        Some(NodeEnum::AlterTableCmd(command)) => Some(command.as_ref()),
        _ => None,
    })
}

/// System columns cannot be altered or dropped, and only an index's columns have numbers.
fn system_column(stmt: &AlterTableStmt, relation: &Relation) -> Option<String> {
    use AlterTableType as T;
    commands(stmt).find_map(|command| {
        let on_column = matches!(
            command.subtype(),
            T::AtAlterColumnType
                | T::AtColumnDefault
                | T::AtDropNotNull
                | T::AtSetNotNull
                | T::AtSetStatistics
                | T::AtSetOptions
                | T::AtResetOptions
                | T::AtSetStorage
                | T::AtSetCompression
                | T::AtAddIdentity
                | T::AtSetIdentity
                | T::AtDropIdentity
                | T::AtSetExpression
                | T::AtDropExpression
                | T::AtDropColumn
        );
        if !on_column {
            return None;
        }
        if command.name.is_empty() && command.num > 0 {
            return Some("cannot refer to non-index column by number".to_owned());
        }
        let system = is_system_column(&command.name) && relation.column(&command.name).is_none();
        system.then(|| format!("cannot alter system column \"{}\"", command.name))
    })
}

fn refuse_for_index(stmt: &AlterTableStmt, name: &str, c: &mut Collector<'_>) {
    use AlterTableType as T;
    let allowed = |command: &AlterTableCmd| {
        matches!(
            command.subtype(),
            T::AtSetStatistics
                | T::AtSetRelOptions
                | T::AtResetRelOptions
                | T::AtReplaceRelOptions
                | T::AtSetTableSpace
                | T::AtAttachPartition
                // Noticed, with a hint, and not done.
                | T::AtChangeOwner
        )
    };
    if !commands(stmt).all(allowed) {
        let message = format!("the ALTER action cannot be performed on index \"{name}\"");
        c.error("42809", message, c.input.span());
    }
}

/// What a typed table, a partition or a partitioned table is not altered by, and what needs one.
fn place_refusal(
    command: AlterTableType,
    relation: &Relation,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    use AlterTableType as T;
    let name = &relation.name.name;
    let partition = relation.is_partition();
    let partitioned = relation.kind == RelationKind::PartitionedTable;
    let inheritance = || {
        let of = match relation.of_type {
            Some(_) => "typed table",
            None if partition => "a partition",
            None => "partitioned table",
        };
        Some(("42809", format!("cannot change inheritance of {of}")))
    };
    match command {
        T::AtAddColumn if relation.of_type.is_some() => {
            Some(("42809", "cannot add column to typed table".to_owned()))
        }
        T::AtDropColumn if relation.of_type.is_some() => {
            Some(("42809", "cannot drop column from typed table".to_owned()))
        }
        T::AtAddInherit if relation.of_type.is_some() || partition || partitioned => inheritance(),
        T::AtDropInherit if partition => inheritance(),
        T::AtDropOf if relation.of_type.is_none() => {
            Some(("42809", format!("\"{name}\" is not a typed table")))
        }
        // `transformPartitionCmd`, and the permissions of 18.
        T::AtAttachPartition | T::AtDetachPartition | T::AtDetachPartitionFinalize
            if !partitioned =>
        {
            let table = relation.kind == RelationKind::Table;
            let attached = command == T::AtAttachPartition;
            match (table, c.input.since(18)) {
                (true, false) => Some(("42P17", format!("table \"{name}\" is not partitioned"))),
                _ if attached || c.input.since(14) => {
                    Some(("42809", format!("\"{name}\" is not a partitioned table")))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn goes_with(command: AlterTableType, relation: &Relation, c: &Collector<'_>) -> bool {
    use AlterTableType as T;
    use RelationKind as K;
    let kind = relation.kind;
    let table = matches!(kind, K::Table | K::PartitionedTable);
    let foreign = kind == K::ForeignTable;
    let matview = kind == K::MaterializedView;
    let view = kind == K::View;
    match command {
        T::AtAddColumn | T::AtDropColumn | T::AtAlterColumnType => {
            table || foreign || kind == K::CompositeType
        }
        T::AtColumnDefault | T::AtAddIdentity | T::AtSetIdentity | T::AtDropIdentity => {
            table || foreign || view
        }
        T::AtDropNotNull
        | T::AtSetNotNull
        | T::AtSetExpression
        | T::AtDropExpression
        | T::AtAddConstraint
        | T::AtDropConstraint
        | T::AtValidateConstraint
        | T::AtDropOids
        | T::AtAddInherit
        | T::AtDropInherit
        | T::AtEnableTrig
        | T::AtEnableAlwaysTrig
        | T::AtEnableReplicaTrig
        | T::AtDisableTrig
        | T::AtEnableTrigAll
        | T::AtDisableTrigAll
        | T::AtEnableTrigUser
        | T::AtDisableTrigUser => table || foreign,
        T::AtSetStatistics | T::AtSetOptions | T::AtResetOptions | T::AtSetStorage => {
            table || foreign || matview
        }
        T::AtSetCompression
        | T::AtClusterOn
        | T::AtDropCluster
        | T::AtSetAccessMethod
        | T::AtSetTableSpace
        | T::AtReplicaIdentity => table || matview,
        T::AtSetRelOptions | T::AtResetRelOptions | T::AtReplaceRelOptions => {
            table || view || matview
        }
        T::AtSetLogged | T::AtSetUnLogged => {
            kind == K::Table
                || kind == K::PartitionedTable && !c.input.since(18)
                || kind == K::Sequence && c.input.since(15)
        }
        T::AtAlterConstraint
        | T::AtAddIndex
        | T::AtAddIndexConstraint
        | T::AtAddOf
        | T::AtDropOf
        | T::AtEnableRule
        | T::AtEnableAlwaysRule
        | T::AtEnableReplicaRule
        | T::AtDisableRule
        | T::AtEnableRowSecurity
        | T::AtDisableRowSecurity
        | T::AtForceRowSecurity
        | T::AtNoForceRowSecurity => table,
        T::AtAlterColumnGenericOptions | T::AtGenericOptions => foreign,
        T::AtDetachPartition | T::AtDetachPartitionFinalize => {
            kind == K::PartitionedTable || !c.input.since(18)
        }
        // Asked where the bound is.
        T::AtAttachPartition
        | T::AtChangeOwner
        // Not in the grammar.
        | T::Undefined
        | T::AtAddColumnToView
        | T::AtCookedColumnDefault
        | T::AtReAddIndex
        | T::AtReAddConstraint
        | T::AtReAddDomainConstraint
        | T::AtReAddComment
        | T::AtReAddStatistics => true,
    }
}
