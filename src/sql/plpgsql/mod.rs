//! PL/pgSQL bodies: the tree of their statements, with every embedded SQL command parsed.
//!
//! libpg_query has a PL/pgSQL parser too. It needs to know types and variables, which a migration
//! does not tell (it refuses parameters of schema-qualified types), its JSON for trigger functions is
//! malformed, and it drops the places of statements within a line. So the statements are read here,
//! after `pl_gram.y` of PostgreSQL; it serves as the judge in the tests.

mod evaluate;
mod execute;
mod function;
mod parser;
mod variables;

use std::ops::Range;

use pg_query::NodeEnum;

use super::excerpt::Excerpt;

pub use function::{body, called_body, sql_body};

/// `[DECLARE ...] BEGIN ... [EXCEPTION ...] END`. All spans are byte ranges of the statement's text.
#[derive(Debug, Default)]
pub struct Block {
    pub span: Range<usize>,
    pub label: Option<String>,
    pub declarations: Vec<Declaration>,
    pub statements: Vec<Pl>,
    /// `EXCEPTION WHEN ... THEN`. A block that has any runs in a subtransaction.
    pub handlers: Vec<Handler>,
}

/// One line of DECLARE.
#[derive(Debug)]
pub struct Declaration {
    pub span: Range<usize>,
    pub name: String,
    /// The first value, if one is given.
    pub default: Option<Expression>,
    /// The query of a cursor.
    pub query: Option<Box<Pl>>,
}

#[derive(Debug)]
pub struct Handler {
    /// `others`, `unique_violation`, `sqlstate '23505'`: lower case, as written.
    pub conditions: Vec<String>,
    pub statements: Vec<Pl>,
}

/// A statement of PL/pgSQL.
#[derive(Debug)]
pub enum Pl {
    /// An SQL command, PERFORM (as SELECT) or CALL.
    Sql(Sql),
    /// An SQL command that PostgreSQL's parser refuses.
    Invalid(Invalid),
    Execute(Execute),
    Block(Block),
    If(If),
    Case(Case),
    Loop(Loop),
    /// EXIT and CONTINUE
    Exit(Exit),
    Return(Return),
    Raise(Raise),
    Assign(Assign),
    Commit(Range<usize>),
    Rollback(Range<usize>),
    /// GET DIAGNOSTICS, ASSERT, FETCH, MOVE, CLOSE, NULL and OPEN of a declared cursor.
    Other(Excerpt),
}

/// An embedded SQL command and its parse tree.
#[derive(Debug)]
pub struct Sql {
    /// What was parsed: INTO's targets are blanks, PERFORM is SELECT.
    pub excerpt: Excerpt,
    /// Locations count in `excerpt`; see [`Sql::offset`].
    pub node: Box<NodeEnum>,
    /// Whether it fills variables (INTO).
    pub into: bool,
    /// Those variables, by their first name parts.
    pub targets: Vec<String>,
    /// Template placeholders in the statement's text.
    pub placeholders: Vec<Range<usize>>,
}

impl Sql {
    pub fn span(&self) -> Range<usize> {
        self.excerpt.span()
    }

    /// The statement's byte offset of a parse tree location.
    pub fn offset(&self, location: i32) -> Option<usize> {
        usize::try_from(location)
            .ok()
            .map(|location| self.excerpt.offset(location))
    }
}

#[derive(Debug)]
pub struct Invalid {
    pub excerpt: Excerpt,
    pub error: BodyError,
}

/// Something of the body that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyError {
    pub message: String,
    /// Byte offset in the statement's text.
    pub offset: usize,
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// An SQL expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression(pub Excerpt);

impl Expression {
    pub fn text(&self) -> &str {
        self.0.text()
    }

    pub fn span(&self) -> Range<usize> {
        self.0.span()
    }

    /// The expression as a query: `SELECT expression`. None if it does not parse.
    pub fn query(&self) -> Option<Sql> {
        match parser::sql(self.0.after_words("SELECT "), false) {
            Pl::Sql(sql) => Some(sql),
            _ => None,
        }
    }
}

/// EXECUTE: SQL that the body puts together.
#[derive(Debug)]
pub struct Execute {
    pub span: Range<usize>,
    pub expression: Expression,
    pub certainty: Certainty,
    /// The commands, as far as they are known: [`Pl::Sql`] and [`Pl::Invalid`].
    pub statements: Vec<Pl>,
    /// It depends on the way to it which of the statements it runs.
    pub one_of_several: bool,
    /// A way through the body leads to it.
    pub reached: bool,
    pub into: bool,
    /// The variables of INTO, by their first name parts.
    pub targets: Vec<String>,
}

/// How much of an EXECUTE's text is known, from little to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    Nothing,
    /// Its shape; [`UNKNOWN_NAME`] stands where a variable is filled in.
    Shape,
    /// All of it. In a FOREACH over constants, the commands of all turns are listed.
    Constant,
}

/// Stands in the commands of an [`Execute`] for text that is not known.
pub const UNKNOWN_NAME: &str = "__unknown__";

#[derive(Debug)]
pub struct If {
    pub span: Range<usize>,
    /// IF and ELSIF.
    pub branches: Vec<Branch>,
    pub otherwise: Option<Vec<Pl>>,
    /// Constants may decide that ELSE is never taken.
    pub otherwise_taken: bool,
}

#[derive(Debug)]
pub struct Case {
    pub span: Range<usize>,
    pub subject: Option<Expression>,
    pub branches: Vec<Branch>,
    pub otherwise: Option<Vec<Pl>>,
    /// Constants may decide that ELSE is never taken.
    pub otherwise_taken: bool,
}

/// A condition and what runs if it holds.
#[derive(Debug)]
pub struct Branch {
    pub condition: Expression,
    pub statements: Vec<Pl>,
    /// Constants may decide that it is never taken.
    pub taken: bool,
}

#[derive(Debug)]
pub struct Loop {
    pub span: Range<usize>,
    pub label: Option<String>,
    pub kind: LoopKind,
    pub body: Vec<Pl>,
}

#[derive(Debug)]
pub enum LoopKind {
    /// LOOP: for ever, unless something leaves it.
    Endless,
    While(Expression),
    /// FOR i IN a .. b: the bounds, with BY's step in the text of the last.
    Integers {
        from: Expression,
        to: Expression,
    },
    /// FOR r IN query: [`Pl::Sql`], [`Pl::Invalid`], [`Pl::Execute`].
    Query(Box<Pl>),
    /// FOR r IN cursor
    Cursor(Expression),
    /// FOREACH variable IN ARRAY array
    Array {
        variable: String,
        array: Expression,
    },
}

#[derive(Debug)]
pub struct Exit {
    pub span: Range<usize>,
    /// CONTINUE
    pub continues: bool,
    pub label: Option<String>,
    pub condition: Option<Expression>,
}

#[derive(Debug)]
pub struct Return {
    pub span: Range<usize>,
    /// NEXT and QUERY add a row or rows and go on.
    pub goes_on: bool,
    pub expression: Option<Expression>,
    /// RETURN QUERY, and OPEN ... FOR: [`Pl::Sql`], [`Pl::Invalid`], [`Pl::Execute`].
    pub query: Option<Box<Pl>>,
}

#[derive(Debug)]
pub struct Raise {
    pub span: Range<usize>,
    /// Whether it ends the block: RAISE EXCEPTION, or RAISE without a level.
    pub is_exception: bool,
}

#[derive(Debug)]
pub struct Assign {
    pub span: Range<usize>,
    /// The variable's first name part, folded.
    pub variable: String,
    /// Whether it gets a new value as a whole, and not only a field or an element.
    pub whole: bool,
    pub expression: Expression,
}

impl Pl {
    pub fn span(&self) -> Range<usize> {
        match self {
            Pl::Sql(sql) => sql.span(),
            Pl::Invalid(invalid) => invalid.excerpt.span(),
            Pl::Execute(execute) => execute.span.clone(),
            Pl::Block(block) => block.span.clone(),
            Pl::If(chosen) => chosen.span.clone(),
            Pl::Case(chosen) => chosen.span.clone(),
            Pl::Loop(repeated) => repeated.span.clone(),
            Pl::Exit(exit) => exit.span.clone(),
            Pl::Return(returned) => returned.span.clone(),
            Pl::Raise(raise) => raise.span.clone(),
            Pl::Assign(assign) => assign.span.clone(),
            Pl::Commit(span) | Pl::Rollback(span) => span.clone(),
            Pl::Other(excerpt) => excerpt.span(),
        }
    }

    /// The statements directly inside this one, in the order of the text. A query that belongs to
    /// the statement itself (FOR ... IN query, RETURN QUERY) comes first.
    pub fn children(&self) -> Vec<&Pl> {
        match self {
            Pl::Execute(execute) => execute.statements.iter().collect(),
            Pl::Block(block) => block.children(),
            Pl::If(chosen) => branches(&chosen.branches, chosen.otherwise.as_deref()),
            Pl::Case(chosen) => branches(&chosen.branches, chosen.otherwise.as_deref()),
            Pl::Loop(repeated) => {
                let query = match &repeated.kind {
                    LoopKind::Query(query) => Some(query.as_ref()),
                    LoopKind::Endless
                    | LoopKind::While(_)
                    | LoopKind::Integers { .. }
                    | LoopKind::Cursor(_)
                    | LoopKind::Array { .. } => None,
                };
                query.into_iter().chain(&repeated.body).collect()
            }
            Pl::Return(returned) => returned.query.iter().map(AsRef::as_ref).collect(),
            Pl::Sql(_)
            | Pl::Invalid(_)
            | Pl::Exit(_)
            | Pl::Raise(_)
            | Pl::Assign(_)
            | Pl::Commit(_)
            | Pl::Rollback(_)
            | Pl::Other(_) => Vec::new(),
        }
    }

    /// Visits this statement and then all inside it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Pl)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// The expressions of this statement itself, not of those inside it.
    pub fn expressions(&self) -> Vec<&Expression> {
        match self {
            Pl::Execute(execute) => vec![&execute.expression],
            Pl::If(chosen) => chosen.branches.iter().map(|b| &b.condition).collect(),
            Pl::Case(chosen) => chosen
                .subject
                .iter()
                .chain(chosen.branches.iter().map(|branch| &branch.condition))
                .collect(),
            Pl::Loop(repeated) => match &repeated.kind {
                LoopKind::While(condition) => vec![condition],
                LoopKind::Integers { from, to } => vec![from, to],
                LoopKind::Array { array, .. } => vec![array],
                LoopKind::Endless | LoopKind::Query(_) | LoopKind::Cursor(_) => Vec::new(),
            },
            Pl::Exit(exit) => exit.condition.iter().collect(),
            Pl::Return(returned) => returned.expression.iter().collect(),
            Pl::Assign(assign) => vec![&assign.expression],
            Pl::Block(block) => block
                .declarations
                .iter()
                .filter_map(|declaration| declaration.default.as_ref())
                .collect(),
            Pl::Sql(_)
            | Pl::Invalid(_)
            | Pl::Raise(_)
            | Pl::Commit(_)
            | Pl::Rollback(_)
            | Pl::Other(_) => Vec::new(),
        }
    }
}

fn branches<'a>(branches: &'a [Branch], otherwise: Option<&'a [Pl]>) -> Vec<&'a Pl> {
    branches
        .iter()
        .flat_map(|branch| &branch.statements)
        .chain(otherwise.unwrap_or_default())
        .collect()
}

impl Block {
    /// Whether the block runs in a subtransaction.
    pub fn has_exception_handler(&self) -> bool {
        !self.handlers.is_empty()
    }

    /// The queries of cursors, the statements, and those of the handlers.
    pub fn children(&self) -> Vec<&Pl> {
        let cursors = self.declarations.iter().filter_map(|d| d.query.as_deref());
        cursors
            .chain(&self.statements)
            .chain(self.handlers.iter().flat_map(|h| &h.statements))
            .collect()
    }

    /// Visits every statement of the body, outer before inner, in the order of the text.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Pl)) {
        for child in self.children() {
            child.walk(visit);
        }
    }
}

impl Loop {
    /// Whether the loop's body commits or rolls back, so that each turn may be its own transaction.
    pub fn ends_transactions(&self) -> bool {
        let mut found = false;
        for statement in &self.body {
            statement.walk(&mut |inner| {
                found |= matches!(inner, Pl::Commit(_) | Pl::Rollback(_));
            });
        }
        found
    }

    /// Whether something in the body may leave the loop: EXIT from it, RETURN, RAISE EXCEPTION.
    pub fn may_be_left(&self) -> bool {
        self.body
            .iter()
            .any(|statement| leaves(statement, self.label.as_deref(), false))
    }
}

/// `nested` says whether an EXIT without label leaves only a loop further inside.
fn leaves(statement: &Pl, label: Option<&str>, nested: bool) -> bool {
    match statement {
        Pl::Exit(exit) if !exit.continues => match &exit.label {
            Some(named) => label == Some(named.as_str()) || !nested,
            None => !nested,
        },
        Pl::Return(returned) => !returned.goes_on,
        Pl::Raise(raise) => raise.is_exception,
        Pl::Loop(inner) => inner.body.iter().any(|inner| leaves(inner, label, true)),
        other => other
            .children()
            .into_iter()
            .any(|inner| leaves(inner, label, nested)),
    }
}
