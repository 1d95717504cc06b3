//! Text to statements: splitting, parsing, comments and spans. Nothing here knows a schema.

mod branches;
pub mod clause;
mod client_copy;
mod copy;
mod depth;
pub mod excerpt;
mod literal_rows;
mod many_rows;
pub mod names;
mod placeholder;
pub mod plpgsql;
mod psql;
mod psql_variables;
mod raw;
mod recover;
pub mod scan;
mod script;
mod skim;
mod split;
mod tree;
pub mod walk;

use std::ops::Range;

use pg_query::NodeEnum;

use excerpt::Excerpt;

pub use placeholder::{decides, in_bodies, stand_in_name};
pub use script::{Values, parse_script, parse_text, parse_with};

/// The statements and comments of one script.
#[derive(Debug, Default)]
pub struct Parsed {
    pub statements: Vec<Statement>,
    /// All comments of the script in order, as byte ranges of the file (with their `--` or `/*`).
    pub comments: Vec<Range<usize>>,
    /// Groups of a template's branches of which only one is ever sent, as byte ranges of the file.
    pub alternatives: Vec<Vec<Range<usize>>>,
}

/// One SQL statement. All ranges are byte ranges of the file that the script was cut from.
#[derive(Debug)]
pub struct Statement {
    /// From the first token to the last one before the `;`, without leading blanks and comments.
    pub span: Range<usize>,
    /// The comments between the previous statement's `;` (or the start) and this statement.
    pub leading_comments: Vec<Range<usize>>,
    pub body: Body,
    /// Template or psql placeholders in the text. What they stand for is not known.
    pub placeholders: Vec<Range<usize>>,
    /// What was parsed, where values were filled in for placeholders: the tree's locations count in it.
    pub filled: Option<Excerpt>,
}

/// What is known of a statement's meaning.
#[derive(Debug)]
pub enum Body {
    /// The parse tree. Its locations count from `span.start`; see [`Statement::offset`].
    Tree(Box<NodeEnum>),
    /// No tree, but the leading tokens say what it is.
    Skimmed(Skim),
    /// PostgreSQL's parser refuses it.
    Invalid(SyntaxError),
    /// A psql meta command that may bring SQL from elsewhere or change the connection (`\i`, `\connect`, `\gexec` ...).
    Psql(String),
}

/// A statement that was judged by its leading tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skim {
    /// Lower case: `insert`, `update`, `select`, `alter table` ...
    pub command: String,
    /// The name parts after the command, unquoted and folded, when they could be told.
    pub relation: Vec<String>,
    pub reason: SkimReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkimReason {
    /// INSERT ... VALUES so long that a tree would only cost time; PostgreSQL's parser accepts it.
    ManyRows,
    /// Nested too deeply for the parser to hand out a tree.
    TooDeep,
}

/// A syntax error at the place that PostgreSQL's parser reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// PostgreSQL's message: `syntax error at or near "TABEL"`.
    pub message: String,
    /// Byte offset in the file.
    pub offset: usize,
}

impl Statement {
    /// The file's byte offset of a parse tree location (`location` fields are -1 when unknown).
    pub fn offset(&self, location: i32) -> Option<usize> {
        usize::try_from(location)
            .ok()
            .map(|location| self.span.start + location)
    }
}
