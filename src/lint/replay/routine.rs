//! Procedures and functions that a migration calls and whose bodies are known.

use pg_query::protobuf::a_const::Val;
use pg_query::protobuf::{CallStmt, FuncCall, Node, SelectStmt};
use pg_query::{NodeEnum, NodeRef};

use super::block::Walk;
use super::merge::merge;
use super::run::Run;
use super::step::Piece;
use crate::catalog::builtin::{extension_functions, functions};
use crate::catalog::{Function, FunctionKind, Oid, QualifiedName, Volatility};
use crate::effects::Effects;
use crate::lint::context::Surroundings;
use crate::session::OpenedBy;
use crate::sql::{names, plpgsql, walk};

/// Routines that call each other are followed this far.
const DEEPEST: usize = 8;

impl Run<'_> {
    /// Replays a statement, and the bodies of the routines that it calls.
    pub(super) fn replay(&mut self, piece: Piece<'_>, surroundings: &Surroundings) -> Effects {
        if let NodeEnum::CallStmt(call) = piece.node {
            return self.call(piece, call, surroundings);
        }
        let mut effects = self.step(piece, surroundings);
        let selects = matches!(piece.node, NodeEnum::SelectStmt(_));
        for found in called(piece.node) {
            match self.meaning(found.call) {
                Meaning::Body(routine) => {
                    let called = Called {
                        routine,
                        call: found.call,
                    };
                    let surroundings = Surroundings {
                        conditional: surroundings.conditional || !found.certain,
                        ..surroundings.clone()
                    };
                    self.body_of(piece, &called, &surroundings, false, &mut effects);
                }
                Meaning::Unknown(_)
                    if let Some(done) = self.postgis(piece, found.call, surroundings) =>
                {
                    merge(&mut effects, &done, !surroundings.conditional);
                }
                // What stands inside an expression, or is written to a table, makes a value.
                Meaning::Unknown(name) if selects && found.certain && effects.error.is_none() => {
                    let span = piece.file_span();
                    let what =
                        format!("the function {name} may do anything: its body is not known here");
                    self.not_understood(span.clone(), &span, &what, true);
                    effects.assumptions.push(what);
                }
                Meaning::Value | Meaning::Unknown(_) => {}
            }
        }
        effects
    }

    /// Whether a text may call a function whose body is known and may change something.
    pub(super) fn may_call(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        text.contains('(')
            && self.catalog.functions().any(|function| {
                function.volatility == Volatility::Volatile
                    && matches!(function.language.as_str(), "plpgsql" | "sql")
                    && text.contains(function.name.name.as_str())
            })
    }

    fn call(&mut self, piece: Piece<'_>, call: &CallStmt, surroundings: &Surroundings) -> Effects {
        let mut effects = self.step(piece, surroundings);
        let procedure = call.funccall.as_ref().and_then(|call| {
            let routine = self.routine(call, FunctionKind::Procedure)?;
            Some(Called { routine, call })
        });
        match &procedure {
            Some(procedure) => {
                let commits = self.may_commit();
                self.body_of(piece, procedure, surroundings, commits, &mut effects);
            }
            None => {
                let span = piece.file_span();
                let what = "the procedure's body is not known here";
                self.not_understood(span.clone(), &span, what, true);
            }
        }
        effects
    }

    /// What is known of a function that a SELECT calls by itself.
    fn meaning(&self, call: &FuncCall) -> Meaning {
        if let Some(routine) = self.routine(call, FunctionKind::Function) {
            return Meaning::Body(routine);
        }
        let parts = names::parts(&call.funcname);
        let Some((name, qualifiers)) = parts.split_last() else {
            return Meaning::Value;
        };
        let version = self.session.version;
        let builtin = match qualifiers.last().map(String::as_str) {
            None | Some("pg_catalog") => functions(name, version).next().is_some(),
            Some(_) => false,
        };
        let of_extension = extension_functions(name, version).next().is_some();
        // PostGIS: what changes tables has other names (AddGeometryColumn).
        if builtin || of_extension || name.starts_with("st_") {
            return Meaning::Value;
        }
        let mut overloads = self
            .catalog
            .functions()
            .filter(|function| function.name.name == *name)
            .peekable();
        let known = overloads.peek().is_some();
        if known && overloads.all(|function| function.volatility != Volatility::Volatile) {
            return Meaning::Value;
        }
        Meaning::Unknown(parts.join("."))
    }

    /// A procedure may end the transaction when nothing but DO and CALL stands around it.
    fn may_commit(&self) -> bool {
        let by_itself = self
            .session
            .block()
            .is_none_or(|block| block.opened_by == OpenedBy::Statement);
        let in_function = self.routines.iter().any(|&oid| {
            self.catalog
                .function(oid)
                .is_some_and(|routine| routine.kind != FunctionKind::Procedure)
        });
        by_itself && !in_function
    }

    /// The routine that a call means, when only one can be meant.
    fn routine(&self, call: &FuncCall, kind: FunctionKind) -> Option<Oid> {
        let parts = names::parts(&call.funcname);
        let (name, qualifiers) = parts.split_last()?;
        let schema = qualifiers.last();
        let path = &self.session.settings.search_path;
        let schemas = schema.map_or(path.as_slice(), std::slice::from_ref);
        let mut meant = schemas
            .iter()
            .find_map(|schema| {
                let named = QualifiedName::new(schema, name);
                let overloads: Vec<_> = self
                    .catalog
                    .functions()
                    .filter(|function| function.name == named)
                    .collect();
                (!overloads.is_empty()).then_some(overloads)
            })?
            .into_iter()
            .filter(|function| function.kind == kind && takes(function, call.args.len()));
        let only = meant.next()?;
        let known = matches!(only.language.as_str(), "plpgsql" | "sql");
        let may_write = kind == FunctionKind::Procedure || only.volatility == Volatility::Volatile;
        (meant.next().is_none() && known && may_write).then_some(only.oid)
    }

    /// All places in the body are the call's: the body may stand in another file.
    fn body_of(
        &mut self,
        piece: Piece<'_>,
        called: &Called<'_>,
        surroundings: &Surroundings,
        commits: bool,
        effects: &mut Effects,
    ) {
        let routine = called.routine;
        if self.routines.contains(&routine) || self.routines.len() >= DEEPEST {
            return;
        }
        let Some(function) = self.catalog.function(routine) else {
            return;
        };
        let arguments = literals(function, called.call);
        let definition = function.definition.clone();
        let is_plpgsql = function.language == "plpgsql";
        let name = function.name.clone();
        let span = piece.file_span();
        let call = self.text(&span);
        let mut walk = Walk::new(span.clone(), commits, effects.kind);
        walk.surroundings = Surroundings {
            block: Some(surroundings.block.clone().unwrap_or(span.clone())),
            in_function: surroundings.in_function || function.kind == FunctionKind::Function,
            ..surroundings.clone()
        };
        walk.routine = Some(name.to_string());
        self.routines.push(routine);
        let read = if is_plpgsql {
            plpgsql::called_body(call, &definition, &arguments).map(|block| {
                self.as_one_transaction(|run| run.pl_block(&block, &mut walk));
            })
        } else {
            plpgsql::sql_body(call, &definition).map(|statements| {
                self.as_one_transaction(|run| run.pl_all(&statements, &mut walk));
            })
        };
        self.routines.pop();
        if let Err(error) = read {
            let what = format!("the body of {name} could not be read: {error}");
            self.not_understood(span.clone(), &span, &what, true);
            effects.assumptions.push(what);
        }
        merge(effects, &walk.effects, !surroundings.conditional);
    }
}

/// What a function that a SELECT calls by itself does.
enum Meaning {
    /// It can write, and has a body that is known.
    Body(Oid),
    /// It makes a value.
    Value,
    /// It may do anything. Its name as it is written.
    Unknown(String),
}

/// A call that a statement makes when it runs.
struct Found<'n> {
    call: &'n FuncCall,
    /// It is made whenever the statement runs. Others depend on rows or on the rest of an expression.
    certain: bool,
}

/// The functions that a statement calls when it runs, those first that it certainly calls. What only defines something (views,
/// defaults, functions) calls nothing.
fn called(node: &NodeEnum) -> Vec<Found<'_>> {
    let certain: Vec<&FuncCall> = match node {
        NodeEnum::SelectStmt(select) => functions_called(select).collect(),
        NodeEnum::InsertStmt(insert) => insert
            .select_stmt
            .as_deref()
            .and_then(|source| match &source.node {
                // One row, or as many as are listed.
                Some(NodeEnum::SelectStmt(select)) if select.from_clause.is_empty() => Some(select),
                _ => None,
            })
            .map(|select| functions_called(select).chain(listed(select)).collect())
            .unwrap_or_default(),
        NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)
        | NodeEnum::MergeStmt(_)
        | NodeEnum::CopyStmt(_) => Vec::new(),
        NodeEnum::CreateTableAsStmt(create) => create
            .query
            .as_deref()
            .and_then(|query| match &query.node {
                Some(NodeEnum::SelectStmt(select)) => Some(functions_called(select).collect()),
                _ => None,
            })
            .unwrap_or_default(),
        _ => return Vec::new(),
    };
    let others = walk::descendants(node).filter_map(|it| match it {
        NodeRef::FuncCall(call) if !certain.iter().any(|known| std::ptr::eq(*known, call)) => {
            Some(call)
        }
        _ => None,
    });
    let others: Vec<Found<'_>> = others
        .map(|call| Found {
            call,
            certain: false,
        })
        .collect();
    certain
        .into_iter()
        .map(|call| Found {
            call,
            certain: true,
        })
        .chain(others)
        .collect()
}

/// The calls that are values of a VALUES list.
fn listed(select: &SelectStmt) -> impl Iterator<Item = &FuncCall> {
    let values = select
        .values_lists
        .iter()
        .flat_map(|row| match row.node.as_ref() {
            Some(NodeEnum::List(row)) => row.items.as_slice(),
            _ => &[],
        });
    values.filter_map(|value| match value.node.as_ref()? {
        NodeEnum::FuncCall(call) => Some(call.as_ref()),
        _ => None,
    })
}

/// The functions that a SELECT calls by itself or reads from.
fn functions_called(select: &SelectStmt) -> impl Iterator<Item = &FuncCall> {
    let targets = select
        .target_list
        .iter()
        .filter_map(|target| match target.node.as_ref()? {
            NodeEnum::ResTarget(target) => target.val.as_deref(),
            _ => None,
        });
    let sources = select
        .from_clause
        .iter()
        .flat_map(|source| match &source.node {
            Some(NodeEnum::RangeFunction(source)) => source.functions.as_slice(),
            _ => &[],
        });
    let sources = sources.filter_map(|function| match function.node.as_ref()? {
        NodeEnum::List(list) => list.items.first(),
        _ => None,
    });
    targets
        .chain(sources)
        .filter_map(|node| match node.node.as_ref()? {
            NodeEnum::FuncCall(call) => Some(call.as_ref()),
            _ => None,
        })
}

/// A call of a routine that is known.
struct Called<'n> {
    routine: Oid,
    call: &'n FuncCall,
}

/// The parameters whose values are literals, in the call or as the default, with their text.
fn literals(function: &Function, call: &FuncCall) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (index, argument) in function.arguments.iter().enumerate() {
        let Some(name) = &argument.name else {
            continue;
        };
        let named = call.args.iter().find_map(|given| match &given.node {
            Some(NodeEnum::NamedArgExpr(given)) if given.name == *name => given.arg.as_deref(),
            _ => None,
        });
        let placed = call
            .args
            .get(index)
            .filter(|given| !matches!(given.node, Some(NodeEnum::NamedArgExpr(_))));
        let given = named.or(placed);
        let default = || default_of(&function.definition, name);
        let value = match given {
            Some(given) => literal(given),
            None => default().and_then(literal),
        };
        found.extend(value.map(|value| (name.clone(), value)));
    }
    found
}

fn default_of<'d>(definition: &'d NodeEnum, parameter: &str) -> Option<&'d Node> {
    let NodeEnum::CreateFunctionStmt(definition) = definition else {
        return None;
    };
    definition.parameters.iter().find_map(|it| match &it.node {
        Some(NodeEnum::FunctionParameter(it)) if it.name == parameter => it.defexpr.as_deref(),
        _ => None,
    })
}

/// A constant as it is written in SQL, without its cast.
pub(super) fn literal(node: &Node) -> Option<String> {
    match node.node.as_ref()? {
        NodeEnum::TypeCast(cast) => literal(cast.arg.as_deref()?),
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            Val::Sval(text) => Some(format!("'{}'", text.sval.replace('\'', "''"))),
            Val::Ival(number) => Some(number.ival.to_string()),
            Val::Fval(number) => Some(number.fval.clone()),
            Val::Boolval(value) => Some(value.boolval.to_string()),
            Val::Bsval(_) => None,
        },
        _ => None,
    }
}

fn takes(function: &Function, arguments: usize) -> bool {
    let required = function
        .arguments
        .iter()
        .filter(|argument| !argument.has_default && !argument.variadic)
        .count();
    let variadic = function.arguments.iter().any(|argument| argument.variadic);
    arguments >= required && (variadic || arguments <= function.arguments.len())
}
