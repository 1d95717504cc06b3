//! What parse analysis refuses of a query: names, types, grouping (`transformStmt` in
//! src/backend/parser/analyze.c).
//!
//! Only what is certain is refused. A name that may be a column of something unknown, and a value whose type is not
//! known, are taken for whatever fits.

mod from;
mod grouping;
mod locking;
mod modify;
pub mod names;
mod select;
mod set_operation;

use std::rc::Rc;

use pg_query::protobuf::{CommonTableExpr, WithClause};
use pg_query::{Node, NodeEnum};

use super::analyser::{Analyser, strings};
use super::coerce;
use super::tree::Expr;
use super::types::{self, Kind, Types};
use super::{Purpose, Scope, refused_literal};
use crate::catalog::Type;
use crate::catalog::builtin;
use names::{Meaning, Names, Output};

pub(super) use grouping::{AGGREGATE, PERHAPS_AGGREGATE, WINDOW, aggregates};
pub use names::Arguments;
pub(super) use select::has_unknown;

/// Queries inside queries deeper than this are not looked into.
const MAX_DEPTH: usize = 40;

pub type Refusal = (&'static str, String);

/// What PostgreSQL is certain to answer to a query or a data-modifying statement.
///
/// `planned`: also what the planner refuses.
pub fn query_refusal(
    query: &NodeEnum,
    arguments: Arguments,
    planned: bool,
    scope: &Scope,
) -> Option<Refusal> {
    let mut analysis = Analysis::new(*scope, planned);
    analysis.statement(query, &Rc::new(Names::of_function(arguments)));
    analysis.error
}

/// The columns that a query gives: their types as far as they are known. None when it is not known how many.
pub fn query_columns(
    query: &NodeEnum,
    arguments: Arguments,
    scope: &Scope,
) -> Option<Vec<(String, Type)>> {
    let mut analysis = Analysis::new(*scope, false);
    let output = analysis.statement(query, &Rc::new(Names::of_function(arguments)));
    output.known.then_some(output.columns)
}

/// Whether these columns are certain not to fit what a function declares: one value, the fields of one row, or each of
/// its OUT parameters.
pub fn output_refusal(given: &[(String, Type)], wanted: &[Type], scope: &Scope) -> bool {
    let types = scope.types();
    let fields = match wanted {
        [only] if types::is(only, "record") => return false,
        [only] => match (types.kind(only), given) {
            // A row may also be given as one value.
            (Kind::Composite, [(_, one)]) if !types.is_known(one) || types::same(one, only) => {
                return false;
            }
            (Kind::Composite, _) => match types.attributes(only) {
                Some(attributes) => attributes.into_iter().map(|(_, ty)| ty).collect(),
                None => return false,
            },
            (Kind::Unknown | Kind::Pseudo, _) => return false,
            _ => vec![only.clone()],
        },
        several => several.to_vec(),
    };
    if fields.len() != given.len() {
        return true;
    }
    fields.iter().zip(given).any(|(wanted, (_, found))| {
        let known = types.is_known(found) && types.is_known(wanted);
        let pseudo = types.kind(wanted) == Kind::Pseudo;
        let fits = match scope.version.major() {
            // 12 takes nothing but what is the same to the machine.
            12 => types::same(found, wanted) || types.is_binary_coercible(found, wanted),
            _ => {
                coerce::can_coerce(types, found, wanted, coerce::Context::Assignment) != Some(false)
            }
        };
        known && !pseudo && !types::is_literal(found) && !fits
    })
}

pub(super) struct Analysis<'a> {
    scope: Scope<'a>,
    types: Types<'a>,
    planned: bool,
    /// The first one is what PostgreSQL reports.
    error: Option<Refusal>,
    /// Items that have been met, for their keys.
    items: usize,
}

impl<'a> Analysis<'a> {
    pub fn new(scope: Scope<'a>, planned: bool) -> Self {
        let scope = Scope {
            relation: None,
            ..scope
        };
        Analysis {
            scope,
            types: scope.types(),
            planned,
            error: None,
            items: 0,
        }
    }

    pub fn into_error(self) -> Option<Refusal> {
        self.error
    }

    fn fail(&mut self, sqlstate: &'static str, message: impl Into<String>) {
        if self.error.is_none() {
            self.error = Some((sqlstate, message.into()));
        }
    }

    /// A query inside `outer`.
    pub fn statement(&mut self, statement: &NodeEnum, outer: &Rc<Names>) -> Output {
        if outer.depth >= MAX_DEPTH || self.error.is_some() {
            return Output::default();
        }
        match statement {
            NodeEnum::SelectStmt(select) => self.select(select, outer, true),
            NodeEnum::InsertStmt(insert) => self.insert(insert, outer),
            NodeEnum::UpdateStmt(update) => self.update(update, outer),
            NodeEnum::DeleteStmt(delete) => self.delete(delete, outer),
            NodeEnum::MergeStmt(merge) => self.merge(merge, outer),
            _ => Output::default(),
        }
    }

    /// A level of its own inside `outer`, with what WITH names.
    fn level(&mut self, with: Option<&WithClause>, outer: &Rc<Names>) -> Names {
        let mut names = Names::inside(outer);
        let Some(with) = with else {
            return names;
        };
        if with.recursive {
            for cte in ctes(with) {
                names.add_query(&cte.ctename, Output::default());
            }
        }
        for cte in ctes(with) {
            let Some(query) = cte.ctequery.as_ref().and_then(|node| node.node.as_ref()) else {
                continue;
            };
            // What a recursive query gives is not worked out.
            let seen = Rc::new(names);
            let mut output = self.statement(query, &seen);
            names = match Rc::try_unwrap(seen) {
                Ok(names) => names,
                Err(_) => Names::inside(outer),
            };
            if with.recursive && may_recurse(query) {
                output = Output::default();
            }
            rename(&mut output, &strings(&cte.aliascolnames));
            names.add_query(&cte.ctename, output);
        }
        names
    }

    fn expr(&mut self, node: &Node, names: &Rc<Names>, purpose: Purpose) -> Expr {
        let mut analyser = Analyser::new(self.scope, purpose);
        analyser.names = Some(Rc::clone(names));
        let expr = analyser.expr(node);
        let error = analyser.notes.error.or_else(|| refused_literal(&expr));
        if self.error.is_none() {
            self.error = error;
        }
        expr
    }

    /// WHERE, HAVING, ON: a boolean (`transformWhereClause`).
    fn condition(&mut self, node: Option<&Node>, names: &Rc<Names>, purpose: Purpose, word: &str) {
        let Some(node) = node else {
            return;
        };
        let mut analyser = Analyser::new(self.scope, purpose);
        analyser.names = Some(Rc::clone(names));
        let expr = analyser.expr(node);
        let expr = analyser.as_condition(expr, word);
        let error = analyser.notes.error.or_else(|| refused_literal(&expr));
        if self.error.is_none() {
            self.error = error;
        }
    }
}

impl Analyser<'_> {
    /// A reference to a column in a query.
    pub fn query_column(&mut self, names: &Names, parts: &[&str], star: bool) -> Expr {
        let nothing_known = || Expr::opaque(Vec::new(), types::untold(), "");
        if star || parts.is_empty() {
            return nothing_known();
        }
        let catalog = self.scope.catalog;
        let doubtful = |name: &str| {
            builtin::function_versions(name).is_some()
                || catalog
                    .functions()
                    .any(|function| function.name.name == name)
        };
        match names.meaning(parts, doubtful) {
            Meaning::Column(column) => Expr::Column {
                name: column.key,
                ty: column.ty,
            },
            Meaning::Argument(ty) => Expr::opaque(Vec::new(), ty, ""),
            Meaning::Row | Meaning::Unsure => nothing_known(),
            Meaning::Refused(sqlstate, message) => {
                self.notes.fail(sqlstate, message);
                nothing_known()
            }
        }
    }

    /// The columns of a subquery in an expression.
    pub fn subquery(&mut self, query: &NodeEnum, names: &Rc<Names>) -> Output {
        let mut analysis = Analysis::new(self.scope, false);
        let output = analysis.statement(query, names);
        if let Some((sqlstate, message)) = analysis.into_error() {
            self.notes.fail(sqlstate, message);
        }
        output
    }
}

fn ctes(with: &WithClause) -> impl Iterator<Item = &CommonTableExpr> {
    with.ctes.iter().filter_map(|node| match &node.node {
        Some(NodeEnum::CommonTableExpr(cte)) => Some(&**cte),
        _ => None,
    })
}

/// Only a UNION can name itself.
fn may_recurse(query: &NodeEnum) -> bool {
    match query {
        NodeEnum::SelectStmt(select) => select.larg.is_some(),
        _ => false,
    }
}

fn rename(output: &mut Output, names: &[&str]) {
    for (column, name) in output.columns.iter_mut().zip(names) {
        (*name).clone_into(&mut column.0);
    }
}
