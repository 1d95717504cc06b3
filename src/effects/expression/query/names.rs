//! What the names of columns mean in a query (src/backend/parser/parse_relation.c).

use std::rc::Rc;

use crate::catalog::{Catalog, Oid, RelationKind, Type};

/// The items of FROM that an expression sees, and those of the queries around it.
#[derive(Debug, Default)]
pub struct Names {
    items: Vec<Item>,
    /// What can be named without a qualifier: the columns of all items, those of USING merged.
    bare: Vec<Column>,
    outer: Option<Rc<Names>>,
    /// The queries that WITH names here; the outer ones are with `outer`.
    queries: Vec<Query>,
    arguments: Rc<Arguments>,
    /// Names of rows that are there beside the items: OLD and NEW of RETURNING.
    hidden: &'static [&'static str],
    /// Queries around this one.
    pub depth: usize,
}

/// The arguments of the function whose body is read.
#[derive(Debug, Default)]
pub struct Arguments {
    pub function: String,
    pub list: Vec<(Option<String>, Type)>,
}

/// One item of FROM.
#[derive(Debug, Clone)]
pub struct Item {
    pub alias: String,
    /// The relation behind it, when it is one and goes by its own name.
    pub relation: Option<Oid>,
    /// An alias was given, or it is no relation.
    pub renamed: bool,
    pub columns: Vec<Column>,
    /// There are no other columns.
    pub known: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub name: String,
    pub ty: Type,
    /// Tells it apart from every other column of all levels.
    pub key: String,
}

/// The columns of a query.
#[derive(Debug, Clone, Default)]
pub struct Output {
    pub columns: Vec<(String, Type)>,
    pub known: bool,
}

#[derive(Debug, Clone)]
struct Query {
    name: String,
    output: Output,
}

/// What a reference to a column means.
#[derive(Debug)]
pub enum Meaning {
    Column(Column),
    /// The row of an item as one value.
    Row,
    Argument(Type),
    /// It may be a column of something that is not known.
    Unsure,
    Refused(&'static str, String),
}

impl Names {
    pub fn of_function(arguments: Arguments) -> Self {
        Names {
            arguments: Rc::new(arguments),
            ..Names::default()
        }
    }

    /// The names of a query inside `outer`.
    pub fn inside(outer: &Rc<Names>) -> Self {
        Names {
            arguments: Rc::clone(&outer.arguments),
            depth: outer.depth + 1,
            outer: Some(Rc::clone(outer)),
            ..Names::default()
        }
    }

    /// The same level with other items in sight: of a join, whose condition does not see the rest of FROM.
    pub fn with_items(&self, items: Vec<Item>, bare: Vec<Column>) -> Self {
        Names {
            items,
            bare,
            outer: self.outer.clone(),
            queries: self.queries.clone(),
            arguments: Rc::clone(&self.arguments),
            hidden: self.hidden,
            depth: self.depth,
        }
    }

    /// The same level with rows of these names, of which nothing is known.
    pub fn with_hidden(&self, hidden: &'static [&'static str]) -> Self {
        Names {
            hidden,
            ..self.with_items(self.items.clone(), self.bare.clone())
        }
    }

    /// A dotted name may start with an argument of the function around it.
    pub fn may_be_argument(&self, name: &str) -> bool {
        name == self.arguments.function || self.argument(name).is_some()
    }

    pub fn items(&self) -> &[Item] {
        &self.items
    }

    pub fn bare(&self) -> &[Column] {
        &self.bare
    }

    pub fn add_query(&mut self, name: &str, output: Output) {
        self.queries.push(Query {
            name: name.to_owned(),
            output,
        });
    }

    pub fn query(&self, name: &str) -> Option<&Output> {
        let mut level = Some(self);
        while let Some(names) = level {
            let found = names.queries.iter().rev().find(|query| query.name == name);
            if let Some(query) = found {
                return Some(&query.output);
            }
            level = names.outer.as_deref();
        }
        None
    }

    fn levels(&self) -> impl Iterator<Item = &Names> {
        std::iter::successors(Some(self), |names| names.outer.as_deref())
    }

    /// `transformColumnRef`; `doubtful` says that a function of that name may be meant by `a.f`.
    pub fn meaning(&self, parts: &[&str], doubtful: impl Fn(&str) -> bool) -> Meaning {
        match parts {
            [name] => self.bare_name(name),
            [table, name] => self.qualified(None, table, name, doubtful),
            [schema, table, name] => self.qualified(Some(schema), table, name, doubtful),
            _ => Meaning::Unsure,
        }
    }

    fn bare_name(&self, name: &str) -> Meaning {
        for level in self.levels() {
            let mut found = level.bare.iter().filter(|column| column.name == name);
            match (found.next(), found.next()) {
                (Some(_), Some(_)) => {
                    let message = format!("column reference \"{name}\" is ambiguous");
                    return Meaning::Refused("42702", message);
                }
                (Some(column), None) => return Meaning::Column(column.clone()),
                _ if level.items.iter().any(|item| !item.known) || is_system_column(name) => {
                    return Meaning::Unsure;
                }
                _ => {}
            }
        }
        if let Some(ty) = self.argument(name) {
            return Meaning::Argument(ty);
        }
        let is_row = |level: &Names| level.items.iter().any(|item| item.alias == name);
        if self.levels().any(is_row) {
            return Meaning::Row;
        }
        Meaning::Refused("42703", format!("column \"{name}\" does not exist"))
    }

    fn qualified(
        &self,
        schema: Option<&str>,
        table: &str,
        name: &str,
        doubtful: impl Fn(&str) -> bool,
    ) -> Meaning {
        let called = |item: &&Item| item.alias == table && (schema.is_none() || !item.renamed);
        let item = self
            .levels()
            .find_map(|level| level.items.iter().find(called));
        let Some(item) = item else {
            return self.no_item(schema, table, name);
        };
        if let Some(column) = item.columns.iter().find(|column| column.name == name) {
            return Meaning::Column(column.clone());
        }
        if !item.known || is_system_column(name) || doubtful(name) || schema.is_some() {
            return Meaning::Unsure;
        }
        Meaning::Refused("42703", format!("column {table}.{name} does not exist"))
    }

    /// `errorMissingRTE`
    fn no_item(&self, schema: Option<&str>, table: &str, name: &str) -> Meaning {
        if schema.is_none() && *table == self.arguments.function {
            return self
                .argument(name)
                .map_or(Meaning::Unsure, Meaning::Argument);
        }
        if self.argument(table).is_some() || self.levels().any(|it| it.hidden.contains(&table)) {
            return Meaning::Unsure;
        }
        Meaning::Refused(
            "42P01",
            format!("missing FROM-clause entry for table \"{table}\""),
        )
    }

    fn argument(&self, name: &str) -> Option<Type> {
        let (_, ty) = self
            .arguments
            .list
            .iter()
            .find(|(argument, _)| argument.as_deref() == Some(name))?;
        Some(ty.clone())
    }

    /// `$1`
    pub fn numbered_argument(&self, number: i32) -> Option<Type> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.arguments.list.get(index).map(|(_, ty)| ty.clone())
    }

    /// The item whose row `table.*` means, and whether all of this level is known.
    pub fn item(&self, table: &str) -> Option<&Item> {
        self.levels()
            .find_map(|level| level.items.iter().find(|item| item.alias == table))
    }
}

impl Item {
    /// Something of which no column is known.
    pub fn unknown(alias: &str) -> Self {
        Item {
            alias: alias.to_owned(),
            relation: None,
            renamed: true,
            columns: Vec::new(),
            known: false,
        }
    }

    /// A relation under its own name; `place` tells this item from others.
    pub fn of_relation(catalog: &Catalog, oid: Oid, place: &str) -> Self {
        let Some(relation) = catalog.relation(oid) else {
            return Item::unknown("");
        };
        // The columns of a sequence (`last_value` and so on) are not kept.
        let known = relation.complete && relation.kind != RelationKind::Sequence;
        Item {
            alias: relation.name.name.clone(),
            relation: Some(oid),
            renamed: false,
            columns: relation
                .columns
                .iter()
                .map(|column| Column::new(&column.name, column.ty.clone(), place))
                .collect(),
            known,
        }
    }

    pub fn of_output(alias: &str, output: &Output, place: &str) -> Self {
        Item {
            alias: alias.to_owned(),
            relation: None,
            renamed: true,
            columns: output
                .columns
                .iter()
                .map(|(name, ty)| Column::new(name, ty.clone(), place))
                .collect(),
            known: output.known,
        }
    }

    /// `AS alias (column, ...)`
    pub fn called(mut self, alias: &str, columns: &[&str]) -> Self {
        alias.clone_into(&mut self.alias);
        self.renamed = true;
        for (at, name) in columns.iter().enumerate() {
            match self.columns.get_mut(at) {
                Some(column) => (*name).clone_into(&mut column.name),
                // More names than columns that are known: of a function, say.
                None => {
                    let key = format!("{alias}.{at}");
                    self.columns
                        .push(Column::new(name, Type::unknown(""), &key));
                }
            }
        }
        self
    }
}

impl Column {
    fn new(name: &str, ty: Type, place: &str) -> Self {
        Column {
            name: name.to_owned(),
            ty,
            key: format!("{place}.{name}"),
        }
    }
}

/// `SystemAttributeByName`
fn is_system_column(name: &str) -> bool {
    matches!(
        name,
        "ctid" | "xmin" | "cmin" | "xmax" | "cmax" | "tableoid" | "oid"
    )
}
