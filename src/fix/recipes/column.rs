//! ADD COLUMN with more than a table in use can take at once: the column alone, then one thing after the other.

use std::ops::Range;

use pg_query::protobuf::{
    AlterTableCmd, AlterTableType, ColumnDef, ConstrType, Constraint, TypeName,
};
use pg_query::{Node, NodeEnum};

use super::backfill::fill;
use super::constraint::{index_first, of_table, promised};
use super::index;
use super::not_null::require;
use super::steps::{beside, constraint_name, literal, own, promise, recipe, relation_name};
use super::tree;
use crate::catalog::expression::is_null_constant;
use crate::catalog::{
    BaseType, Catalog, Column, ConstraintKind, Identity, Relation, Type, UserTypeKind,
};
use crate::effects::{Reason, Target};
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Context, Recipe, Step};

/// In the place of ADD COLUMN.
pub fn add_column(cx: &Context<'_>, relation: &Target, span: &Range<usize>) -> Option<Recipe> {
    if !cx.options.recipes {
        return None;
    }
    let command = cx
        .commands()
        .into_iter()
        .find(|command| command.span.start <= span.start && span.start < command.span.end)?;
    let Some(NodeEnum::ColumnDef(definition)) = command.node.def.as_ref()?.node.as_ref() else {
        return None;
    };
    let after = cx.after.relation(relation.oid?)?;
    let added = after.column(&definition.colname)?;
    // It is computed from the others for as long as it lives: there is no way to that but the rewrite.
    if added.generated.is_some() {
        return None;
    }
    let column = New {
        cx,
        relation,
        after,
        definition,
        added,
    };
    let steps = column.steps()?;
    Some(recipe("the column first, the rest step by step", steps))
}

struct New<'c, 'a> {
    cx: &'c Context<'a>,
    relation: &'c Target,
    after: &'c Relation,
    definition: &'c ColumnDef,
    added: &'c Column,
}

impl New<'_, '_> {
    fn steps(&self) -> Option<Vec<Step>> {
        let (cx, table) = (self.cx, &self.relation.name);
        let (sql, quoted) = (sql_name(table), ident(&self.added.name));
        let required = self.has(ConstrType::ConstrNotnull) || self.has(ConstrType::ConstrPrimary);
        let numbered = self.is_serial() || self.added.identity.is_some();
        let volatile = cx.effects.work.iter().any(|work| {
            matches!(&work.reason, Reason::VolatileDefault { column, .. } if *column == self.added.name)
        });
        let free_default = self.default().filter(|_| !volatile && !numbered);
        let at_once = free_default.is_some()
            && self.has(ConstrType::ConstrNotnull)
            && self.domain().is_none();
        let mut steps = vec![own(
            match free_default {
                Some(_) => "free: the default is kept beside the table",
                None => "free",
            },
            self.alone(free_default, at_once)?,
        )];
        if numbered {
            steps.extend(self.numbered()?);
            return self.constraints(steps);
        }
        if let Some(default) = self.default().filter(|_| volatile) {
            steps.push(own(
                "for new rows",
                format!(
                    "ALTER TABLE {sql} ALTER COLUMN {quoted} SET DEFAULT {};",
                    tree::expression(default)?
                ),
            ));
            steps.push(fill(cx, table, &self.added.name, "DEFAULT"));
        } else if required && free_default.is_none() {
            steps.push(own(
                "release code that writes it, and give the old rows their values in batches that commit; then this answers 0",
                format!("SELECT count(*) AS without_value FROM {sql} WHERE {quoted} IS NULL;"),
            ));
        }
        if (required || self.domain().is_some_and(|(_, not_null)| not_null)) && !at_once {
            let name = self
                .written(ConstrType::ConstrNotnull)
                .map(|constraint| constraint.conname.clone());
            steps.extend(require(
                cx,
                table,
                &self.added.name,
                name.filter(|name| !name.is_empty()),
            ));
        }
        self.constraints(steps)
    }

    /// ADD COLUMN with nothing but what is free.
    fn alone(&self, default: Option<&Node>, required: bool) -> Option<String> {
        let mut definition = self.definition.clone();
        definition.constraints = self
            .definition
            .constraints
            .iter()
            .filter(|node| match &node.node {
                Some(NodeEnum::Constraint(constraint)) => match constraint.contype() {
                    ConstrType::ConstrDefault => default.is_some(),
                    ConstrType::ConstrNotnull => required,
                    ConstrType::ConstrNull => true,
                    _ => false,
                },
                _ => false,
            })
            .cloned()
            .collect();
        if self.is_serial() {
            definition.type_name = builtin(self.added.ty.builtin_name()?);
        }
        if let Some((base, _)) = self.domain() {
            let mut text = self.cx.after.type_display(&base);
            if let Some(default) = default {
                text += &format!(" DEFAULT {}", tree::expression(default)?);
            }
            return Some(format!(
                "ALTER TABLE {} ADD COLUMN {} {text};",
                sql_name(&self.relation.name),
                ident(&self.added.name)
            ));
        }
        let command = AlterTableCmd {
            subtype: AlterTableType::AtAddColumn as i32,
            def: Some(Box::new(tree::wrap(NodeEnum::ColumnDef(Box::new(
                definition,
            ))))),
            behavior: pg_query::protobuf::DropBehavior::DropRestrict as i32,
            ..AlterTableCmd::default()
        };
        tree::alter(&self.relation.name, false, command)
    }

    /// Numbers for old and new rows; an identity takes over at the end.
    fn numbered(&self) -> Option<Vec<Step>> {
        let (cx, table) = (self.cx, &self.relation.name);
        let (sql, quoted) = (sql_name(table), ident(&self.added.name));
        let identity = match self.written(ConstrType::ConstrIdentity) {
            // START and the like would be lost on the way.
            Some(identity) if !identity.options.is_empty() => return None,
            Some(_) => self.added.identity,
            None => None,
        };
        let ty = cx.after.type_display(&self.added.ty);
        let label = match identity {
            Some(_) => "fill",
            None => "seq",
        };
        let sequence = sql_name(&beside(
            table,
            &relation_name(cx, table, Some(&self.added.name), label),
        ));
        let owner = match identity {
            Some(_) => String::new(),
            None => format!(" OWNED BY {sql}.{quoted}"),
        };
        let mut steps = vec![
            own(
                "for new rows; short",
                format!(
                    "CREATE SEQUENCE {sequence} AS {ty}{owner};\nALTER TABLE {sql} ALTER COLUMN {quoted} SET DEFAULT nextval({});",
                    literal(&sequence)
                ),
            ),
            fill(cx, table, &self.added.name, "DEFAULT"),
        ];
        steps.extend(require(cx, table, &self.added.name, None));
        if let Some(identity) = identity {
            let when = match identity {
                Identity::Always => "ALWAYS",
                Identity::ByDefault => "BY DEFAULT",
            };
            let quiet = match identity {
                Identity::Always => {
                    "-- humdrum: ignore identity-change: the column is new, and no code gives it values\n"
                }
                Identity::ByDefault => "",
            };
            steps.push(own(
                "the identity takes over where the sequence stands; short",
                format!(
                    "{quiet}ALTER TABLE {sql} ALTER COLUMN {quoted} DROP DEFAULT, ALTER COLUMN {quoted} ADD GENERATED {when} AS IDENTITY;\n\
                     SELECT setval(pg_get_serial_sequence({}, {}), nextval({}), false);\n\
                     -- humdrum: ignore drop-object: it numbered the old rows, no code uses it\nDROP SEQUENCE {sequence};",
                    literal(&sql),
                    literal(&self.added.name),
                    literal(&sequence)
                ),
            ));
        }
        Some(steps)
    }

    /// CHECK, UNIQUE, PRIMARY KEY and REFERENCES, after the column is there and filled.
    fn constraints(&self, mut steps: Vec<Step>) -> Option<Vec<Step>> {
        let (cx, table) = (self.cx, &self.relation.name);
        let before = self.relation.oid.and_then(|oid| cx.before.relation(oid));
        let is_new = |name: &str| before.is_none_or(|before| before.constraint(name).is_none());
        for (at, node) in self.definition.constraints.iter().enumerate() {
            let Some(NodeEnum::Constraint(constraint)) = &node.node else {
                continue;
            };
            let name = match constraint.conname.as_str() {
                "" => self
                    .after
                    .constraints
                    .iter()
                    .find(|known| is_new(&known.name) && self.is_same(constraint, &known.kind))
                    .map(|known| known.name.clone()),
                name => Some(name.to_owned()),
            };
            match constraint.contype() {
                ConstrType::ConstrCheck | ConstrType::ConstrForeign => {
                    let apart = of_table(&self.with_attributes(at), &self.added.name);
                    if constraint.contype() == ConstrType::ConstrForeign {
                        steps.extend(index_first(
                            cx,
                            self.after,
                            std::slice::from_ref(&self.added.name),
                        ));
                    }
                    steps.extend(promised(cx, table, self.relation.oid, &apart, &name?)?);
                }
                ConstrType::ConstrUnique | ConstrType::ConstrPrimary => {
                    steps.extend(index::key(cx, self.after.oid, &name?)?);
                }
                _ => {}
            }
        }
        if let BaseType::User(oid) = self.added.ty.base
            && self.domain().is_some()
        {
            for check in domain_checks(cx.after, oid) {
                let condition = in_place_of_value(&check, &self.added.name)?;
                let name = constraint_name(cx, table, Some(&self.added.name), "check");
                steps.extend(promise(table, &name, &format!("CHECK ({condition})")));
            }
        }
        Some(steps)
    }

    /// DEFERRABLE and the like stand behind the constraint, as constraints of their own.
    fn with_attributes(&self, at: usize) -> Constraint {
        let mut found =
            self.definition.constraints[at..]
                .iter()
                .filter_map(|node| match &node.node {
                    Some(NodeEnum::Constraint(constraint)) => Some(constraint.as_ref()),
                    _ => None,
                });
        let mut constraint = found.next().cloned().unwrap_or_default();
        for attribute in found {
            match attribute.contype() {
                ConstrType::ConstrAttrDeferrable => constraint.deferrable = true,
                ConstrType::ConstrAttrDeferred => {
                    constraint.deferrable = true;
                    constraint.initdeferred = true;
                }
                ConstrType::ConstrAttrNotDeferrable
                | ConstrType::ConstrAttrImmediate
                | ConstrType::ConstrAttrEnforced => {}
                ConstrType::ConstrAttrNotEnforced => constraint.is_enforced = false,
                _ => break,
            }
        }
        constraint
    }

    fn is_same(&self, written: &Constraint, known: &ConstraintKind) -> bool {
        match (written.contype(), known) {
            (ConstrType::ConstrPrimary, ConstraintKind::PrimaryKey { .. }) => true,
            (ConstrType::ConstrUnique, ConstraintKind::Unique { index }) => self
                .cx
                .after
                .index(*index)
                .is_some_and(|index| index.key_columns() == [self.added.name.clone()]),
            (ConstrType::ConstrForeign, ConstraintKind::ForeignKey(key)) => {
                key.columns == [self.added.name.clone()]
            }
            (ConstrType::ConstrCheck, ConstraintKind::Check { expression, .. }) => {
                let text = |node: &Node| tree::expression(node);
                written.raw_expr.as_ref().and_then(|node| text(node)) == text(expression)
            }
            _ => false,
        }
    }

    fn written(&self, kind: ConstrType) -> Option<&Constraint> {
        self.definition
            .constraints
            .iter()
            .find_map(|node| match &node.node {
                Some(NodeEnum::Constraint(constraint)) if constraint.contype() == kind => {
                    Some(constraint.as_ref())
                }
                _ => None,
            })
    }

    fn has(&self, kind: ConstrType) -> bool {
        self.written(kind).is_some()
    }

    fn default(&self) -> Option<&Node> {
        let default = self
            .written(ConstrType::ConstrDefault)?
            .raw_expr
            .as_deref()?;
        (!is_null_constant(default)).then_some(default)
    }

    fn is_serial(&self) -> bool {
        let names = self
            .definition
            .type_name
            .as_ref()
            .map(|name| crate::sql::names::parts(&name.names));
        matches!(
            names.unwrap_or_default().as_slice(),
            [one] if matches!(one.as_str(), "smallserial" | "serial2" | "serial" | "serial4" | "bigserial" | "serial8")
        )
    }

    /// The type under a domain with constraints, and whether the domain refuses null.
    fn domain(&self) -> Option<(Type, bool)> {
        self.cx
            .effects
            .work
            .iter()
            .any(|work| matches!(&work.reason, Reason::ConstrainedDomain { column, .. } if *column == self.added.name))
            .then(|| under(self.cx.after, &self.added.ty))
    }
}

/// The type under any domains, and whether one of them is NOT NULL.
fn under(catalog: &Catalog, ty: &Type) -> (Type, bool) {
    let (mut ty, mut not_null) = (ty.clone(), false);
    while let BaseType::User(oid) = ty.base
        && !ty.array
        && let Some(UserTypeKind::Domain(domain)) = catalog.user_type(oid).map(|found| &found.kind)
    {
        not_null |= domain.not_null;
        ty = domain.base.clone();
    }
    (ty, not_null)
}

/// The conditions of a domain and of those under it.
fn domain_checks(catalog: &Catalog, oid: crate::catalog::Oid) -> Vec<Node> {
    let Some(UserTypeKind::Domain(domain)) = catalog.user_type(oid).map(|found| &found.kind) else {
        return Vec::new();
    };
    let mut checks: Vec<Node> = domain
        .checks
        .iter()
        .map(|check| check.expression.as_ref().clone())
        .collect();
    if let BaseType::User(base) = domain.base.base {
        checks.extend(domain_checks(catalog, base));
    }
    checks
}

/// A domain's condition, of a column.
fn in_place_of_value(condition: &Node, column: &str) -> Option<String> {
    let mut condition = std::sync::Arc::new(condition.clone());
    crate::catalog::expression::rename_column(&mut condition, "value", column);
    tree::expression(&condition)
}

fn builtin(name: &str) -> Option<TypeName> {
    let part = |text: &str| {
        tree::wrap(NodeEnum::String(pg_query::protobuf::String {
            sval: text.to_owned(),
        }))
    };
    Some(TypeName {
        names: vec![part("pg_catalog"), part(name)],
        typemod: -1,
        location: -1,
        ..TypeName::default()
    })
}
