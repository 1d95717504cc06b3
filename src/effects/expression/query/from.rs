//! The FROM clause (src/backend/parser/parse_clause.c).

use std::rc::Rc;

use pg_query::protobuf::{Alias, JoinExpr, JoinType, RangeFunction, RangeSubselect, RangeVar};
use pg_query::{Node, NodeEnum};

use super::names::{Column, Item, Names, Output};
use super::{Analysis, strings};
use crate::catalog::figure_name::figure_column_name;
use crate::effects::expression::Purpose;
use crate::effects::expression::common::common_type;
use crate::effects::expression::types;

/// Joins inside joins deeper than this are not looked into.
const MAX_JOINS: usize = 200;

/// What a part of FROM brings: its items, and the columns that can be named without them.
#[derive(Default)]
pub(super) struct Part {
    items: Vec<Item>,
    bare: Vec<Column>,
}

impl Part {
    fn of(item: Item) -> Self {
        Part {
            bare: item.columns.clone(),
            items: vec![item],
        }
    }
}

impl Analysis<'_> {
    /// The names of a level with these items of FROM (`transformFromClause`).
    pub(super) fn from(&mut self, level: Names, from: &[Node]) -> Rc<Names> {
        let mut level = Rc::new(level);
        for item in from {
            let part = self.item(item, &level, 0);
            level = self.extended(&level, part);
        }
        level
    }

    /// The level with one relation more, that which a statement writes.
    pub(super) fn with_relation(&mut self, level: Names, name: &RangeVar) -> Rc<Names> {
        let level = Rc::new(level);
        let part = Part::of(self.relation(name, &level, true));
        self.extended(&level, part)
    }

    /// And the same relation again by another name.
    pub(super) fn with_relation_as(
        &mut self,
        level: &Rc<Names>,
        name: &RangeVar,
        alias: &str,
    ) -> Rc<Names> {
        let item = self.relation(name, level, true);
        self.extended(level, Part::of(item.called(alias, &[])))
    }

    pub(super) fn with_from(&mut self, mut level: Rc<Names>, from: &[Node]) -> Rc<Names> {
        for item in from {
            let part = self.item(item, &level, 0);
            level = self.extended(&level, part);
        }
        level
    }

    fn extended(&mut self, level: &Rc<Names>, part: Part) -> Rc<Names> {
        self.refuse_same_names(level.items(), &part.items);
        let items = [level.items(), part.items.as_slice()].concat();
        let bare = [level.bare(), part.bare.as_slice()].concat();
        Rc::new(level.with_items(items, bare))
    }

    /// `checkNameSpaceConflicts`: two tables of one name in different schemas may stand side by side.
    fn refuse_same_names(&mut self, left: &[Item], right: &[Item]) {
        for one in left {
            for other in right.iter().filter(|other| other.alias == one.alias) {
                let tables = !one.renamed && !other.renamed;
                if one.alias.is_empty() || tables && one.relation != other.relation {
                    continue;
                }
                let unknown = one.relation.is_none() && !one.renamed;
                if !unknown {
                    let name = &one.alias;
                    self.fail(
                        "42712",
                        format!("table name \"{name}\" specified more than once"),
                    );
                }
            }
        }
    }

    /// `seen`: what LATERAL and functions see.
    fn item(&mut self, item: &Node, seen: &Rc<Names>, joins: usize) -> Part {
        match &item.node {
            Some(NodeEnum::RangeVar(name)) => Part::of(self.relation(name, seen, false)),
            Some(NodeEnum::RangeSubselect(subquery)) => Part::of(self.subselect(subquery, seen)),
            Some(NodeEnum::RangeFunction(function)) => Part::of(self.function(function, seen)),
            Some(NodeEnum::RangeTableSample(sample)) => match &sample.relation {
                Some(relation) => self.item(relation, seen, joins),
                None => Part::default(),
            },
            Some(NodeEnum::RangeTableFunc(function)) => {
                let alias = alias_of(function.alias.as_ref(), "xmltable");
                Part::of(Item::unknown(alias))
            }
            Some(NodeEnum::JsonTable(table)) => {
                Part::of(Item::unknown(alias_of(table.alias.as_ref(), "json_table")))
            }
            Some(NodeEnum::JoinExpr(join)) if joins < MAX_JOINS => self.join(join, seen, joins),
            _ => Part::of(Item::unknown("")),
        }
    }

    fn place(&mut self, seen: &Names) -> String {
        self.items += 1;
        format!("{}.{}", seen.depth, self.items)
    }

    /// `written`: a CTE's name never means the table that is written.
    fn relation(&mut self, name: &RangeVar, seen: &Names, written: bool) -> Item {
        let place = self.place(seen);
        let item = match seen.query(&name.relname) {
            Some(output) if name.schemaname.is_empty() && !written => {
                Item::of_output(&name.relname, output, &place)
            }
            _ => {
                let oid = self
                    .scope
                    .catalog
                    .lookup_range_var(name, self.scope.settings);
                match oid.filter(|oid| self.scope.catalog.relation(*oid).is_some()) {
                    Some(oid) => Item::of_relation(self.scope.catalog, oid, &place),
                    None => Item {
                        renamed: false,
                        ..Item::unknown(&name.relname)
                    },
                }
            }
        };
        called(item, name.alias.as_ref())
    }

    fn subselect(&mut self, subquery: &RangeSubselect, seen: &Rc<Names>) -> Item {
        let place = self.place(seen);
        // Without LATERAL nothing beside it is seen.
        let seen = match subquery.lateral {
            true => Rc::clone(seen),
            false => Rc::new(seen.with_items(Vec::new(), Vec::new())),
        };
        let query = subquery
            .subquery
            .as_ref()
            .and_then(|node| node.node.as_ref());
        let output = match query {
            Some(query) => self.statement(query, &seen),
            None => Output::default(),
        };
        called(
            Item::of_output("", &output, &place),
            subquery.alias.as_ref(),
        )
    }

    /// What a function in FROM gives is not worked out: its one column may be called as an OUT argument is.
    fn function(&mut self, function: &RangeFunction, seen: &Rc<Names>) -> Item {
        let mut name = String::new();
        for node in &function.functions {
            let call = match &node.node {
                Some(NodeEnum::List(list)) => list.items.first(),
                _ => Some(node),
            };
            if let Some(call) = call {
                self.expr(call, seen, Purpose::FromFunction);
                if name.is_empty() {
                    name = figure_column_name(call);
                }
            }
        }
        called(Item::unknown(&name), function.alias.as_ref())
    }

    fn join(&mut self, join: &JoinExpr, seen: &Rc<Names>, joins: usize) -> Part {
        let (Some(left), Some(right)) = (&join.larg, &join.rarg) else {
            return Part::of(Item::unknown(""));
        };
        let left = self.item(left, seen, joins + 1);
        let beside = [seen.items(), left.items.as_slice()].concat();
        let bare = [seen.bare(), left.bare.as_slice()].concat();
        let right = self.item(right, &Rc::new(seen.with_items(beside, bare)), joins + 1);
        self.refuse_same_names(&left.items, &right.items);
        let items = [left.items.as_slice(), right.items.as_slice()].concat();
        let bare = self.joined(join, &left, &right);
        if let Some(condition) = join.quals.as_deref() {
            let names = Rc::new(seen.with_items(items.clone(), bare.clone()));
            self.condition(Some(condition), &names, Purpose::JoinOn, "JOIN/ON");
        }
        let known = items.iter().all(|item| item.known);
        let Some(alias) = &join.alias else {
            return Part { items, bare };
        };
        // What is inside is hidden behind the alias.
        let whole = Item {
            alias: alias.aliasname.clone(),
            relation: None,
            renamed: true,
            columns: bare,
            known,
        };
        Part::of(whole.called(&alias.aliasname, &strings(&alias.colnames)))
    }

    /// The columns of a join: those of USING once (`transformFromClauseItem`).
    fn joined(&mut self, join: &JoinExpr, left: &Part, right: &Part) -> Vec<Column> {
        let known = |part: &Part| part.items.iter().all(|item| item.known);
        let both_known = known(left) && known(right);
        let using: Vec<String> = match join.is_natural {
            true => left
                .bare
                .iter()
                .map(|column| column.name.clone())
                .filter(|name| right.bare.iter().any(|column| column.name == *name))
                .collect(),
            false => strings(&join.using_clause)
                .into_iter()
                .map(str::to_owned)
                .collect(),
        };
        if join.is_natural && !both_known {
            // Which columns are merged is not known, so that no name is certainly ambiguous.
            return distinct([left.bare.as_slice(), right.bare.as_slice()].concat());
        }
        let mut columns = Vec::new();
        for name in &using {
            columns.push(self.merged(name, join, left, right));
        }
        for column in left.bare.iter().chain(&right.bare) {
            if !using.contains(&column.name) {
                columns.push(column.clone());
            }
        }
        columns
    }

    fn merged(&mut self, name: &str, join: &JoinExpr, left: &Part, right: &Part) -> Column {
        let unknown = |part: &Part| part.items.iter().any(|item| !item.known);
        let found = |part: &Part| {
            let mut found = part.bare.iter().filter(|column| column.name == *name);
            (found.next().cloned(), found.next().is_some())
        };
        let ((one, twice), (other, again)) = (found(left), found(right));
        for (column, several, part, side) in
            [(&one, twice, left, "left"), (&other, again, right, "right")]
        {
            if several {
                let message =
                    format!("common column name \"{name}\" appears more than once in {side} table");
                self.fail("42702", message);
            } else if column.is_none() && !unknown(part) {
                let message = format!(
                    "column \"{name}\" specified in USING clause does not exist in {side} table"
                );
                self.fail("42703", message);
            }
        }
        let (Some(one), Some(other)) = (one, other) else {
            return Column {
                name: name.to_owned(),
                ty: types::untold(),
                key: format!("?{name}"),
            };
        };
        self.comparable(&one, &other);
        let ty = match types::same(&one.ty, &other.ty) {
            true => one.ty.clone(),
            false => types::untold(),
        };
        let key = match join.jointype() {
            JoinType::JoinRight => other.key,
            JoinType::JoinFull => format!("?{}", one.key),
            _ => one.key,
        };
        Column {
            name: name.to_owned(),
            ty,
            key,
        }
    }

    /// JOIN USING compares the columns of both sides.
    fn comparable(&mut self, one: &Column, other: &Column) {
        let common = common_type(self.types, &[one.ty.clone(), other.ty.clone()]);
        if common.is_some() {
            return;
        }
        if self.types.is_known(&one.ty) && self.types.is_known(&other.ty) {
            let (left, right) = (self.types.display(&one.ty), self.types.display(&other.ty));
            self.fail(
                "42804",
                format!("JOIN/USING types {left} and {right} cannot be matched"),
            );
        }
    }
}

/// Each name once.
fn distinct(columns: Vec<Column>) -> Vec<Column> {
    let mut kept: Vec<Column> = Vec::new();
    for column in columns {
        match kept.iter_mut().find(|other| other.name == column.name) {
            Some(other) => {
                other.ty = types::untold();
                other.key = format!("?{}", other.key);
            }
            None => kept.push(column),
        }
    }
    kept
}

fn called(item: Item, alias: Option<&Alias>) -> Item {
    match alias {
        Some(alias) => item.called(&alias.aliasname, &strings(&alias.colnames)),
        None => item,
    }
}

fn alias_of<'n>(alias: Option<&'n Alias>, usual: &'n str) -> &'n str {
    alias.map_or(usual, |alias| alias.aliasname.as_str())
}
