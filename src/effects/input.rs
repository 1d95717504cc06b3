//! What the effects of a statement are computed from.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::RangeVar;

use super::expression::Scope;
use crate::catalog::{Catalog, Oid, QualifiedName, Refusal, Relation};
use crate::session::{Session, Settings};
use crate::version::PgVersion;

/// A statement, the schema around it and the session it runs in.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub node: &'a NodeEnum,
    /// The statement's own text; parse locations count from its start.
    pub text: &'a str,
    /// Where that text starts in the file.
    pub start: usize,
    pub before: &'a Catalog,
    /// The schema once the statement has succeeded.
    pub after: &'a Catalog,
    /// What PostgreSQL is certain to answer as far as names and dependencies decide it: [`Catalog::applied`].
    pub refusal: Option<&'a Refusal>,
    /// The session when the statement starts.
    pub session: &'a Session,
    /// A name may mean what is not in the schema: a variable of PL/pgSQL, an argument of the function around it, or
    /// whatever a placeholder stands for.
    pub foreign_names: bool,
}

impl<'a> Input<'a> {
    /// What an expression of the statement is looked up in: the schema before it, and a relation's columns.
    pub fn scope(&self, relation: Option<&'a Relation>) -> Scope<'a> {
        Scope {
            catalog: self.before,
            relation,
            settings: self.settings(),
            version: self.version(),
        }
    }

    pub fn version(&self) -> PgVersion {
        self.session.version
    }

    /// True from this major version on.
    pub fn since(&self, major: u8) -> bool {
        self.session.version.major() >= major
    }

    pub fn settings(&self) -> &'a Settings {
        &self.session.settings
    }

    /// The whole statement, in the file.
    pub fn span(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// From a parse location to the end of its clause (the next comma, closing parenthesis or the
    /// statement's end at the same depth), in the file. The whole statement when the location is unknown.
    pub fn clause(&self, location: i32) -> Range<usize> {
        let Ok(from) = usize::try_from(location) else {
            return self.span();
        };
        let range = crate::sql::clause::from(self.text, from);
        self.start + range.start..self.start + range.end
    }

    /// The relation before the statement.
    pub fn relation(&self, name: &RangeVar) -> Option<&'a Relation> {
        self.before.relation(self.oid(name)?)
    }

    pub fn oid(&self, name: &RangeVar) -> Option<Oid> {
        self.before.lookup_range_var(name, self.settings())
    }

    /// The relation or index of that name once the statement has succeeded.
    pub fn oid_after(&self, name: &RangeVar) -> Option<Oid> {
        self.after.lookup_range_var(name, self.settings())
    }

    /// The name that the relation has, or would have if it existed.
    pub fn qualified(&self, name: &RangeVar) -> QualifiedName {
        if let Some(found) = self.oid(name).and_then(|oid| self.before.name_of(oid)) {
            return found.clone();
        }
        let schema = Some(name.schemaname.as_str()).filter(|schema| !schema.is_empty());
        self.before.qualify(schema, &name.relname, self.settings())
    }
}
