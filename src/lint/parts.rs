//! What a rule reads off the statement itself: the subcommands of ALTER TABLE, the columns and
//! constraints that are declared, and how old the objects are that it names.

use std::ops::Range;

use pg_query::Node;
use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, ColumnDef, ConstrType, Constraint, DefElem};

use super::context::{Context, MigrationContext};
use crate::catalog::{Birth, Catalog, Difference, ForeignKey, QualifiedName, Relation, Type};
use crate::effects::{Target, TargetKind};
use crate::sql::clause;

/// A subcommand of ALTER TABLE and its place in the file.
#[derive(Clone)]
pub struct Command<'a> {
    pub node: &'a AlterTableCmd,
    pub span: Range<usize>,
}

/// A column with the type that a statement gives it.
#[derive(Clone)]
pub struct DeclaredColumn<'a> {
    pub name: &'a str,
    pub definition: &'a ColumnDef,
    pub ty: Type,
    pub span: Range<usize>,
}

impl<'a> Context<'a> {
    /// PostgreSQL refuses the statement for what it says, not only for where it stands.
    pub fn fails(&self) -> bool {
        self.effects
            .error
            .as_ref()
            .is_some_and(|error| error.sqlstate != "25001")
    }

    /// From a parse location to the end of its clause, in the file; the whole statement without one.
    pub fn clause(&self, location: i32) -> Range<usize> {
        let Ok(from) = usize::try_from(location) else {
            return self.span.clone();
        };
        let range = clause::from(self.text, from);
        if range.is_empty() {
            return self.span.clone();
        }
        self.span.start + range.start..self.span.start + range.end
    }

    /// What the statement changes in the schema.
    pub fn difference(&self) -> &Difference<'a> {
        let difference = &self.known.difference;
        difference.get_or_init(|| self.before.difference(self.after))
    }

    /// The relation that ALTER TABLE is about; none when PostgreSQL refuses it, or when IF EXISTS finds nothing.
    pub fn altered(&self) -> Option<&'a Target> {
        if self.fails() {
            return None;
        }
        let target = &self.effects.locks.first()?.target;
        (target.kind != TargetKind::Index).then_some(target)
    }

    /// The subcommands of ALTER TABLE; none of other statements.
    pub fn commands(&self) -> Vec<Command<'a>> {
        let commands = &self.known.commands;
        commands.get_or_init(|| self.read_commands()).clone()
    }

    fn read_commands(&self) -> Vec<Command<'a>> {
        let NodeEnum::AlterTableStmt(stmt) = self.node else {
            return Vec::new();
        };
        let list = stmt
            .relation
            .as_ref()
            .and_then(|name| usize::try_from(name.location).ok())
            .map_or(0, |at| clause::after_name(self.text, at));
        let places = clause::parts(self.text, list);
        stmt.cmds
            .iter()
            .filter_map(|node| match &node.node {
                Some(NodeEnum::AlterTableCmd(command)) => Some(command.as_ref()),
                _ => None,
            })
            .enumerate()
            .map(|(at, node)| Command {
                node,
                span: places.get(at).map_or(self.span.clone(), |place| {
                    self.span.start + place.start..self.span.start + place.end
                }),
            })
            .collect()
    }

    /// The columns that CREATE TABLE, ADD COLUMN or ALTER COLUMN TYPE declares, also through a serial
    /// type: `ty` is then what is stored.
    pub fn declared_columns(&self) -> Vec<DeclaredColumn<'a>> {
        let columns = &self.known.columns;
        columns.get_or_init(|| self.read_columns()).clone()
    }

    fn read_columns(&self) -> Vec<DeclaredColumn<'a>> {
        let definitions: Vec<&'a ColumnDef> = match self.node {
            NodeEnum::CreateStmt(stmt) => definitions(&stmt.table_elts),
            NodeEnum::CreateForeignTableStmt(stmt) => stmt
                .base_stmt
                .as_ref()
                .map_or_else(Vec::new, |base| definitions(&base.table_elts)),
            NodeEnum::AlterTableStmt(_) => return self.altered_columns(),
            _ => Vec::new(),
        };
        definitions
            .into_iter()
            .filter_map(|definition| {
                let span = self.clause(definition.location);
                self.declared(&definition.colname, definition, span)
            })
            .collect()
    }

    fn altered_columns(&self) -> Vec<DeclaredColumn<'a>> {
        self.commands()
            .into_iter()
            .filter_map(|command| {
                let Some(NodeEnum::ColumnDef(definition)) =
                    command.node.def.as_ref().and_then(|def| def.node.as_ref())
                else {
                    return None;
                };
                let name = match definition.colname.as_str() {
                    "" => command.node.name.as_str(),
                    name => name,
                };
                self.declared(name, definition, command.span.clone())
            })
            .collect()
    }

    fn declared(
        &self,
        name: &'a str,
        definition: &'a ColumnDef,
        span: Range<usize>,
    ) -> Option<DeclaredColumn<'a>> {
        let written = definition.type_name.as_ref()?;
        let ty = self.after.resolve_type(written, &self.session.settings);
        Some(DeclaredColumn {
            name,
            definition,
            ty,
            span,
        })
    }

    /// The constraints that are written in the statement, inline ones too, with their places.
    pub fn declared_constraints(&self) -> Vec<(&'a Constraint, Range<usize>)> {
        let constraints = &self.known.constraints;
        constraints.get_or_init(|| self.read_constraints()).clone()
    }

    fn read_constraints(&self) -> Vec<(&'a Constraint, Range<usize>)> {
        let mut found = Vec::new();
        match self.node {
            NodeEnum::CreateStmt(stmt) => constraints_of(&stmt.table_elts, &mut found),
            NodeEnum::CreateForeignTableStmt(stmt) => {
                let base = stmt.base_stmt.as_ref();
                constraints_of(base.map_or(&[][..], |base| &base.table_elts), &mut found);
            }
            NodeEnum::AlterTableStmt(stmt) => {
                for command in &stmt.cmds {
                    if let Some(NodeEnum::AlterTableCmd(command)) = &command.node {
                        constraints_of(command.def.as_deref(), &mut found);
                    }
                }
            }
            NodeEnum::CreateDomainStmt(stmt) => constraints_of(&stmt.constraints, &mut found),
            NodeEnum::AlterDomainStmt(stmt) => constraints_of(stmt.def.as_deref(), &mut found),
            _ => {}
        }
        let place = |constraint: &'a Constraint| (constraint, self.clause(constraint.location));
        found.into_iter().map(place).collect()
    }

    /// The foreign keys that CREATE TABLE or ALTER TABLE adds, with the referencing table as it is afterwards.
    pub fn new_foreign_keys(&self) -> Vec<(&'a Relation, &'a str, &'a ForeignKey)> {
        if !matches!(
            self.node,
            NodeEnum::CreateStmt(_) | NodeEnum::AlterTableStmt(_)
        ) {
            return Vec::new();
        }
        let difference = self.difference();
        let added = difference.added_relations.iter().map(|new| (None, *new));
        let changed = difference
            .changed_relations
            .iter()
            .map(|(old, new)| (Some(*old), *new));
        added
            .chain(changed)
            .flat_map(|(old, new)| {
                new.foreign_keys()
                    .filter(move |(constraint, _)| {
                        constraint.inherited == 0
                            && old.is_none_or(|old| old.constraint(&constraint.name).is_none())
                    })
                    .map(move |(constraint, key)| (new, constraint.name.as_str(), key))
            })
            .collect()
    }

    /// Where a foreign key over these columns is written; the whole statement when it cannot be told.
    pub fn place_of_foreign_key(&self, columns: &[String]) -> Range<usize> {
        let is_foreign =
            |constraint: &Constraint| constraint.contype() == ConstrType::ConstrForeign;
        let apart = self
            .declared_constraints()
            .into_iter()
            .find(|(constraint, _)| {
                is_foreign(constraint) && crate::sql::names::parts(&constraint.fk_attrs) == columns
            });
        if let Some((_, span)) = apart {
            return span;
        }
        let inline = self
            .declared_columns()
            .into_iter()
            .filter(|column| columns.iter().any(|name| name == column.name))
            .flat_map(|column| &column.definition.constraints)
            .find_map(|node| match &node.node {
                Some(NodeEnum::Constraint(constraint)) if is_foreign(constraint) => {
                    Some(constraint.location)
                }
                _ => None,
            });
        inline.map_or(self.span.clone(), |location| self.clause(location))
    }

    /// Created by this migration, or by one that is released together with it.
    pub fn made_here(&self, birth: Birth) -> bool {
        birth.migration == self.session.migration
            || birth.transaction == self.session.transaction_id
    }

    /// Running code cannot know the column: it is new, or its down migration takes back what the up added.
    pub fn is_new_column(&self, relation: &Target, column: &str) -> bool {
        let start = relation.oid.and_then(|oid| self.start.relation(oid));
        relation.new
            || self.undoes_up(&relation.name, Some(column))
            || start.is_some_and(|start| start.complete && start.column(column).is_none())
    }

    /// The name of a type that a statement names: where it is found, or else where it would be created.
    pub fn type_name(&self, parts: &[String]) -> Option<QualifiedName> {
        let (schema, name) = match parts {
            [] => return None,
            [name] => (None, name),
            [.., schema, name] => (Some(schema.as_str()), name),
        };
        let found = self
            .before
            .lookup_type(schema, name, &self.session.settings)
            .and_then(|oid| self.before.user_type(oid))
            .map(|ty| ty.name.clone());
        let path = &self.session.settings.search_path;
        Some(found.unwrap_or_else(|| self.before.creation_name(schema, name, path)))
    }

    /// The relation as it was before the up migration, when this is the down migration.
    pub fn to_restore(&self, name: &QualifiedName) -> Option<&'a Relation> {
        self.migration.before_up?.relation_named(name)
    }
}

fn definitions(elements: &[Node]) -> Vec<&ColumnDef> {
    elements
        .iter()
        .filter_map(|element| match &element.node {
            Some(NodeEnum::ColumnDef(definition)) => Some(definition.as_ref()),
            _ => None,
        })
        .collect()
}

/// Constraints among the parts of a statement, and those of the columns there.
fn constraints_of<'a>(parts: impl IntoIterator<Item = &'a Node>, found: &mut Vec<&'a Constraint>) {
    for part in parts {
        match &part.node {
            Some(NodeEnum::Constraint(constraint)) => found.push(constraint),
            Some(NodeEnum::ColumnDef(column)) => constraints_of(&column.constraints, found),
            _ => {}
        }
    }
}

/// The options of a list: `WITH (...)`, or the clauses of CREATE FUNCTION.
pub fn options(nodes: &[Node]) -> impl Iterator<Item = &DefElem> {
    nodes.iter().filter_map(|node| match &node.node {
        Some(NodeEnum::DefElem(option)) => Some(option.as_ref()),
        _ => None,
    })
}

/// The parts of a dotted name as DROP and the like hold it.
pub fn name_parts(node: &Node) -> Vec<String> {
    match &node.node {
        Some(NodeEnum::List(list)) => crate::sql::names::parts(&list.items),
        Some(NodeEnum::TypeName(name)) => crate::sql::names::parts(&name.names),
        Some(NodeEnum::ObjectWithArgs(object)) => crate::sql::names::parts(&object.objname),
        Some(NodeEnum::String(name)) => vec![name.sval.clone()],
        _ => Vec::new(),
    }
}

impl MigrationContext<'_> {
    /// The place of the first statement after `from` whose changes satisfy a test.
    pub fn later_change(
        &self,
        from: usize,
        wanted: impl Fn(&crate::effects::ChangeKind) -> bool,
    ) -> Option<Range<usize>> {
        self.statements
            .iter()
            .flat_map(|(_, effects)| &effects.changes)
            .find(|change| change.span.start > from && wanted(&change.kind))
            .map(|change| change.span.clone())
    }
}

/// A column's type as a person reads it.
pub fn type_of(catalog: &Catalog, relation: &Relation, column: &str) -> Option<String> {
    Some(catalog.type_display(&relation.column(column)?.ty))
}

/// `a`, `a and b`, `a, b and c`; what is beyond six is counted.
pub fn listed(names: &[String]) -> String {
    const SHOWN: usize = 6;
    match names {
        [] => String::new(),
        [only] => only.clone(),
        _ if names.len() > SHOWN => {
            format!(
                "{} and {} more",
                names[..SHOWN].join(", "),
                names.len() - SHOWN
            )
        }
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Reports every declared column that a judgement has something to say of: what is wrong with it, and what
/// to do. Columns of temporary tables are nobody's business.
pub fn advise_columns(
    cx: &Context<'_>,
    report: &mut super::Report<'_>,
    judge: impl Fn(&DeclaredColumn<'_>) -> Option<(&'static str, &'static str)>,
) {
    advise_other_type(cx, report, judge, |_| None);
}

/// [`advise_columns`] with the type to write instead, as a fix.
pub fn advise_other_type(
    cx: &Context<'_>,
    report: &mut super::Report<'_>,
    judge: impl Fn(&DeclaredColumn<'_>) -> Option<(&'static str, &'static str)>,
    instead: impl Fn(&DeclaredColumn<'_>) -> Option<&'static str>,
) {
    let temporary = cx
        .effects
        .locks
        .first()
        .is_some_and(|lock| lock.target.name.schema == crate::catalog::PG_TEMP);
    if temporary || cx.fails() {
        return;
    }
    for column in cx.declared_columns() {
        let Some((wrong, help)) = judge(&column) else {
            continue;
        };
        let ty = cx.after.type_display(&column.ty);
        report.push(
            super::Finding::new(column.span.clone(), ty, format!("{} {wrong}", column.name))
                .help(help)
                .fix(instead(&column).and_then(|new| cx.other_type(&column, new))),
        );
    }
}
