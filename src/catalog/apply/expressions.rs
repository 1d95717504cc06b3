//! Expressions on their way into the catalog: what they use is noted, and sequence names get their schema.

use std::sync::Arc;

use pg_query::Node;

use super::Replay;
use super::column::quoted;
use crate::catalog::expression::{function_calls, parse_name, rename_sequences, type_names};
use crate::catalog::resolve::{split_name, strings};
use crate::catalog::tree::erase_locations;
use crate::catalog::{BaseType, Oid, Type};

impl Replay<'_> {
    /// An expression as the catalog keeps it (without positions), for an object of `user` (a relation, function or type).
    pub(super) fn stored(&mut self, expression: &Node, user: Oid) -> Arc<Node> {
        let mut expression = expression.clone();
        if let Some(node) = &mut expression.node {
            erase_locations(node);
        }
        let mut expression = Arc::new(expression);
        rename_sequences(&mut expression, |name| self.qualified_sequence(name));
        self.note_uses(&expression, user);
        expression
    }

    fn qualified_sequence(&self, text: &str) -> Option<String> {
        let oid = self.sequence_in_text(text)?;
        let full = quoted(self.catalog.name_of(oid)?);
        (full != text).then_some(full)
    }

    /// The relation that a `regclass` string names.
    pub(super) fn sequence_in_text(&self, text: &str) -> Option<Oid> {
        let parts = parse_name(text);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (schema, name) = split_name(&parts)?;
        self.catalog.lookup(schema, name, self.search_path())
    }

    /// Remembers the functions, types and sequences that an expression may depend on.
    pub(super) fn note_uses(&mut self, expression: &Node, user: Oid) {
        let mut used: Vec<Oid> = Vec::new();
        for call in function_calls(expression) {
            used.extend(self.functions_called(&strings(&call.funcname)));
            let sequence = crate::catalog::expression::sequence_argument(call);
            used.extend(sequence.and_then(|name| self.sequence_in_text(name)));
        }
        for name in type_names(expression) {
            let ty = self.catalog.resolve_type(name, &self.session.settings);
            if let BaseType::User(oid) = ty.base {
                used.push(oid);
            }
        }
        for oid in used {
            self.catalog.note_use(oid, user);
        }
    }

    /// The functions of the catalog that a call by this name may mean: all overloads.
    pub(super) fn functions_called(&self, name: &[&str]) -> Vec<Oid> {
        let Some((schema, name)) = split_name(name) else {
            return Vec::new();
        };
        self.catalog
            .lookup_functions(schema, name, &self.session.settings)
    }

    pub(super) fn note_type(&mut self, ty: &Type, user: Oid) {
        if let BaseType::User(oid) = ty.base {
            self.catalog.note_use(oid, user);
        }
    }
}
