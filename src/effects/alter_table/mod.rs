//! Effects of ALTER TABLE and its kin, as src/backend/commands/tablecmds.c works: the lock level of the
//! whole list, the subcommands one by one over the relation and its children, then one pass over each
//! table that must be rewritten or checked.

mod add_column;
pub(super) mod attach;
mod column;
mod column_options;
mod constraint;
mod detach;
mod drop_column;
mod existing_constraint;
mod guess;
mod index_constraint;
mod level;
mod options;
pub(super) mod permissions;
mod phase3;
mod retype;

use std::ops::Range;
use std::rc::Rc;

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableStmt, AlterTableType, ObjectType};

use super::{Collector, LockMode};
use crate::catalog::{AlterTablePass, Oid, Relation, RelationKind, Turn};
pub(super) use options::{definitions as option_definitions, names as option_names};
use phase3::Phase3;

/// The relation under alteration, as the subcommands see it.
pub(super) struct Alteration<'c, 'a> {
    pub c: &'c mut Collector<'a>,
    pub root: Oid,
    /// The statement's own lock, taken on the relation and on the children it recurses to.
    pub mode: LockMode,
    /// ALTER TABLE ONLY.
    pub only: bool,
    pub phase3: Phase3,
    /// All subcommands, to see what the others of the same statement do.
    pub commands: Rc<[Command<'a>]>,
}

/// A subcommand and its place in the file.
pub(super) struct Command<'a> {
    pub node: &'a AlterTableCmd,
    pub span: Range<usize>,
}

pub fn alter_table<'a>(stmt: &'a AlterTableStmt, c: &mut Collector<'a>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let Some(root) = c.resolve(name) else {
        missing(stmt, c);
        return;
    };
    let commands: Rc<[Command<'a>]> = commands(stmt, c).into();
    if stmt.objtype() == ObjectType::ObjectIndex || c.input.before.index(root).is_some() {
        super::index::alter_index(root, &commands, c);
        return;
    }
    let mode = level::of_list(&commands, root, c);
    c.lock(root, mode, statement_head(&commands, c));
    let mut alteration = Alteration {
        c,
        root,
        mode,
        only: !name.inh,
        phase3: Phase3::default(),
        commands: Rc::clone(&commands),
    };
    let mut in_turn: Vec<(Turn, &Command<'a>)> = commands
        .iter()
        .enumerate()
        .map(|(at, command)| ((AlterTablePass::of(command.node), at), command))
        .collect();
    in_turn.sort_by_key(|(turn, _)| *turn);
    for (turn, command) in in_turn {
        // What depends on a column is looked for once its new type and default are, and whether the columns of a
        // partition fit once its bound is.
        let looked_at_first = match command.node.subtype() {
            AlterTableType::AtAlterColumnType => true,
            AlterTableType::AtAttachPartition => {
                let refusal = alteration.c.input.refusal;
                refusal.is_some_and(|refusal| refusal.sqlstate == "42804")
            }
            _ => false,
        };
        if !looked_at_first {
            refuse_in_turn(turn, alteration.c);
        }
        if !alteration.c.failed() {
            alteration.subcommand(command);
            // What the subcommands before the refused one make is not in the catalog then.
            if alteration.c.input.refusal.is_some() {
                alteration.c.forget_error_about_names();
            }
        }
        refuse_in_turn(turn, alteration.c);
        if alteration.c.failed() {
            return;
        }
    }
    // What a subcommand leads to in a later pass: the constraints of a new column.
    if let Some(refusal) = alteration.c.input.refusal {
        let span = alteration.c.input.span();
        alteration
            .c
            .error(refusal.sqlstate, refusal.message.clone(), span);
        return;
    }
    if alteration.c.in_doubt() {
        for command in commands.iter() {
            alteration.guess(command);
        }
    }
    alteration.finish();
}

/// Names and dependencies refuse a subcommand whose turn has come.
fn refuse_in_turn(turn: Turn, c: &mut Collector<'_>) {
    let refusal = c.input.refusal.filter(|refusal| refusal.turn <= Some(turn));
    if let Some(refusal) = refusal {
        c.error(refusal.sqlstate, refusal.message.clone(), c.input.span());
    }
}

/// ALTER TABLE IF EXISTS of a relation that is not there locks nothing; without IF EXISTS the relation is
/// unknown and the worst is assumed.
fn missing(stmt: &AlterTableStmt, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    if stmt.missing_ok && c.input.before.complete {
        return;
    }
    let target = c.unknown_target(c.input.qualified(name), RelationKind::Table);
    c.lock_target(target, LockMode::AccessExclusive, c.input.span());
}

/// The subcommands with their places: the comma-separated parts after the relation's name.
fn commands<'s>(stmt: &'s AlterTableStmt, c: &Collector<'_>) -> Vec<Command<'s>> {
    let input = c.input;
    let list_start = stmt
        .relation
        .as_ref()
        .and_then(|name| usize::try_from(name.location).ok())
        .map_or(0, |at| crate::sql::clause::after_name(input.text, at));
    let parts = crate::sql::clause::parts(input.text, list_start);
    stmt.cmds
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::AlterTableCmd(command)) => Some(command.as_ref()),
            _ => None,
        })
        .enumerate()
        .map(|(number, node)| Command {
            node,
            span: parts.get(number).map_or(input.span(), |part| {
                input.start + part.start..input.start + part.end
            }),
        })
        .collect()
}

/// The place of the strongest subcommand stands for the lock: the whole statement when there are several.
fn statement_head(commands: &[Command<'_>], c: &Collector<'_>) -> Range<usize> {
    match commands {
        [only] => only.span.clone(),
        _ => c.input.span(),
    }
}

impl<'a> Alteration<'_, 'a> {
    pub fn relation(&self, oid: Oid) -> Option<&'a Relation> {
        self.c.relation(oid)
    }

    pub fn since(&self, major: u8) -> bool {
        self.c.input.since(major)
    }

    /// The relation itself and, unless ONLY, everything below it, each locked as the statement locks
    /// (`ATSimpleRecursion`).
    pub fn family(&mut self, span: &Range<usize>) -> Vec<Oid> {
        if self.only {
            return vec![self.root];
        }
        let family = self.c.family(self.root);
        self.lock_children(&family, span);
        family
    }

    fn lock_children(&mut self, family: &[Oid], span: &Range<usize>) {
        let mode = self.mode;
        for &child in family.iter().filter(|&&oid| oid != self.root) {
            self.c.because("it inherits from the altered table", |c| {
                c.lock(child, mode, span.clone())
            });
        }
    }

    fn subcommand(&mut self, command: &Command<'a>) {
        use AlterTableType as T;
        let span = &command.span;
        let node = command.node;
        match node.subtype() {
            T::AtAddColumn | T::AtAddColumnToView => self.add_column(command),
            T::AtColumnDefault | T::AtCookedColumnDefault => self.set_default(command),
            T::AtDropNotNull => self.drop_not_null(command),
            T::AtSetNotNull => self.set_not_null(&node.name, span),
            T::AtSetExpression => self.set_expression(command),
            T::AtDropExpression => self.drop_expression(command),
            T::AtSetStatistics => self.set_statistics(command),
            T::AtSetStorage => self.set_storage(command),
            T::AtSetCompression => self.set_compression(command),
            T::AtSetOptions => self.set_options(command),
            T::AtResetOptions => {}
            T::AtDropColumn => self.drop_column(command),
            T::AtAddConstraint | T::AtAddIndex => self.add_constraint(command),
            T::AtAddIndexConstraint => self.add_constraint(command),
            T::AtAlterConstraint => self.alter_constraint(command),
            T::AtValidateConstraint => self.validate_constraint(command),
            T::AtDropConstraint => self.drop_constraint(command),
            T::AtAlterColumnType => self.alter_column_type(command),
            T::AtAlterColumnGenericOptions | T::AtGenericOptions => {}
            T::AtChangeOwner => self.owner(span),
            T::AtClusterOn | T::AtDropCluster => self.cluster_on(command),
            T::AtSetLogged => self.set_logged(true, span),
            T::AtSetUnLogged => self.set_logged(false, span),
            T::AtDropOids => {}
            T::AtSetAccessMethod => self.set_access_method(command),
            T::AtSetTableSpace => self.set_tablespace(command),
            T::AtSetRelOptions | T::AtResetRelOptions | T::AtReplaceRelOptions => {
                self.relation_options(command);
            }
            T::AtEnableTrig
            | T::AtEnableAlwaysTrig
            | T::AtEnableReplicaTrig
            | T::AtDisableTrig
            | T::AtEnableTrigAll
            | T::AtDisableTrigAll
            | T::AtEnableTrigUser
            | T::AtDisableTrigUser => self.toggle_trigger(command),
            T::AtEnableRule | T::AtEnableAlwaysRule | T::AtEnableReplicaRule | T::AtDisableRule => {
            }
            T::AtAddInherit => self.inherit(command),
            T::AtDropInherit => self.no_inherit(command),
            T::AtAddOf | T::AtDropOf => {}
            T::AtReplicaIdentity => self.replica_identity(command),
            T::AtEnableRowSecurity
            | T::AtDisableRowSecurity
            | T::AtForceRowSecurity
            | T::AtNoForceRowSecurity => {}
            T::AtAttachPartition => self.attach_partition(command),
            T::AtDetachPartition => self.detach_partition(command),
            T::AtDetachPartitionFinalize => self.detach_finalize(command),
            T::AtAddIdentity => self.add_identity(command),
            T::AtSetIdentity => self.set_identity(command),
            T::AtDropIdentity => self.drop_identity(command),
            // Made by PostgreSQL itself while it alters a column's type; the grammar has none of them.
            T::Undefined
            | T::AtReAddIndex
            | T::AtReAddConstraint
            | T::AtReAddDomainConstraint
            | T::AtReAddComment
            | T::AtReAddStatistics => {}
        }
    }
}
