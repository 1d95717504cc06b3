//! Triggers, rules and policies.

use std::sync::Arc;

use pg_query::protobuf::{AlterPolicyStmt, CreatePolicyStmt, CreateTrigStmt, RangeVar, RuleStmt};
use pg_query::{Node, NodeEnum};

use super::spec::name_list;
use super::{Outcome, Replay, refuse};
use crate::catalog::query::{Reader, ReaderScope};
use crate::catalog::{
    Dependency, Oid, Policy, Relation, RelationKind, RewriteRule, Trigger, TriggerTiming, Type,
};

impl Replay<'_> {
    pub(super) fn create_trigger(&mut self, stmt: &CreateTrigStmt) -> Outcome {
        let Some(range_var) = &stmt.relation else {
            return Ok(());
        };
        let table = self.relation(range_var, RelationKind::Table)?;
        let relation = self.get(table)?;
        let exists = relation
            .triggers
            .iter()
            .any(|trigger| trigger.name == stmt.trigname);
        if exists && !stmt.replace && relation.complete {
            return refuse(
                "42710",
                format!(
                    "trigger \"{}\" for relation \"{}\" already exists",
                    stmt.trigname, relation.name.name
                ),
            );
        }
        let columns = name_list(&stmt.columns);
        for column in &columns {
            self.require_column(table, column)?;
        }
        let function = name_list(&stmt.funcname);
        self.require_trigger_function(&function)?;
        for used in self.functions_called(&function.iter().map(String::as_str).collect::<Vec<_>>())
        {
            self.catalog.note_use(used, table);
        }
        let when = stmt
            .when_clause
            .as_deref()
            .map(|condition| self.stored(condition, table));
        let trigger = Trigger {
            name: stmt.trigname.clone(),
            columns,
            function,
            events: stmt.events,
            enabled: true,
            row: stmt.row,
            inherited: false,
            copy_of: None,
            when,
            constraint: stmt.isconstraint.then_some(TriggerTiming {
                events: stmt.events,
                deferrable: stmt.deferrable,
                initially_deferred: stmt.initdeferred,
            }),
        };
        self.put_trigger(table, trigger);
        Ok(())
    }

    /// A function without arguments that returns `trigger` (`CreateTriggerFiringOn` in
    /// src/backend/commands/trigger.c).
    fn require_trigger_function(&self, name: &[String]) -> Outcome {
        let parts: Vec<&str> = name.iter().map(String::as_str).collect();
        let found = self
            .functions_called(&parts)
            .into_iter()
            .filter_map(|oid| self.catalog.function(oid))
            .find(|function| function.arguments.is_empty());
        let display = name.join(".");
        let Some(function) = found else {
            return self.missing_function_named(&parts);
        };
        let returns = function.returns.as_ref().and_then(Type::builtin_name);
        match returns {
            Some("trigger" | "opaque") | None => Ok(()),
            Some(_) => refuse(
                "42P17",
                format!("function {display} must return type trigger"),
            ),
        }
    }

    /// An event trigger's function must be there.
    pub(super) fn require_function(&self, name: &[Node]) -> Outcome {
        let name = name_list(name);
        let parts: Vec<&str> = name.iter().map(String::as_str).collect();
        match self.functions_called(&parts).is_empty() {
            true => self.missing_function_named(&parts),
            false => Ok(()),
        }
    }

    /// Puts a trigger on a table, and the copy of a row trigger on every partition below.
    fn put_trigger(&mut self, table: Oid, trigger: Trigger) {
        let clone = trigger.row.then(|| trigger.copy());
        self.catalog.edit(table, |relation| {
            relation
                .triggers
                .retain(|existing| existing.name != trigger.name);
            relation.triggers.push(trigger);
        });
        let partitioned = self
            .catalog
            .relation(table)
            .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
        if let (Some(clone), true) = (clone, partitioned) {
            for partition in self.child_oids(table) {
                self.put_trigger(partition, clone.clone());
            }
        }
    }

    /// `CloneRowTriggersToPartition` in src/backend/commands/tablecmds.c.
    pub(super) fn clone_row_triggers(&mut self, parent: Oid, partition: Oid) {
        let Some(parent) = self.catalog.relation(parent) else {
            return;
        };
        let row_triggers: Vec<Trigger> = parent
            .triggers
            .iter()
            .filter(|trigger| trigger.row)
            .cloned()
            .collect();
        for trigger in row_triggers {
            self.put_trigger(partition, trigger.copy());
        }
    }

    /// A detached partition loses the copies of its parent's triggers (`DropClonedTriggersFromPartition`).
    pub(super) fn drop_cloned_triggers(&mut self, partition: Oid) {
        let gone: Vec<String> = self
            .catalog
            .relation(partition)
            .into_iter()
            .flat_map(|relation| &relation.triggers)
            .filter(|trigger| trigger.inherited)
            .map(|trigger| trigger.name.clone())
            .collect();
        for name in gone {
            self.drop_trigger_family(partition, &name);
        }
    }

    /// Nothing else is cloned below a detached partitioned table: its own triggers stay with its partitions.
    pub(super) fn drop_clones_below(&mut self, partition: Oid) {
        let own: Vec<String> = self
            .catalog
            .relation(partition)
            .into_iter()
            .flat_map(|relation| &relation.triggers)
            .map(|trigger| trigger.name.clone())
            .collect();
        for child in self.child_oids(partition) {
            self.catalog.edit(child, |relation| {
                relation
                    .triggers
                    .retain(|trigger| !trigger.inherited || own.contains(&trigger.name));
            });
        }
    }

    /// Drops a trigger and its copies on partitions.
    pub(super) fn drop_trigger_family(&mut self, table: Oid, name: &str) {
        self.catalog.edit(table, |relation| {
            relation.triggers.retain(|trigger| trigger.name != name);
        });
        for partition in self.child_oids(table) {
            let copy = self
                .catalog
                .relation(partition)
                .and_then(|relation| relation.copy_of_trigger(name))
                .map(|trigger| trigger.name.clone());
            if let Some(copy) = copy {
                self.drop_trigger_family(partition, &copy);
            }
        }
    }

    /// Until 14 the copies on partitions keep their names.
    pub(super) fn rename_trigger(&mut self, table: Oid, old: &str, new: &str) {
        self.catalog.edit(table, |relation| {
            for trigger in &mut relation.triggers {
                if trigger.name == old {
                    new.clone_into(&mut trigger.name);
                }
            }
        });
        for partition in self.child_oids(table) {
            let copy = self
                .catalog
                .relation(partition)
                .and_then(|relation| relation.copy_of_trigger(old))
                .map(|trigger| trigger.name.clone());
            let Some(copy) = copy else {
                continue;
            };
            self.catalog.edit(partition, |relation| {
                for trigger in &mut relation.triggers {
                    if trigger.name == copy {
                        trigger.copy_of = Some(new.to_owned());
                    }
                }
            });
            if self.since(15) {
                self.rename_trigger(partition, &copy, new);
            }
        }
    }

    pub(super) fn create_policy(&mut self, stmt: &CreatePolicyStmt) -> Outcome {
        let Some(range_var) = &stmt.table else {
            return Ok(());
        };
        let table = self.relation(range_var, RelationKind::Table)?;
        let relation = self.get(table)?;
        let exists = relation
            .policies
            .iter()
            .any(|policy| policy.name == stmt.policy_name);
        if exists && relation.complete {
            return refuse(
                "42710",
                format!(
                    "policy \"{}\" for table \"{}\" already exists",
                    stmt.policy_name, relation.name.name
                ),
            );
        }
        let (conditions, reads) = self.conditions(table, [&stmt.qual, &stmt.with_check]);
        let policy = Policy {
            name: stmt.policy_name.clone(),
            command: stmt.cmd_name.clone(),
            permissive: stmt.permissive,
            conditions,
            reads,
        };
        self.catalog.edit(table, |relation| {
            relation.policies.retain(|other| other.name != policy.name);
            relation.policies.push(policy);
        });
        Ok(())
    }

    pub(super) fn alter_policy(&mut self, stmt: &AlterPolicyStmt) -> Outcome {
        let Some(range_var) = &stmt.table else {
            return Ok(());
        };
        let table = self.relation(range_var, RelationKind::Table)?;
        let relation = self.get(table)?;
        let exists = relation
            .policies
            .iter()
            .any(|policy| policy.name == stmt.policy_name);
        if !exists && relation.complete {
            return refuse(
                "42704",
                format!(
                    "policy \"{}\" for table \"{}\" does not exist",
                    stmt.policy_name, relation.name.name
                ),
            );
        }
        if stmt.qual.is_none() && stmt.with_check.is_none() {
            return Ok(());
        }
        let (conditions, reads) = self.conditions(table, [&stmt.qual, &stmt.with_check]);
        let keeps_some = stmt.qual.is_none() || stmt.with_check.is_none();
        self.catalog.edit(table, |relation| {
            let policy = relation
                .policies
                .iter_mut()
                .find(|policy| policy.name == stmt.policy_name);
            if let Some(policy) = policy {
                if keeps_some {
                    policy.conditions.extend(conditions);
                    policy.reads.extend(reads);
                    policy.reads.sort();
                    policy.reads.dedup();
                } else {
                    policy.conditions = conditions;
                    policy.reads = reads;
                }
            }
        });
        Ok(())
    }

    /// The conditions of a policy and what they read; subqueries in them see the table's columns.
    fn conditions<'n>(
        &mut self,
        table: Oid,
        conditions: impl IntoIterator<Item = &'n Option<Box<Node>>>,
    ) -> (Vec<Arc<Node>>, Vec<Dependency>) {
        let mut stored = Vec::new();
        let mut reads = Vec::new();
        for condition in conditions.into_iter().flatten() {
            let condition = self.stored(condition, table);
            let mut reader = Reader::new(self.catalog, &self.session.settings);
            reader.expression(&condition, &[ReaderScope::of_relation(self.catalog, table)]);
            reads.extend(reader.finish().reads);
            stored.push(condition);
        }
        reads.sort();
        reads.dedup();
        (stored, reads)
    }

    pub(super) fn create_rule(&mut self, stmt: &RuleStmt) -> Outcome {
        let Some(range_var) = &stmt.relation else {
            return Ok(());
        };
        let table = self.relation(range_var, RelationKind::Table)?;
        let relation = self.get(table)?;
        let exists = relation.rules.iter().any(|rule| rule.name == stmt.rulename);
        if exists && !stmt.replace && relation.complete {
            return refuse(
                "42710",
                format!(
                    "rule \"{}\" for relation \"{}\" already exists",
                    stmt.rulename, relation.name.name
                ),
            );
        }
        let scope = [
            ReaderScope::of_relation_as(self.catalog, table, "old"),
            ReaderScope::of_relation_as(self.catalog, table, "new"),
        ];
        let mut reader = Reader::new(self.catalog, &self.session.settings);
        if let Some(condition) = &stmt.where_clause {
            reader.expression(condition, &scope);
        }
        for action in &stmt.actions {
            match &action.node {
                Some(NodeEnum::List(list)) => {
                    for action in &list.items {
                        reader.statement(action, &scope);
                    }
                }
                Some(_) => reader.statement(action, &scope),
                None => {}
            }
        }
        let mut reads = reader.finish().reads;
        for action in &stmt.actions {
            self.inserted_columns(action, &mut reads);
            self.note_uses(action, table);
        }
        reads.sort();
        reads.dedup();
        let actions = stmt.actions.iter().flat_map(|action| match &action.node {
            Some(NodeEnum::List(list)) => list.items.as_slice(),
            _ => std::slice::from_ref(action),
        });
        let rule = RewriteRule {
            name: stmt.rulename.clone(),
            enabled: true,
            event: stmt.event(),
            prevents: stmt.instead && stmt.where_clause.is_none() && stmt.actions.is_empty(),
            replaces: stmt.instead && stmt.where_clause.is_none() && stmt.actions.len() == 1,
            reads,
            writes: actions
                .filter_map(|action| self.lookup(written_by(action)?))
                .collect(),
        };
        self.catalog.edit(table, |relation| {
            relation.rules.retain(|other| other.name != rule.name);
            relation.rules.push(rule);
        });
        Ok(())
    }
}

impl Replay<'_> {
    /// An INSERT of a rule depends on every column that it fills: those named, or as many as there are values.
    fn inserted_columns(&self, action: &Node, reads: &mut Vec<Dependency>) {
        let insert = match &action.node {
            Some(NodeEnum::List(list)) => {
                list.items
                    .iter()
                    .for_each(|action| self.inserted_columns(action, reads));
                return;
            }
            Some(NodeEnum::InsertStmt(insert)) => insert,
            _ => return,
        };
        let Some(oid) = insert.relation.as_ref().and_then(|name| self.lookup(name)) else {
            return;
        };
        let Some(relation) = self.catalog.relation(oid) else {
            return;
        };
        let named: Vec<String> = insert
            .cols
            .iter()
            .filter_map(|column| match &column.node {
                Some(NodeEnum::ResTarget(target)) => Some(target.name.clone()),
                _ => None,
            })
            .collect();
        let columns = match named.is_empty() {
            true => relation.columns.iter().map(|it| it.name.clone()).collect(),
            false => named,
        };
        reads.extend(columns.into_iter().map(|column| Dependency {
            relation: oid,
            column: Some(column),
        }));
    }

    /// ENABLE and DISABLE TRIGGER, on partitions too (`EnableDisableTrigger` in src/backend/commands/trigger.c). REPLICA
    /// triggers fire for nobody but a replica.
    pub(super) fn enable_triggers(&mut self, table: Oid, name: Option<&str>, fires: bool) {
        for member in self.catalog.family(table) {
            self.catalog.edit(member, |relation| {
                for trigger in &mut relation.triggers {
                    let copied = trigger.copy_of.as_deref();
                    if name.is_none() || name == Some(&trigger.name) || name == copied {
                        trigger.enabled = fires;
                    }
                }
            });
        }
    }

    pub(super) fn enable_rule(&mut self, table: Oid, name: &str, fires: bool) {
        self.catalog.edit(table, |relation| {
            for rule in &mut relation.rules {
                if rule.name == name {
                    rule.enabled = fires;
                }
            }
        });
    }
}

/// The relation that an action of a rule writes.
fn written_by(action: &Node) -> Option<&RangeVar> {
    match action.node.as_ref()? {
        NodeEnum::InsertStmt(stmt) => stmt.relation.as_ref(),
        NodeEnum::UpdateStmt(stmt) => stmt.relation.as_ref(),
        NodeEnum::DeleteStmt(stmt) => stmt.relation.as_ref(),
        _ => None,
    }
}

impl Trigger {
    /// As a partition has it.
    fn copy(&self) -> Trigger {
        Trigger {
            inherited: true,
            copy_of: Some(self.name.clone()),
            ..self.clone()
        }
    }
}

impl Relation {
    fn copy_of_trigger(&self, name: &str) -> Option<&Trigger> {
        self.triggers
            .iter()
            .find(|trigger| trigger.copy_of.as_deref() == Some(name))
    }
}
