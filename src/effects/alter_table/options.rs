//! Subcommands on the relation as a whole: storage, options, owner, inheritance, triggers, replica identity.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableType, DefElem};

use super::{Alteration, Command};
use crate::catalog::builtin::ReloptionKind;
use crate::catalog::{Oid, Persistence, Relation, RelationKind};
use crate::effects::cluster::not_clusterable;
use crate::effects::options::reloption_refusal;
use crate::effects::view::check_option_refusal;
use crate::effects::{Collector, LockMode, Reason};

/// The storage parameters that SET or RESET names: namespace (`toast` or nothing) and name.
pub fn names(command: &AlterTableCmd) -> impl Iterator<Item = (String, String)> {
    definitions(command).map(|option| {
        (
            option.defnamespace.to_lowercase(),
            option.defname.to_lowercase(),
        )
    })
}

pub fn definitions(command: &AlterTableCmd) -> impl Iterator<Item = &DefElem> {
    let options = match command.def.as_ref().and_then(|def| def.node.as_ref()) {
        Some(NodeEnum::List(list)) => list.items.as_slice(),
        _ => &[],
    };
    options.iter().filter_map(|option| match &option.node {
        Some(NodeEnum::DefElem(option)) => Some(&**option),
        _ => None,
    })
}

impl<'a> Alteration<'_, 'a> {
    /// 22023 for a parameter that this version does not know (SET only; RESET of anything is accepted).
    pub fn relation_options(&mut self, command: &Command<'a>) {
        let kind = self.relation(self.root).map(|relation| relation.kind);
        if command.node.subtype() == AlterTableType::AtResetRelOptions {
            return;
        }
        if kind == Some(RelationKind::PartitionedTable) {
            let sqlstate = if self.since(16) { "42809" } else { "22023" };
            self.c.error(
                sqlstate,
                "cannot specify storage parameters for a partitioned table",
                command.span.clone(),
            );
            return;
        }
        if let Some(NodeEnum::List(list)) =
            command.node.def.as_ref().and_then(|def| def.node.as_ref())
            && kind == Some(RelationKind::View)
            && let Some((sqlstate, message)) = check_option_refusal(&list.items)
                .or_else(|| self.unwritable_with_check_option(&list.items))
        {
            self.c.error(sqlstate, message, command.span.clone());
            return;
        }
        let version = self.c.input.version();
        for option in definitions(command.node) {
            let kind = match (option.defnamespace.to_lowercase().as_str(), kind) {
                ("toast", _) => ReloptionKind::Toast,
                (_, Some(RelationKind::View)) => ReloptionKind::View,
                _ => ReloptionKind::Heap,
            };
            if let Some((sqlstate, message)) = reloption_refusal(kind, option, version) {
                self.c.error(sqlstate, message, command.span.clone());
                return;
            }
        }
    }

    /// WITH CHECK OPTION asks for a view that rows can be written through (`ATExecSetRelOptions`).
    fn unwritable_with_check_option(
        &self,
        list: &[pg_query::Node],
    ) -> Option<(&'static str, String)> {
        let asks = |option: &pg_query::Node| matches!(&option.node, Some(NodeEnum::DefElem(option)) if option.defname == "check_option");
        let view = self.relation(self.root)?;
        let Some(NodeEnum::SelectStmt(select)) = view.query.as_deref() else {
            return None;
        };
        let reason = crate::effects::query::not_updatable_query(select, self.c)?;
        let message = format!(
            "WITH CHECK OPTION is supported only on automatically updatable views: {reason}"
        );
        list.iter().any(asks).then_some(("0A000", message))
    }

    /// The owner changes on the table and its indexes and owned sequences, not on its partitions.
    pub fn owner(&mut self, span: &Range<usize>) {
        if self
            .relation(self.root)
            .is_some_and(|it| it.owned_by.is_some())
        {
            let message = "cannot change owner of a sequence that is linked to a table";
            self.c.error("0A000", message, span.clone());
            return;
        }
        self.c
            .lock_indexes(self.root, LockMode::AccessExclusive, span);
        for sequence in self.c.input.before.sequences_of(self.root, None) {
            self.c.because("it belongs to the table", |c| {
                c.lock(sequence.oid, LockMode::AccessExclusive, span.clone())
            });
        }
    }

    pub fn cluster_on(&mut self, command: &Command<'a>) {
        if command.node.subtype() != AlterTableType::AtClusterOn {
            if self
                .relation(self.root)
                .is_some_and(|it| it.kind == RelationKind::PartitionedTable)
            {
                let message = "cannot mark index clustered in partitioned table";
                self.c.error("0A000", message, command.span.clone());
            }
            return;
        }
        let Some(oid) = self.index_named(&command.node.name) else {
            return;
        };
        self.c.lock(oid, self.mode, command.span.clone());
        let (Some(index), Some(relation)) =
            (self.c.input.before.index(oid), self.relation(self.root))
        else {
            return;
        };
        let refusal = if relation.kind == RelationKind::PartitionedTable {
            Some("cannot mark index clustered in partitioned table".to_owned())
        } else {
            not_clusterable(index)
        };
        if let Some(message) = refusal {
            self.c.error("0A000", message, command.span.clone());
        }
    }

    /// An index of the altered table, by its bare name.
    pub fn index_named(&self, name: &str) -> Option<Oid> {
        let catalog = self.c.input.before;
        catalog
            .indexes_of(self.root)
            .find(|index| index.name.name == name)
            .map(|index| index.oid)
    }

    /// Whether SET LOGGED or SET UNLOGGED finds the relation otherwise.
    pub fn changes_persistence(&self, logged: bool) -> bool {
        self.relation(self.root).is_some_and(|relation| {
            let already = (relation.persistence == Persistence::Permanent) == logged;
            relation.kind != RelationKind::PartitionedTable && !(already && relation.complete)
        })
    }

    /// `ATPrepChangePersistence`: nothing to do when the table is so already.
    pub fn set_logged(&mut self, logged: bool, span: &Range<usize>) {
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        if relation.kind == RelationKind::PartitionedTable {
            if self.since(18) {
                self.c.error(
                    "42809",
                    "ALTER action SET LOGGED/UNLOGGED cannot be performed on a partitioned table",
                    span.clone(),
                );
            }
            return;
        }
        // The first one that changes something is the last that may.
        let first = self
            .commands
            .iter()
            .find_map(|command| match command.node.subtype() {
                AlterTableType::AtSetLogged => Some(true),
                AlterTableType::AtSetUnLogged => Some(false),
                _ => None,
            });
        let is_logged = relation.persistence == Persistence::Permanent;
        let changed = first.is_some_and(|first| first != logged && first != is_logged);
        if changed && relation.complete && self.since(13) {
            let message = "cannot change persistence setting twice";
            self.c.error("0A000", message, span.clone());
            return;
        }
        if !self.changes_persistence(logged) {
            return;
        }
        if let Some((sqlstate, message)) = persistence_refusal(relation, logged, self.c) {
            self.c.error(sqlstate, message, span.clone());
            return;
        }
        let clause = if logged { "SET LOGGED" } else { "SET UNLOGGED" };
        if relation.kind == RelationKind::Sequence {
            self.c.new_storage(self.root);
            return;
        }
        self.phase3
            .rewrite(self.root, Reason::Storage { clause }, span);
        // From 15 on owned sequences follow their table.
        if self.since(15) {
            for sequence in self.c.input.before.sequences_of(self.root, None) {
                self.c.because("it belongs to the table", |c| {
                    c.lock(sequence.oid, LockMode::AccessExclusive, span.clone());
                    c.new_storage(sequence.oid);
                });
            }
        }
    }

    /// The heap moves (a copy of its files), its indexes stay where they are.
    pub fn set_tablespace(&mut self, command: &Command<'a>) {
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        let current = relation.tablespace.as_deref().unwrap_or("pg_default");
        if current == command.node.name && relation.complete {
            return;
        }
        if relation.kind.has_storage() {
            let span = &command.span;
            self.c.new_storage(self.root);
            self.c.work(
                self.root,
                crate::effects::WorkKind::Rewrite,
                Reason::Storage {
                    clause: "SET TABLESPACE",
                },
                span.clone(),
            );
        }
    }

    pub fn set_access_method(&mut self, command: &Command<'a>) {
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        if relation.kind == RelationKind::PartitionedTable {
            if !self.since(17) {
                self.c.error(
                    "42809",
                    "cannot change access method of a partitioned table",
                    command.span.clone(),
                );
            }
            return;
        }
        if self.changes_access_method(command) {
            self.phase3.rewrite(
                self.root,
                Reason::Storage {
                    clause: "SET ACCESS METHOD",
                },
                &command.span,
            );
        }
    }

    /// Whether SET ACCESS METHOD finds another one.
    pub fn changes_access_method(&self, command: &Command<'a>) -> bool {
        // DEFAULT is written without a name.
        let wanted = match command.node.name.as_str() {
            "" => "heap",
            name => name,
        };
        self.relation(self.root).is_some_and(|relation| {
            let current = relation.access_method.as_deref().unwrap_or("heap");
            relation.kind != RelationKind::PartitionedTable
                && (current != wanted || !relation.complete)
        })
    }

    /// `EnableDisableTrigger` recurses to the partitions that have a clone of the trigger.
    pub fn toggle_trigger(&mut self, command: &Command<'a>) {
        let partitioned = self
            .relation(self.root)
            .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
        let has_clones = self
            .relation(self.root)
            .is_some_and(|relation| relation.triggers.iter().any(|trigger| trigger.row));
        // From 15 on partitioned tables have the triggers of foreign keys, which ALL means too.
        let all = matches!(
            command.node.subtype(),
            AlterTableType::AtDisableTrigAll | AlterTableType::AtEnableTrigAll
        );
        let has_keys = all && self.since(15) && self.has_foreign_keys();
        if partitioned && (has_clones || has_keys) {
            self.family(&command.span);
        }
    }

    /// Foreign keys of the relation or to it.
    fn has_foreign_keys(&self) -> bool {
        let own = self
            .relation(self.root)
            .is_some_and(|relation| relation.foreign_keys().next().is_some());
        own || self
            .c
            .input
            .before
            .foreign_keys_to(self.root)
            .next()
            .is_some()
    }

    pub fn inherit(&mut self, command: &Command<'a>) {
        let Some(NodeEnum::RangeVar(parent)) =
            command.node.def.as_ref().and_then(|def| def.node.as_ref())
        else {
            return;
        };
        if let Some(parent) = self.c.resolve(parent) {
            self.c.because("it becomes the parent", |c| {
                c.lock(parent, LockMode::ShareUpdateExclusive, command.span.clone())
            });
        }
    }

    /// The parent is only read: its definition is not changed (`ATExecDropInherit`).
    pub fn no_inherit(&mut self, command: &Command<'a>) {
        let Some(NodeEnum::RangeVar(parent)) =
            command.node.def.as_ref().and_then(|def| def.node.as_ref())
        else {
            return;
        };
        if let Some(parent) = self.c.resolve(parent) {
            self.c.because("it is the parent", |c| {
                c.lock(parent, LockMode::AccessShare, command.span.clone())
            });
        }
    }

    pub fn replica_identity(&mut self, command: &Command<'a>) {
        let Some(NodeEnum::ReplicaIdentityStmt(identity)) =
            command.node.def.as_ref().and_then(|def| def.node.as_ref())
        else {
            return;
        };
        if identity.identity_type != "i" {
            return;
        }
        let Some(oid) = self.index_named(&identity.name) else {
            return;
        };
        self.c.lock(oid, LockMode::Share, command.span.clone());
    }
}

/// `ATPrepChangePersistence`: a permanent table must not reference an unlogged one, and an unlogged one is not
/// published.
pub fn persistence_refusal(
    relation: &Relation,
    logged: bool,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    let catalog = c.input.before;
    let name = &relation.name.name;
    if (relation.persistence == Persistence::Permanent) == logged {
        return None;
    }
    let published = !logged
        && (catalog.publications.values())
            .any(|publication| publication.tables.contains(&relation.oid));
    if published {
        return Some((
            "55000",
            format!(
                "cannot change table \"{name}\" to unlogged because it is part of a publication"
            ),
        ));
    }
    let refused = if logged {
        relation.foreign_keys().any(|(_, key)| {
            key.references != relation.oid
                && catalog
                    .relation(key.references)
                    .is_some_and(|other| other.persistence == Persistence::Unlogged)
        })
    } else {
        // A partition is referenced where its root is.
        let mut referenced = vec![relation.oid];
        let mut partition = Some(relation).filter(|relation| relation.is_partition());
        while let Some(root) = partition.and_then(|partition| partition.parents.first()) {
            referenced.push(*root);
            partition = catalog.relation(*root).filter(|root| root.is_partition());
        }
        referenced
            .into_iter()
            .flat_map(|oid| catalog.foreign_keys_to(oid))
            .any(|(other, _, _)| {
                other.oid != relation.oid && other.persistence == Persistence::Permanent
            })
    };
    let message =
        "a logged table and an unlogged table cannot reference each other in this direction";
    refused.then(|| ("42P16", message.to_owned()))
}
