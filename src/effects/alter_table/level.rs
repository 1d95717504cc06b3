//! The lock level of an ALTER TABLE (`AlterTableGetLockLevel`): the strongest of its subcommands.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableType, ConstrType};

use super::Command;
use crate::catalog::builtin;
use crate::catalog::{Oid, RelationKind};
use crate::effects::{Collector, LockMode};

pub fn of_list(commands: &[Command<'_>], relation: Oid, c: &Collector<'_>) -> LockMode {
    commands
        .iter()
        .map(|command| of_command(command.node, relation, c))
        .max()
        .unwrap_or(LockMode::ShareUpdateExclusive)
}

fn of_command(command: &AlterTableCmd, relation: Oid, c: &Collector<'_>) -> LockMode {
    use AlterTableType as T;
    match command.subtype() {
        T::AtAddColumn
        | T::AtAddColumnToView
        | T::AtColumnDefault
        | T::AtCookedColumnDefault
        | T::AtDropNotNull
        | T::AtSetNotNull
        | T::AtSetExpression
        | T::AtDropExpression
        | T::AtSetStorage
        | T::AtSetCompression
        | T::AtDropColumn
        | T::AtAddIndexConstraint
        | T::AtDropConstraint
        | T::AtAlterConstraint
        | T::AtAlterColumnType
        | T::AtAlterColumnGenericOptions
        | T::AtChangeOwner
        | T::AtSetLogged
        | T::AtSetUnLogged
        | T::AtDropOids
        | T::AtSetAccessMethod
        | T::AtSetTableSpace
        | T::AtEnableRule
        | T::AtEnableAlwaysRule
        | T::AtEnableReplicaRule
        | T::AtDisableRule
        | T::AtAddInherit
        | T::AtDropInherit
        | T::AtAddOf
        | T::AtDropOf
        | T::AtReplicaIdentity
        | T::AtEnableRowSecurity
        | T::AtDisableRowSecurity
        | T::AtForceRowSecurity
        | T::AtNoForceRowSecurity
        | T::AtGenericOptions
        | T::AtAddIdentity
        | T::AtSetIdentity
        | T::AtDropIdentity
        | T::Undefined
        | T::AtReAddIndex
        | T::AtReAddConstraint
        | T::AtReAddDomainConstraint
        | T::AtReAddComment
        | T::AtReAddStatistics => LockMode::AccessExclusive,
        T::AtAddConstraint | T::AtAddIndex => {
            match &command.def.as_ref().and_then(|def| def.node.as_ref()) {
                Some(NodeEnum::Constraint(constraint))
                    if constraint.contype() == ConstrType::ConstrForeign =>
                {
                    LockMode::ShareRowExclusive
                }
                _ => LockMode::AccessExclusive,
            }
        }
        T::AtEnableTrig
        | T::AtEnableAlwaysTrig
        | T::AtEnableReplicaTrig
        | T::AtDisableTrig
        | T::AtEnableTrigAll
        | T::AtDisableTrigAll
        | T::AtEnableTrigUser
        | T::AtDisableTrigUser => LockMode::ShareRowExclusive,
        T::AtSetStatistics
        | T::AtSetOptions
        | T::AtResetOptions
        | T::AtValidateConstraint
        | T::AtClusterOn
        | T::AtDropCluster
        | T::AtAttachPartition
        | T::AtDetachPartitionFinalize => LockMode::ShareUpdateExclusive,
        T::AtDetachPartition => match &command.def.as_ref().and_then(|def| def.node.as_ref()) {
            Some(NodeEnum::PartitionCmd(detach)) if detach.concurrent => {
                LockMode::ShareUpdateExclusive
            }
            _ => LockMode::AccessExclusive,
        },
        T::AtSetRelOptions | T::AtResetRelOptions | T::AtReplaceRelOptions => {
            of_options(command, relation, c)
        }
    }
}

/// `AlterTableGetRelOptionsLockLevel`: the strongest of the options named; an unknown one is an error that
/// comes after the lock.
fn of_options(command: &AlterTableCmd, relation: Oid, c: &Collector<'_>) -> LockMode {
    let kind = match c.relation(relation).map(|relation| relation.kind) {
        Some(RelationKind::View) => builtin::ReloptionKind::View,
        _ => builtin::ReloptionKind::Heap,
    };
    super::options::names(command)
        .map(|(namespace, name)| {
            let kind = if namespace == "toast" {
                builtin::ReloptionKind::Toast
            } else {
                kind
            };
            builtin::reloption(kind, &name, c.input.version()).map_or(
                LockMode::ShareUpdateExclusive,
                |option| {
                    if option.access_exclusive {
                        LockMode::AccessExclusive
                    } else {
                        LockMode::ShareUpdateExclusive
                    }
                },
            )
        })
        .max()
        .unwrap_or(LockMode::ShareUpdateExclusive)
}
