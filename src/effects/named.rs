//! What a name in a statement means: a relation or index of the catalog, one that was never seen to be
//! created, or a system catalog (whose locks are nobody's business).

use std::ops::Range;

use pg_query::Node;
use pg_query::NodeEnum;
use pg_query::protobuf::RangeVar;

use super::{Collector, LockMode, Target, node};
use crate::catalog::{Index, Oid, Relation, RelationKind};

/// The meaning of a name.
pub enum Named {
    /// A relation or index of the catalog.
    Known(Oid),
    /// Named, but neither seen to be created nor certain to be missing.
    Unknown(Target),
    /// A system catalog, or IF EXISTS of something that certainly does not exist.
    Nothing,
}

impl<'a> Collector<'a> {
    /// Looks a name up; an unknown one is taken to be of that kind, to exist and to be in use.
    pub fn named(&mut self, name: &RangeVar, kind: RelationKind) -> Named {
        if let Some(oid) = self.resolve(name) {
            return Named::Known(oid);
        }
        if is_system(name) {
            return Named::Nothing;
        }
        if self.is_certainly_missing(name) {
            let message = format!("relation \"{}\" does not exist", name.relname);
            let span = self.name_span(name.location);
            self.error("42P01", message, span);
        }
        let qualified = self.input.qualified(name);
        Named::Unknown(self.unknown_target(qualified, kind))
    }

    /// A schema that no migration creates is made by somebody else, and so is what is in it.
    pub fn is_certainly_missing(&self, name: &RangeVar) -> bool {
        let catalog = self.input.before;
        if is_system(name) {
            return false;
        }
        let seen = name.schemaname.is_empty() || catalog.has_schema(&name.schemaname);
        catalog.complete && seen && !self.input.foreign_names
    }

    /// As [`Collector::named`], for statements with IF EXISTS: what is certainly missing is nothing.
    pub fn named_if_exists(
        &mut self,
        name: &RangeVar,
        kind: RelationKind,
        missing_ok: bool,
    ) -> Named {
        if missing_ok && self.input.before.complete && self.input.oid(name).is_none() {
            return Named::Nothing;
        }
        self.named(name, kind)
    }

    /// Looks the name up and locks what it means. The answer is none when it is not in the catalog.
    pub fn lock_named(
        &mut self,
        name: &RangeVar,
        kind: RelationKind,
        mode: LockMode,
        span: &Range<usize>,
    ) -> Option<Oid> {
        let named = self.named(name, kind);
        self.lock_it(named, mode, span)
    }

    /// Locks what a name was found to mean.
    pub fn lock_it(&mut self, named: Named, mode: LockMode, span: &Range<usize>) -> Option<Oid> {
        match named {
            Named::Known(oid) => {
                self.lock(oid, mode, span.clone());
                Some(oid)
            }
            Named::Unknown(target) => {
                self.lock_target(target, mode, span.clone());
                None
            }
            Named::Nothing => None,
        }
    }

    /// The name at a parse location, in the file.
    pub fn name_span(&self, location: i32) -> Range<usize> {
        let Ok(from) = usize::try_from(location) else {
            return self.input.span();
        };
        let start = self.input.start;
        start + from..start + crate::sql::clause::after_name(self.input.text, from)
    }

    /// The index of that OID before the statement.
    pub fn index(&self, oid: Oid) -> Option<&'a Index> {
        self.input.before.index(oid)
    }

    /// A relation of which everything is known.
    pub fn complete_relation(&self, oid: Oid) -> Option<&'a Relation> {
        self.relation(oid).filter(|relation| relation.complete)
    }
}

/// Whether a name can only mean a relation of `pg_catalog` or `information_schema`: given with that schema, or
/// beginning with `pg_` (names that the unqualified search finds in `pg_catalog` first).
pub fn is_system(name: &RangeVar) -> bool {
    match name.schemaname.as_str() {
        "pg_catalog" | "information_schema" | "pg_toast" => true,
        "" => name.relname.starts_with("pg_"),
        _ => false,
    }
}

/// The name of an object as DROP, COMMENT and the like hold it: a list of strings. No location is kept there.
pub fn range_var(node: &Node) -> Option<RangeVar> {
    let parts = match node.node.as_ref()? {
        NodeEnum::List(list) => node::strings(&list.items),
        NodeEnum::RangeVar(name) => return Some(name.clone()),
        NodeEnum::String(string) => vec![string.sval.clone()],
        NodeEnum::TypeName(name) => node::strings(&name.names),
        _ => return None,
    };
    from_parts(&parts)
}

/// A list of name parts whose last one belongs to something on a relation (a column, a trigger, a constraint):
/// the relation and that part.
pub fn relation_and_part(node: &Node) -> Option<(RangeVar, String)> {
    let NodeEnum::List(list) = node.node.as_ref()? else {
        return None;
    };
    let mut parts = node::strings(&list.items);
    let part = parts.pop()?;
    Some((from_parts(&parts)?, part))
}

fn from_parts(parts: &[String]) -> Option<RangeVar> {
    let (schema, name) = match parts {
        [name] => (String::new(), name.clone()),
        [.., schema, name] => (schema.clone(), name.clone()),
        [] => return None,
    };
    Some(RangeVar {
        schemaname: schema,
        relname: name,
        inh: true,
        location: -1,
        ..RangeVar::default()
    })
}

#[cfg(test)]
mod tests {
    use pg_query::protobuf::RangeVar;

    use super::is_system;

    #[test]
    fn names_that_start_with_pg_belong_to_the_system() {
        let named = |schema: &str, name: &str| RangeVar {
            schemaname: schema.to_owned(),
            relname: name.to_owned(),
            ..RangeVar::default()
        };
        assert!(is_system(&named("", "pg_class")));
        assert!(is_system(&named("information_schema", "tables")));
        assert!(!is_system(&named("", "page")));
        assert!(!is_system(&named("public", "pg_mine")));
    }
}
