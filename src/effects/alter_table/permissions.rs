//! Which subcommand of ALTER TABLE goes with which kind of relation (`ATSimplePermissions` and
//! `RangeVarCallbackForAlterRelation` in src/backend/commands/tablecmds.c).

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableStmt, AlterTableType};

use crate::catalog::{Relation, RelationKind};
use crate::effects::Collector;
use crate::effects::other::not_a;

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
    let Some(relation) = c.input.before.relation(oid).filter(|it| it.complete) else {
        return;
    };
    let refused = stmt.cmds.iter().any(|command| match &command.node {
        Some(NodeEnum::AlterTableCmd(command)) => !goes_with(command.subtype(), relation, c),
        _ => false,
    });
    if refused {
        let message = format!(
            "the ALTER action cannot be performed on {} \"{}\"",
            relation.kind.noun(),
            relation.name.name
        );
        c.error("42809", message, c.input.span());
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
            table || kind == K::Sequence && c.input.since(15)
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
