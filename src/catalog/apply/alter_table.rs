//! ALTER TABLE: its subcommands in PostgreSQL's order (`ATPrepCmd`, `ATRewriteCatalogs` in
//! src/backend/commands/tablecmds.c).

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterTableCmd, AlterTableStmt, AlterTableType as Kind, ConstrType, DropBehavior, ObjectType,
    RangeVar,
};

use super::column::{Owner, table_constraint};
use super::create_table::distinct_indexes;
use super::names::Found;
use super::spec::{CheckSpec, ForeignKeySpec, IndexSpec, NotNullSpec, TableSpec, options};
use super::{Outcome, Refusal, Replay, refuse};
use crate::catalog::resolve::range_var_name;
use crate::catalog::{Oid, RelationKind, UserTypeKind};

/// When a subcommand runs (`AlterTablePass` in src/backend/commands/tablecmds.c).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlterTablePass {
    Drop,
    AlterType,
    SetExpression,
    AddColumn,
    ColumnAttributes,
    AddIndex,
    AddOtherConstraint,
    Misc,
}

use AlterTablePass as Pass;

/// The place of a subcommand in the order in which PostgreSQL does them: its pass, then its position in the text.
pub type Turn = (AlterTablePass, usize);

/// Something to do in its pass.
enum Step<'a> {
    Command(&'a AlterTableCmd),
    NotNull(NotNullSpec),
    Indexes(Vec<IndexSpec>),
    Check(CheckSpec),
    ForeignKey(ForeignKeySpec),
}

/// The table at work, and what is still to do.
struct Work<'a> {
    table: Oid,
    /// ALTER TABLE ONLY
    only: bool,
    steps: Vec<(Turn, Step<'a>)>,
    /// The turn of the step that is done now.
    now: Option<Turn>,
}

impl Replay<'_> {
    pub(super) fn alter_table(&mut self, stmt: &AlterTableStmt) -> Outcome {
        let Some(range_var) = &stmt.relation else {
            return Ok(());
        };
        if stmt.missing_ok && self.lookup(range_var).is_none() {
            self.learn_of_maybe(range_var, stmt.objtype());
            return Ok(());
        }
        let kind = relation_kind(stmt.objtype());
        let table = match self.relation_or_index(range_var, kind)? {
            Found::Relation(oid) => oid,
            Found::Index(index) => return self.alter_index(index, stmt),
        };
        let mut work = Work {
            table,
            only: !range_var.inh,
            steps: Vec::new(),
            now: None,
        };
        for (at, command) in stmt.cmds.iter().enumerate() {
            let Some(NodeEnum::AlterTableCmd(command)) = &command.node else {
                continue;
            };
            match new_constraint(command) {
                Some(spec) => self.queue(spec, at, &mut work),
                None => {
                    let turn = (AlterTablePass::of(command), at);
                    work.steps.push((turn, Step::Command(command)));
                }
            }
        }
        self.typed_tables_of(table, stmt)?;
        for pass in [
            Pass::Drop,
            Pass::AlterType,
            Pass::SetExpression,
            Pass::AddColumn,
            Pass::ColumnAttributes,
            Pass::AddIndex,
            Pass::AddOtherConstraint,
            Pass::Misc,
        ] {
            let (now, later): (Vec<_>, Vec<_>) = std::mem::take(&mut work.steps)
                .into_iter()
                .partition(|(turn, _)| turn.0 == pass);
            work.steps = later;
            for (turn, step) in now {
                work.now = Some(turn);
                self.step(step, &mut work).map_err(|refusal| Refusal {
                    turn: Some(turn),
                    ..refusal
                })?;
            }
        }
        Ok(())
    }

    /// ALTER TYPE of a composite type is an ALTER TABLE of its relation.
    pub(super) fn sync_altered_composite(&mut self, stmt: &AlterTableStmt) {
        if stmt.objtype() != ObjectType::ObjectType {
            return;
        }
        if let Some(oid) = stmt.relation.as_ref().and_then(|name| self.lookup(name)) {
            self.sync_composite(oid);
        }
    }

    /// ALTER TYPE of a composite type that has typed tables needs CASCADE, and then they follow
    /// (`find_typed_table_dependencies`).
    fn typed_tables_of(&mut self, relation: Oid, stmt: &AlterTableStmt) -> Outcome {
        if self.get(relation)?.kind != RelationKind::CompositeType {
            return Ok(());
        }
        let name = self.get(relation)?.name.clone();
        let Some(ty) = self.catalog.type_oid(&name) else {
            return Ok(());
        };
        let tables: Vec<Oid> = self
            .catalog
            .users_of(ty)
            .filter(|&user| {
                self.catalog
                    .relation(user)
                    .is_some_and(|user| user.of_type == Some(ty))
            })
            .collect();
        let cascades = stmt.cmds.iter().all(|command| {
            matches!(&command.node, Some(NodeEnum::AlterTableCmd(command))
                if command.behavior() == DropBehavior::DropCascade)
        });
        if tables.is_empty() {
            return Ok(());
        }
        if !cascades {
            // A new type is first held against the columns of the composite type.
            let by_type = stmt.cmds.iter().any(|command| {
                matches!(&command.node, Some(NodeEnum::AlterTableCmd(command))
                    if command.subtype() == Kind::AtAlterColumnType)
            });
            return Err(Refusal {
                sqlstate: "2BP01",
                message: format!(
                    "cannot alter type \"{}\" because it is the type of a typed table",
                    name.name
                ),
                turn: by_type.then_some((Pass::AlterType, 0)),
            });
        }
        for table in tables {
            let mut work = Work {
                table,
                only: false,
                steps: Vec::new(),
                now: None,
            };
            for command in &stmt.cmds {
                if let Some(NodeEnum::AlterTableCmd(command)) = &command.node {
                    self.table_command(command, &mut work)?;
                }
            }
        }
        Ok(())
    }

    /// ALTER ... IF EXISTS of a relation that is not in the catalog: it may exist all the same.
    fn learn_of_maybe(&mut self, name: &RangeVar, object: ObjectType) {
        if self.catalog.complete || object == ObjectType::ObjectIndex {
            return;
        }
        let (schema, relname) = range_var_name(name);
        let name = self
            .catalog
            .creation_name(schema, relname, &self.session.settings.search_path);
        self.catalog.stub(name, relation_kind(object));
    }

    fn step(&mut self, step: Step, work: &mut Work) -> Outcome {
        match step {
            Step::Command(command) => self.table_command(command, work),
            Step::NotNull(spec) => self.add_not_null(work.table, &spec, true),
            Step::Indexes(specs) => {
                for spec in distinct_indexes(specs) {
                    self.add_index(work, spec)?;
                }
                Ok(())
            }
            Step::Check(spec) => self.add_check(work.table, &spec, work.only),
            Step::ForeignKey(spec) => self.add_foreign_key(work.table, &spec),
        }
    }

    fn add_index(&mut self, work: &Work, spec: IndexSpec) -> Outcome {
        if spec.existing.is_some() {
            return self.constraint_using_index(work.table, spec);
        }
        self.define_index_level(work.table, spec, work.only)?;
        Ok(())
    }

    fn table_command(&mut self, command: &AlterTableCmd, work: &mut Work) -> Outcome {
        let table = work.table;
        let only = work.only;
        let column = command.name.as_str();
        let cascade = command.behavior() == DropBehavior::DropCascade;
        let definition = command.def.as_deref().and_then(|def| def.node.as_ref());
        match command.subtype() {
            Kind::AtAddColumn | Kind::AtAddColumnToView => match definition {
                Some(NodeEnum::ColumnDef(def)) => self.add_column(def, command.missing_ok, work),
                _ => Ok(()),
            },
            Kind::AtColumnDefault => {
                let default = command.def.as_deref();
                self.set_default(table, column, default, only)
            }
            Kind::AtDropNotNull => self.drop_not_null(table, column, only),
            Kind::AtSetNotNull => self.set_not_null(table, column, only),
            Kind::AtSetExpression => match command.def.as_deref() {
                Some(expression) => self.set_expression(table, column, expression, only),
                None => Ok(()),
            },
            Kind::AtDropExpression => self.drop_expression(table, column, command.missing_ok, only),
            Kind::AtDropColumn => {
                self.drop_column_command(table, column, cascade, command.missing_ok, only)
            }
            Kind::AtAlterConstraint => match definition {
                Some(NodeEnum::AtalterConstraint(change)) => self.alter_constraint(table, change),
                _ => Ok(()),
            },
            Kind::AtValidateConstraint => self.validate_constraint(table, column, only),
            Kind::AtDropConstraint => {
                self.drop_constraint_command(table, column, cascade, command.missing_ok, only)
            }
            Kind::AtAlterColumnType => match definition {
                Some(NodeEnum::ColumnDef(def)) => self.alter_column_type(table, column, def, only),
                _ => Ok(()),
            },
            Kind::AtSetLogged => self.set_persistence(table, false),
            Kind::AtSetUnLogged => self.set_persistence(table, true),
            Kind::AtSetTableSpace => {
                let tablespace = column.to_owned();
                self.catalog
                    .edit(table, |relation| relation.tablespace = Some(tablespace));
                Ok(())
            }
            Kind::AtSetAccessMethod => {
                let method = super::spec::given(column);
                self.catalog
                    .edit(table, |relation| relation.access_method = method);
                Ok(())
            }
            Kind::AtSetRelOptions | Kind::AtReplaceRelOptions => {
                let set = list(definition).map(options).unwrap_or_default();
                self.catalog
                    .edit(table, |relation| relation.options.extend(set));
                Ok(())
            }
            Kind::AtResetRelOptions => {
                let reset = list(definition).map(options).unwrap_or_default();
                self.catalog.edit(table, |relation| {
                    relation.options.retain(|name, _| !reset.contains_key(name));
                });
                Ok(())
            }
            Kind::AtAddInherit => match definition {
                Some(NodeEnum::RangeVar(parent)) => {
                    let parent = self.relation(parent, RelationKind::Table)?;
                    self.add_inheritance(table, parent)
                }
                _ => Ok(()),
            },
            Kind::AtDropInherit => match definition {
                Some(NodeEnum::RangeVar(parent)) => {
                    let parent = self.relation(parent, RelationKind::Table)?;
                    self.drop_inheritance(table, parent)
                }
                _ => Ok(()),
            },
            Kind::AtAddOf => {
                let ty = match definition {
                    Some(NodeEnum::TypeName(name)) => {
                        match self.catalog.resolve_type(name, &self.session.settings).base {
                            crate::catalog::BaseType::User(oid) => Some(oid),
                            _ => None,
                        }
                    }
                    _ => None,
                };
                if let Some(ty) = ty {
                    self.fits_type(table, ty)?;
                    self.catalog.note_use(ty, table);
                }
                self.catalog.edit(table, |relation| relation.of_type = ty);
                Ok(())
            }
            Kind::AtDropOf => {
                self.catalog.edit(table, |relation| relation.of_type = None);
                Ok(())
            }
            Kind::AtReplicaIdentity => match definition {
                Some(NodeEnum::ReplicaIdentityStmt(identity)) => {
                    self.replica_identity(table, &identity.identity_type, &identity.name)
                }
                _ => Ok(()),
            },
            Kind::AtEnableRowSecurity => {
                self.catalog
                    .edit(table, |relation| relation.row_security = true);
                Ok(())
            }
            Kind::AtDisableRowSecurity => {
                self.catalog
                    .edit(table, |relation| relation.row_security = false);
                Ok(())
            }
            Kind::AtAttachPartition => match definition {
                Some(NodeEnum::PartitionCmd(partition)) => self.attach_partition(table, partition),
                _ => Ok(()),
            },
            Kind::AtDetachPartition => match definition {
                Some(NodeEnum::PartitionCmd(partition)) => self.detach_partition(table, partition),
                _ => Ok(()),
            },
            Kind::AtDetachPartitionFinalize => match definition {
                Some(NodeEnum::PartitionCmd(partition)) => self.finalize_detach(table, partition),
                _ => Ok(()),
            },
            Kind::AtAddIdentity => match definition {
                Some(NodeEnum::Constraint(constraint)) => {
                    self.add_identity(table, column, constraint)
                }
                _ => Ok(()),
            },
            Kind::AtSetIdentity => {
                let options = list(definition).unwrap_or_default();
                self.set_identity(table, column, options)
            }
            Kind::AtDropIdentity => self.drop_identity(table, column, command.missing_ok),
            // Of these the catalog keeps only that the column or trigger exists.
            Kind::AtSetStatistics
            | Kind::AtSetOptions
            | Kind::AtResetOptions
            | Kind::AtSetStorage
            | Kind::AtSetCompression
            | Kind::AtAlterColumnGenericOptions => {
                if !column.is_empty() {
                    self.learn_column(table, column)?;
                }
                Ok(())
            }
            Kind::AtClusterOn => self.cluster_on_named(table, column),
            Kind::AtDropCluster => {
                self.cluster_on(table, "");
                Ok(())
            }
            Kind::AtEnableTrig
            | Kind::AtEnableAlwaysTrig
            | Kind::AtEnableReplicaTrig
            | Kind::AtDisableTrig => {
                self.require_trigger(table, column)?;
                let fires = matches!(
                    command.subtype(),
                    Kind::AtEnableTrig | Kind::AtEnableAlwaysTrig
                );
                self.enable_triggers(table, Some(column), fires);
                Ok(())
            }
            Kind::AtEnableRule
            | Kind::AtEnableAlwaysRule
            | Kind::AtEnableReplicaRule
            | Kind::AtDisableRule => {
                self.require_rule(table, column)?;
                let fires = matches!(
                    command.subtype(),
                    Kind::AtEnableRule | Kind::AtEnableAlwaysRule
                );
                self.enable_rule(table, column, fires);
                Ok(())
            }
            Kind::AtEnableTrigAll | Kind::AtEnableTrigUser => {
                self.enable_triggers(table, None, true);
                Ok(())
            }
            Kind::AtDisableTrigAll | Kind::AtDisableTrigUser => {
                self.enable_triggers(table, None, false);
                Ok(())
            }
            Kind::AtForceRowSecurity
            | Kind::AtNoForceRowSecurity
            | Kind::AtChangeOwner
            | Kind::AtDropOids
            | Kind::AtGenericOptions => Ok(()),
            // Only PostgreSQL itself makes these; the grammar never does.
            // AtAddConstraint was queued as what it adds.
            Kind::Undefined
            | Kind::AtAddConstraint
            | Kind::AtCookedColumnDefault
            | Kind::AtAddIndex
            | Kind::AtReAddIndex
            | Kind::AtReAddConstraint
            | Kind::AtReAddDomainConstraint
            | Kind::AtAddIndexConstraint
            | Kind::AtReAddComment
            | Kind::AtReAddStatistics => Ok(()),
        }
    }

    /// ADD COLUMN, and its inline constraints for their own passes.
    fn add_column(
        &mut self,
        def: &pg_query::protobuf::ColumnDef,
        if_not_exists: bool,
        work: &mut Work,
    ) -> Outcome {
        let relation = self.get(work.table)?;
        let name = relation.name.clone();
        let persistence = relation.persistence;
        if relation.is_partition() {
            return refuse("42809", "cannot add column to a partition");
        }
        if let Some(existing) = relation.column(&def.colname) {
            if if_not_exists && self.since(13) {
                return Ok(());
            }
            // What is learned twice of a relation that is not fully known is no contradiction.
            if relation.complete && !if_not_exists {
                return refuse(
                    "42701",
                    format!(
                        "column \"{}\" of relation \"{}\" already exists",
                        existing.name, name.name
                    ),
                );
            }
        }
        let mut spec = TableSpec::default();
        let owner = Owner {
            table: &name,
            new: false,
        };
        self.column(def, &owner, &mut spec)?;
        for sequence in &spec.sequences {
            self.create_owned_sequence(sequence, persistence)?;
        }
        // Until 12 the constraints of ADD COLUMN IF NOT EXISTS are added to a column that exists.
        if if_not_exists && self.get(work.table)?.column(&def.colname).is_some() {
            spec.columns.clear();
        }
        for column in std::mem::take(&mut spec.columns) {
            self.add_column_level(work.table, column, work.only, false)?;
        }
        for sequence in std::mem::take(&mut spec.sequences) {
            self.own_sequence(
                &sequence.name,
                work.table,
                &sequence.column,
                sequence.identity,
            );
        }
        // Until 17 NOT NULL is the column's own flag, which is set already.
        if !self.since(18) {
            spec.not_nulls.clear();
        }
        let at = work.now.map_or(0, |(_, at)| at);
        self.queue(spec, at, work);
        Ok(())
    }

    /// `at`: the position of the subcommand that adds this.
    fn queue(&self, spec: TableSpec, at: usize, work: &mut Work) {
        let mut push = |pass, step| work.steps.push(((pass, at), step));
        for not_null in spec.not_nulls {
            push(Pass::ColumnAttributes, Step::NotNull(not_null));
        }
        if !spec.indexes.is_empty() {
            push(Pass::AddIndex, Step::Indexes(spec.indexes));
        }
        for check in spec.checks {
            push(Pass::AddOtherConstraint, Step::Check(check));
        }
        for key in spec.foreign_keys {
            push(Pass::AddOtherConstraint, Step::ForeignKey(key));
        }
    }

    /// `ATExecAddOf`: the columns of a typed table are those of its type.
    fn fits_type(&self, table: Oid, ty: Oid) -> Outcome {
        let relation = self.get(table)?;
        let Some(UserTypeKind::Composite { attributes }) =
            self.catalog.user_type(ty).map(|user| &user.kind)
        else {
            return Ok(());
        };
        let fits = relation.columns.len() == attributes.len()
            && relation
                .columns
                .iter()
                .zip(attributes)
                .all(|(column, (name, ty))| column.name == *name && column.ty == *ty);
        if relation.complete && !fits {
            let message = "the columns of the table are not those of the type";
            return refuse("42804", message);
        }
        Ok(())
    }

    fn require_trigger(&self, table: Oid, name: &str) -> Outcome {
        let relation = self.get(table)?;
        let exists = relation.triggers.iter().any(|trigger| trigger.name == name);
        if relation.complete && !exists {
            return refuse(
                "42704",
                format!(
                    "trigger \"{name}\" for table \"{}\" does not exist",
                    relation.name.name
                ),
            );
        }
        Ok(())
    }

    fn require_rule(&self, table: Oid, name: &str) -> Outcome {
        let relation = self.get(table)?;
        let exists = relation.rules.iter().any(|rule| rule.name == name);
        if relation.complete && !exists {
            return refuse(
                "42704",
                format!(
                    "rule \"{name}\" for relation \"{}\" does not exist",
                    relation.name.name
                ),
            );
        }
        Ok(())
    }
}

pub(super) fn list(definition: Option<&NodeEnum>) -> Option<&[pg_query::Node]> {
    match definition {
        Some(NodeEnum::List(list)) => Some(&list.items),
        _ => None,
    }
}

pub(super) fn relation_kind(object: ObjectType) -> RelationKind {
    match object {
        ObjectType::ObjectView => RelationKind::View,
        ObjectType::ObjectMatview => RelationKind::MaterializedView,
        ObjectType::ObjectSequence => RelationKind::Sequence,
        ObjectType::ObjectForeignTable => RelationKind::ForeignTable,
        ObjectType::ObjectType => RelationKind::CompositeType,
        _ => RelationKind::Table,
    }
}

impl AlterTablePass {
    /// The pass in which this subcommand is done.
    pub fn of(command: &AlterTableCmd) -> Self {
        match command.subtype() {
            Kind::AtAddConstraint => of_constraint(command),
            _ => of_other(command),
        }
    }
}

fn of_constraint(command: &AlterTableCmd) -> Pass {
    let kind = match command.def.as_deref().and_then(|def| def.node.as_ref()) {
        Some(NodeEnum::Constraint(constraint)) => constraint.contype(),
        _ => ConstrType::Undefined,
    };
    match kind {
        ConstrType::ConstrNotnull => Pass::ColumnAttributes,
        ConstrType::ConstrPrimary | ConstrType::ConstrUnique | ConstrType::ConstrExclusion => {
            Pass::AddIndex
        }
        _ => Pass::AddOtherConstraint,
    }
}

fn of_other(command: &AlterTableCmd) -> Pass {
    match command.subtype() {
        Kind::AtDropColumn
        | Kind::AtDropConstraint
        | Kind::AtDropNotNull
        | Kind::AtDropExpression
        | Kind::AtDropIdentity => Pass::Drop,
        Kind::AtColumnDefault if command.def.is_none() => Pass::Drop,
        Kind::AtColumnDefault | Kind::AtAddIdentity => Pass::AddOtherConstraint,
        Kind::AtAlterColumnType => Pass::AlterType,
        Kind::AtSetExpression => Pass::SetExpression,
        Kind::AtAddColumn | Kind::AtAddColumnToView => Pass::AddColumn,
        Kind::AtSetNotNull | Kind::AtSetIdentity => Pass::ColumnAttributes,
        _ => Pass::Misc,
    }
}

/// ADD CONSTRAINT as what it adds.
fn new_constraint(command: &AlterTableCmd) -> Option<TableSpec> {
    if command.subtype() != Kind::AtAddConstraint {
        return None;
    }
    let mut spec = TableSpec::default();
    if let Some(NodeEnum::Constraint(constraint)) = command.def.as_deref()?.node.as_ref() {
        table_constraint(constraint, false, &mut spec);
    }
    Some(spec)
}
