//! ADD COLUMN (`ATExecAddColumn`): free, unless existing rows must be computed, checked or indexed.

use std::ops::Range;

use pg_query::protobuf::{ColumnDef, ConstrType, Constraint, ObjectType};
use pg_query::{Node, NodeEnum};

use super::{Alteration, Command};
use crate::catalog::{
    BaseType, Catalog, Oid, Relation, RelationKind, Type, UserTypeKind, Volatility,
    is_extension_type,
};
use crate::effects::column_definition::Owner;
use crate::effects::expression::{Facts, Scope, analyse_default};
use crate::effects::{ChangeKind, Reason, nextval};

/// The parts of a column definition that matter here.
struct NewColumn<'a> {
    name: &'a str,
    ty: Type,
    serial: bool,
    identity: bool,
    default: Option<&'a Node>,
    generated: Option<(&'a Node, bool)>,
    not_null: Option<&'a Constraint>,
    constraints: Vec<&'a Constraint>,
}

impl NewColumn<'_> {
    /// NOT ENFORCED after an inline constraint is a node of its own, behind the one it belongs to
    /// (`transformConstraintAttrs` in src/backend/parser/parse_utilcmd.c).
    fn is_enforced(&self, constraint: &Constraint) -> bool {
        self.constraints
            .iter()
            .skip_while(|other| other.location != constraint.location)
            .skip(1)
            .take_while(|other| {
                matches!(
                    other.contype(),
                    ConstrType::ConstrAttrDeferrable
                        | ConstrType::ConstrAttrNotDeferrable
                        | ConstrType::ConstrAttrDeferred
                        | ConstrType::ConstrAttrImmediate
                        | ConstrType::ConstrAttrEnforced
                        | ConstrType::ConstrAttrNotEnforced
                )
            })
            .all(|attribute| attribute.contype() != ConstrType::ConstrAttrNotEnforced)
    }
}

impl<'a> Alteration<'_, 'a> {
    pub fn add_column(&mut self, command: &Command<'a>) {
        let Some(element) = command.node.def.as_ref().and_then(|def| def.node.as_ref()) else {
            return;
        };
        let NodeEnum::ColumnDef(definition) = element else {
            return;
        };
        let span = &command.span;
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        // Columns are dropped in an earlier pass than they are added.
        if relation.column(&definition.colname).is_some() && !self.drops_column(&definition.colname)
        {
            if !command.node.missing_ok {
                let message = format!(
                    "column \"{}\" of relation \"{}\" already exists",
                    definition.colname, relation.name.name
                );
                self.c.error("42701", message, span.clone());
            }
            return;
        }
        if command.node.missing_ok && !relation.complete {
            self.c.assume(format!(
                "whether {} already has a column {} is not known: assumed that it has not",
                relation.name, definition.colname
            ));
        }
        self.refuse_placement(relation, definition, span);
        if self.c.failed() {
            return;
        }
        let column = self.new_column(definition);
        // Existing rows get the default at once.
        let refusal = self
            .refused_definition(element, relation)
            .or_else(|| self.default_facts(&column)?.error);
        if let Some((sqlstate, message)) = refusal {
            self.c.error(sqlstate, message, span.clone());
            return;
        }
        for oid in self.family(span) {
            self.fill(oid, &column, span);
        }
        self.inline_constraints(&column, span);
        let required = self.is_required(&column);
        if let Some(target) = self.c.target(self.root) {
            self.c.change(
                ChangeKind::ColumnAdded {
                    relation: target,
                    column: column.name.to_owned(),
                    required,
                },
                column
                    .not_null
                    .filter(|_| required)
                    .map_or(span.clone(), |constraint| self.clause(constraint, span)),
            );
        }
    }

    /// A column belongs to the whole family: not to one partition, not to a parent ONLY.
    fn refuse_placement(
        &mut self,
        relation: &Relation,
        definition: &ColumnDef,
        span: &Range<usize>,
    ) {
        if relation.is_partition() {
            self.c
                .error("42809", "cannot add column to a partition", span.clone());
        } else if self.only && self.c.input.before.children(self.root).next().is_some() {
            self.c.error(
                "42P16",
                "column must be added to child tables too",
                span.clone(),
            );
        } else if matches!(
            relation.kind,
            RelationKind::View | RelationKind::MaterializedView | RelationKind::Sequence
        ) {
            let message = format!(
                "ALTER action ADD COLUMN cannot be performed on relation \"{}\"",
                relation.name.name
            );
            self.c.error("42809", message, span.clone());
        } else if relation.of_type.is_some() {
            self.c
                .error("42809", "cannot add column to typed table", span.clone());
        } else if definition.colname.is_empty() {
            self.c.assume("the column's name is not known");
        }
    }

    fn new_column(&self, definition: &'a ColumnDef) -> NewColumn<'a> {
        let input = self.c.input;
        let serial = definition
            .type_name
            .as_ref()
            .is_some_and(crate::effects::node::is_serial);
        let ty = definition.type_name.as_ref().map_or_else(
            || Type::unknown("?"),
            |name| input.before.resolve_type(name, input.settings()),
        );
        let constraints: Vec<&Constraint> = definition
            .constraints
            .iter()
            .filter_map(|node| match &node.node {
                Some(NodeEnum::Constraint(constraint)) => Some(constraint.as_ref()),
                _ => None,
            })
            .collect();
        let of = |kind: ConstrType| {
            constraints
                .iter()
                .find(|constraint| constraint.contype() == kind)
                .copied()
        };
        NewColumn {
            name: &definition.colname,
            ty,
            serial,
            identity: of(ConstrType::ConstrIdentity).is_some(),
            default: of(ConstrType::ConstrDefault)
                .and_then(|constraint| constraint.raw_expr.as_deref()),
            generated: of(ConstrType::ConstrGenerated).and_then(|constraint| {
                let expression = constraint.raw_expr.as_deref()?;
                Some((expression, constraint.generated_kind != "v"))
            }),
            not_null: of(ConstrType::ConstrNotnull),
            constraints,
        }
    }

    fn scope_of(&self, relation: Option<&'a Relation>) -> Scope<'a> {
        self.c.input.scope(relation)
    }

    fn refused_definition(
        &self,
        element: &'a NodeEnum,
        relation: &'a Relation,
    ) -> Option<(&'static str, String)> {
        self.owner_of_definitions(relation).refusal(&[element])
    }

    pub fn owner_of_definitions(&self, relation: &'a Relation) -> Owner<'a> {
        let said_foreign = matches!(self.c.input.node, NodeEnum::AlterTableStmt(stmt)
            if stmt.objtype() == ObjectType::ObjectForeignTable);
        Owner {
            scope: self.scope(relation),
            name: &relation.name.name,
            foreign: relation.kind == RelationKind::ForeignTable,
            said_foreign,
            typed: relation.of_type.is_some(),
            partition: relation.is_partition(),
            added: true,
            after: self.c.input.after.relation(self.root),
        }
    }

    /// What one table of the family has to do for the values of the new column.
    fn fill(&mut self, oid: Oid, column: &NewColumn<'a>, span: &Range<usize>) {
        let name = column.name.to_owned();
        if column.serial || column.identity {
            let reason = Reason::AddColumnSequence { column: name };
            self.phase3.rewrite(oid, reason, span);
            return;
        }
        if let Some((_, stored)) = column.generated {
            if stored {
                let reason = Reason::GeneratedStored { column: name };
                self.phase3.rewrite(oid, reason, span);
            } else if let Some(constraint) = column.not_null {
                let span = self.clause(constraint, span);
                let reason = Reason::AddColumnNotNull { column: name };
                self.phase3.scan(oid, reason, &span);
            }
            return;
        }
        let default = self.default_facts(column);
        if default.as_ref().is_some_and(|facts| !facts.constant_null) {
            self.phase3.new_values.push(oid);
        }
        if let Some(facts) = default
            .as_ref()
            .filter(|facts| facts.volatility == Volatility::Volatile)
        {
            let place = self.default_place(column, span);
            let reason = Reason::VolatileDefault {
                column: name,
                expression: facts
                    .volatile_cause
                    .clone()
                    .unwrap_or_else(|| "the expression".to_owned()),
            };
            self.phase3.rewrite(oid, reason, &place);
            for assumption in &facts.assumptions {
                self.c.assume(assumption.clone());
            }
            if let Some(default) = column.default {
                nextval::lock_sequences_in(default, self.c, &place);
            }
            return;
        }
        match constrained_domain(self.c.input.before, &column.ty) {
            Domain::Constrained(domain) => {
                let reason = Reason::ConstrainedDomain {
                    column: name,
                    domain,
                };
                self.phase3.rewrite(oid, reason, span);
                return;
            }
            Domain::Unknown(ty) => {
                self.c.assume(format!(
                    "type {ty} is not known: assumed to be a domain with constraints, so that every row is written anew"
                ));
                let reason = Reason::ConstrainedDomain {
                    column: name,
                    domain: ty,
                };
                self.phase3.rewrite(oid, reason, span);
                return;
            }
            Domain::No => {}
        }
        let gives_nulls = default.is_none_or(|facts| facts.constant_null);
        if gives_nulls && let Some(constraint) = column.not_null {
            let span = self.clause(constraint, span);
            let reason = Reason::AddColumnNotNull { column: name };
            self.phase3.scan(oid, reason, &span);
        }
    }

    fn default_facts(&self, column: &NewColumn<'a>) -> Option<Facts> {
        analyse_default(column.default, &column.ty, &self.scope_of(None))
    }

    fn default_place(&self, column: &NewColumn<'a>, span: &Range<usize>) -> Range<usize> {
        column
            .constraints
            .iter()
            .find(|constraint| constraint.contype() == ConstrType::ConstrDefault)
            .map_or(span.clone(), |constraint| self.clause(constraint, span))
    }

    /// An inline constraint's own text: up to the next constraint of the column or the end of its clause.
    fn clause(&self, constraint: &Constraint, whole: &Range<usize>) -> Range<usize> {
        if constraint.location < 0 {
            return whole.clone();
        }
        let clause = self.c.input.clause(constraint.location);
        let text = &self.c.input.text[clause.start - self.c.input.start..];
        let length = constraint_length(constraint, text).min(clause.len());
        clause.start..clause.start + length
    }

    /// Inline CHECK, UNIQUE, PRIMARY KEY and REFERENCES become subcommands of their own.
    fn inline_constraints(&mut self, column: &NewColumn<'a>, span: &Range<usize>) {
        for &constraint in &column.constraints {
            let place = self.clause(constraint, span);
            match constraint.contype() {
                ConstrType::ConstrCheck => {
                    let mut constraint = constraint.clone();
                    constraint.is_enforced = column.is_enforced(&constraint);
                    self.add_check(&constraint, Some(column.name), &place);
                }
                ConstrType::ConstrUnique | ConstrType::ConstrPrimary => {
                    self.add_index_constraint(constraint, Some(column.name), &place);
                    let nulls = column.default.is_none()
                        && !column.serial
                        && !column.identity
                        && column.generated.is_none();
                    if constraint.contype() == ConstrType::ConstrPrimary && nulls {
                        let reason = Reason::AddColumnNotNull {
                            column: column.name.to_owned(),
                        };
                        self.phase3.scan(self.root, reason, &place);
                    }
                }
                ConstrType::ConstrForeign => self.inline_foreign_key(column, constraint, &place),
                ConstrType::Undefined
                | ConstrType::ConstrNull
                | ConstrType::ConstrNotnull
                | ConstrType::ConstrDefault
                | ConstrType::ConstrIdentity
                | ConstrType::ConstrGenerated
                | ConstrType::ConstrExclusion
                | ConstrType::ConstrAttrDeferrable
                | ConstrType::ConstrAttrNotDeferrable
                | ConstrType::ConstrAttrDeferred
                | ConstrType::ConstrAttrImmediate
                | ConstrType::ConstrAttrEnforced
                | ConstrType::ConstrAttrNotEnforced => {}
            }
        }
    }

    /// `transformAlterTableStmt`: validation is skipped only when the column has no default at all; an
    /// explicit DEFAULT NULL is one.
    fn inline_foreign_key(
        &mut self,
        column: &NewColumn<'a>,
        constraint: &Constraint,
        span: &Range<usize>,
    ) {
        let validated = column.default.is_some() || column.serial || column.generated.is_some();
        let mut constraint = constraint.clone();
        constraint.is_enforced = column.is_enforced(&constraint);
        constraint.skip_validation = !validated;
        constraint.initially_valid = true;
        self.add_foreign_key_checked(&constraint, column.name, span);
    }

    /// NOT NULL (or PRIMARY KEY) and nothing that gives a value.
    fn is_required(&self, column: &NewColumn<'a>) -> bool {
        let demands = column.not_null.is_some()
            || column
                .constraints
                .iter()
                .any(|constraint| constraint.contype() == ConstrType::ConstrPrimary);
        let gives = column.serial
            || column.identity
            || column.generated.is_some()
            || self
                .default_facts(column)
                .is_some_and(|facts| !facts.constant_null);
        demands && !gives
    }

    /// Inline on a partitioned table: NOT VALID is what PostgreSQL itself chose, not what the text says.
    fn add_foreign_key_checked(
        &mut self,
        constraint: &Constraint,
        column: &str,
        span: &Range<usize>,
    ) {
        let partitioned = self
            .relation(self.root)
            .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
        if partitioned && constraint.skip_validation {
            self.family(span);
            crate::effects::foreign_key::lock_referenced(self.c, constraint, span);
            return;
        }
        self.add_foreign_key(constraint, Some(column), span);
    }
}

/// Whether storing NULLs or defaults into a column of the type checks something.
enum Domain {
    No,
    Constrained(String),
    Unknown(String),
}

/// `DomainHasConstraints`: the domain's own, valid or not, or those of a domain underneath.
fn constrained_domain(catalog: &Catalog, ty: &Type) -> Domain {
    let mut ty = ty.clone();
    loop {
        if ty.array {
            return Domain::No;
        }
        let oid = match &ty.base {
            BaseType::Builtin(_) => return Domain::No,
            BaseType::Unknown(name) if is_extension_type(name) => return Domain::No,
            BaseType::Unknown(name) => return Domain::Unknown(name.to_string()),
            BaseType::User(oid) => *oid,
        };
        let Some(found) = catalog.user_type(oid) else {
            return Domain::No;
        };
        let UserTypeKind::Domain(domain) = &found.kind else {
            return Domain::No;
        };
        if domain.has_own_constraints() {
            return Domain::Constrained(found.name.name.clone());
        }
        ty = domain.base.clone();
    }
}

/// How many bytes of the text belong to the constraint. Keywords have fixed shapes; expressions and
/// references run to the end of the clause.
fn constraint_length(constraint: &Constraint, text: &str) -> usize {
    match constraint.contype() {
        ConstrType::ConstrNotnull => words_length(text, 2),
        ConstrType::ConstrUnique => words_length(text, 1),
        ConstrType::ConstrPrimary => words_length(text, 2),
        _ => text.len(),
    }
}

fn words_length(text: &str, count: usize) -> usize {
    // A written name (CONSTRAINT x ...) puts two more words in front.
    let named = text
        .split_whitespace()
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("constraint"));
    let count = if named { count + 2 } else { count };
    let mut end = 0;
    let mut rest = text;
    for _ in 0..count {
        let blanks = rest.len() - rest.trim_start().len();
        let word = rest[blanks..]
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '"'))
            .unwrap_or(rest.len() - blanks);
        end += blanks + word;
        rest = &text[end..];
    }
    end
}

#[cfg(test)]
mod tests {
    use super::words_length;

    #[test]
    fn a_constraint_ends_with_its_last_keyword() {
        assert_eq!(words_length("NOT NULL DEFAULT 1", 2), 8);
        assert_eq!(words_length("CONSTRAINT nn NOT  NULL, x", 2), 23);
        assert_eq!(words_length("UNIQUE", 1), 6);
        assert_eq!(words_length("", 2), 0);
    }
}
