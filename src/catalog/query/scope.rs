//! What names mean at one level of a query: the items of FROM and their columns.

use std::rc::Rc;

use super::Output;
use crate::catalog::{Catalog, Oid, RelationKind, Type};

/// A column as an item of FROM offers it.
#[derive(Debug, Clone)]
pub(super) struct ScopeColumn {
    pub name: String,
    pub ty: Type,
    /// The stored columns behind it: none for a computed one, two for a merged one of JOIN USING.
    pub origins: Vec<(Oid, String)>,
}

/// One item of FROM.
#[derive(Debug, Clone)]
pub struct ReaderScope {
    pub(super) alias: String,
    pub(super) schema: Option<String>,
    pub(super) columns: Vec<Rc<ScopeColumn>>,
    /// The relation whose columns are not all known.
    unknown_of: Option<Oid>,
    pub(super) known: bool,
}

impl ReaderScope {
    /// A relation under its own name.
    pub fn of_relation(catalog: &Catalog, oid: Oid) -> Self {
        let Some(relation) = catalog.relation(oid) else {
            return ReaderScope::unknown("");
        };
        // Its columns (`last_value` and so on) are not kept.
        let complete = relation.complete && relation.kind != RelationKind::Sequence;
        ReaderScope {
            alias: relation.name.name.clone(),
            schema: Some(relation.name.schema.clone()),
            columns: relation
                .columns
                .iter()
                .map(|column| {
                    Rc::new(ScopeColumn {
                        name: column.name.clone(),
                        ty: column.ty.clone(),
                        origins: vec![(oid, column.name.clone())],
                    })
                })
                .collect(),
            unknown_of: (!complete).then_some(oid),
            known: complete,
        }
    }

    pub fn of_relation_as(catalog: &Catalog, oid: Oid, alias: &str) -> Self {
        ReaderScope::of_relation(catalog, oid).renamed(alias, &[])
    }

    /// Something of which no column is known.
    pub(super) fn unknown(alias: &str) -> Self {
        ReaderScope {
            alias: alias.to_owned(),
            schema: None,
            columns: Vec::new(),
            unknown_of: None,
            known: false,
        }
    }

    pub(super) fn of_output(alias: &str, output: &Output) -> Self {
        ReaderScope {
            alias: alias.to_owned(),
            schema: None,
            columns: output
                .columns
                .iter()
                .map(|column| {
                    Rc::new(ScopeColumn {
                        name: column.name.clone(),
                        ty: column.ty.clone(),
                        origins: Vec::new(),
                    })
                })
                .collect(),
            unknown_of: None,
            known: output.complete,
        }
    }

    pub(super) fn renamed(mut self, alias: &str, columns: &[&str]) -> Self {
        alias.clone_into(&mut self.alias);
        self.schema = None;
        for (at, name) in columns.iter().enumerate() {
            match self.columns.get_mut(at) {
                Some(column) => (*name).clone_into(&mut Rc::make_mut(column).name),
                None => self.columns.push(Rc::new(ScopeColumn {
                    name: (*name).to_owned(),
                    ty: Type::unknown(""),
                    origins: Vec::new(),
                })),
            }
        }
        self
    }

    fn column(&self, name: &str) -> Option<Rc<ScopeColumn>> {
        if let Some(column) = self.columns.iter().find(|column| column.name == name) {
            return Some(Rc::clone(column));
        }
        self.guess(name)
    }

    /// A column of a relation that is not fully known: it must be one of its own.
    fn guess(&self, name: &str) -> Option<Rc<ScopeColumn>> {
        if self.known {
            return None;
        }
        Some(Rc::new(ScopeColumn {
            name: name.to_owned(),
            ty: Type::unknown(""),
            origins: self
                .unknown_of
                .map(|oid| (oid, name.to_owned()))
                .into_iter()
                .collect(),
        }))
    }

    fn is_called(&self, schema: Option<&str>, table: &str) -> bool {
        self.alias == table && schema.is_none_or(|schema| self.schema.as_deref() == Some(schema))
    }
}

/// The items of FROM of one query, and the columns that `*` means.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub items: Vec<ReaderScope>,
    pub star: Vec<Rc<ScopeColumn>>,
}

impl Level {
    pub fn of(items: &[ReaderScope]) -> Self {
        Level {
            items: items.to_vec(),
            star: items.iter().flat_map(|item| item.columns.clone()).collect(),
        }
    }

    /// An unqualified column. Only when no item has it for sure is it taken from one that may have it.
    pub fn column(&self, name: &str) -> Option<Rc<ScopeColumn>> {
        if let Some(column) = self.star.iter().find(|column| column.name == name) {
            return Some(Rc::clone(column));
        }
        // The name of the item itself is its whole row.
        if self.items.iter().any(|item| item.alias == name) {
            return Some(Rc::new(ScopeColumn {
                name: name.to_owned(),
                ty: Type::unknown(""),
                origins: Vec::new(),
            }));
        }
        let mut unknown = self.items.iter().filter(|item| !item.known);
        let first = unknown.next()?;
        if unknown.next().is_some() {
            return None;
        }
        first.guess(name)
    }

    pub fn is_known(&self) -> bool {
        self.items.iter().all(|item| item.known)
    }

    /// Whether all columns of the item of that name are known; none when there is no such item.
    pub fn knows(&self, table: &str) -> Option<bool> {
        let item = self.items.iter().find(|item| item.is_called(None, table))?;
        Some(item.known)
    }

    pub fn qualified(
        &self,
        schema: Option<&str>,
        table: &str,
        column: &str,
    ) -> Option<Rc<ScopeColumn>> {
        self.items
            .iter()
            .find(|item| item.is_called(schema, table))?
            .column(column)
    }

    /// What `*` expands to, and whether that is all.
    pub fn star(&self) -> (Vec<Rc<ScopeColumn>>, bool) {
        let known = self.items.iter().all(|item| item.known);
        (self.star.clone(), known)
    }

    pub fn star_of(
        &self,
        schema: Option<&str>,
        table: &str,
    ) -> Option<(Vec<Rc<ScopeColumn>>, bool)> {
        let item = self
            .items
            .iter()
            .find(|item| item.is_called(schema, table))?;
        Some((item.columns.clone(), item.known))
    }
}
