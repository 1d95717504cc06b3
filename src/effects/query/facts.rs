//! What the conditions of a level say about columns: the forms that an index or partition bounds can use
//! (`match_clause_to_indexcol` in src/backend/optimizer/path/indxpath.c).

use std::ops::Range;

use pg_query::protobuf::{
    AExpr, AExprKind, BoolExprType, ColumnRef, NullTestType, RowExpr, a_const,
};
use pg_query::{Node, NodeEnum, NodeRef};

use super::functions::is_volatile;
use super::level::{Condition, Level, Place, Resolved, Test};
use crate::catalog::Relation;
use crate::effects::{Collector, node};
use crate::sql::walk;

/// One usable statement about the rows of a source.
#[derive(Debug, Clone)]
pub(super) enum Fact<'q> {
    Column {
        source: usize,
        column: String,
        test: ColumnTest<'q>,
    },
    /// About an expression over one source: `lower(email) = 'x'`.
    Expression {
        source: usize,
        expression: &'q Node,
        test: ColumnTest<'q>,
    },
    /// Columns of two sources are equal. `about` as in [`Condition::about`].
    Link {
        left: (usize, String),
        right: (usize, String),
        about: Option<Range<usize>>,
    },
    /// A column is equal to one of rows that are planned by themselves.
    Rows {
        source: usize,
        column: String,
        rows: usize,
    },
    /// OR: one of these lists holds.
    Any(Vec<Vec<Fact<'q>>>),
}

#[derive(Debug, Clone)]
pub(super) enum ColumnTest<'q> {
    /// Equal to one of these; none when it is not said to what (a boolean column by itself, CURRENT OF).
    Equal(Option<Vec<&'q Node>>),
    /// `= ANY (array)`
    InArray(&'q Node),
    Null,
    /// `>`, `>=`
    Above(&'q Node),
    /// `<`, `<=`
    Below(&'q Node),
    /// LIKE 'prefix%'
    Prefix,
    /// `@>`, `&&`, `@@` and the like, which GIN and GiST indexes answer.
    Contains,
}

/// What one side of an operator is.
enum Operand<'q> {
    Column(usize, String),
    Row(usize),
    /// The same for every row of this level.
    Constant(&'q Node),
    Expression(usize, &'q Node),
    Other,
}

pub(super) fn facts<'q>(level: &Level<'q>, c: &Collector<'_>) -> Vec<Fact<'q>> {
    let reader = Reader { level, c };
    level
        .conditions
        .iter()
        .flat_map(|condition| reader.condition(condition))
        .collect()
}

/// What a single conjunct says; the conditions of a partial index are compared with it.
struct Reader<'l, 'q, 'a> {
    level: &'l Level<'q>,
    c: &'l Collector<'a>,
}

impl<'q> Reader<'_, 'q, '_> {
    fn condition(&self, condition: &Condition<'q>) -> Vec<Fact<'q>> {
        let found = match &condition.test {
            Test::Expression(node) => self.expression(node, condition.scope),
            Test::Equal(left, right) => self.equal_places(left, right).into_iter().collect(),
        };
        found
            .into_iter()
            .filter_map(|fact| about(fact, condition.about.as_ref()))
            .collect()
    }

    fn equal_places(&self, left: &Place<'q>, right: &Place<'q>) -> Option<Fact<'q>> {
        self.equal(self.place(left), self.place(right))
    }

    fn place(&self, place: &Place<'q>) -> Operand<'q> {
        match place {
            Place::Expression(node, scope) => self.operand(node, *scope),
            Place::Column(source, column) => Operand::Column(*source, column.clone()),
            Place::Row(source) => Operand::Row(*source),
        }
    }

    fn expression(&self, expression: &'q Node, scope: usize) -> Vec<Fact<'q>> {
        match &expression.node {
            Some(NodeEnum::AExpr(operator)) => self.operator(operator, scope),
            Some(NodeEnum::BoolExpr(and)) if and.boolop() == BoolExprType::AndExpr => and
                .args
                .iter()
                .flat_map(|part| self.expression(part, scope))
                .collect(),
            Some(NodeEnum::BoolExpr(or)) if or.boolop() == BoolExprType::OrExpr => {
                let arms = or
                    .args
                    .iter()
                    .map(|arm| self.expression(arm, scope))
                    .collect();
                vec![Fact::Any(arms)]
            }
            Some(NodeEnum::NullTest(test)) if test.nulltesttype() == NullTestType::IsNull => test
                .arg
                .as_deref()
                .and_then(|arg| about_operand(self.operand(arg, scope), ColumnTest::Null))
                .into_iter()
                .collect(),
            Some(NodeEnum::ColumnRef(_)) => {
                let yes = ColumnTest::Equal(None);
                about_operand(self.operand(expression, scope), yes)
                    .into_iter()
                    .collect()
            }
            Some(NodeEnum::CurrentOfExpr(_)) => vec![Fact::Column {
                source: 0,
                column: "ctid".to_owned(),
                test: ColumnTest::Equal(None),
            }],
            _ => Vec::new(),
        }
    }

    fn operator(&self, operator: &'q AExpr, scope: usize) -> Vec<Fact<'q>> {
        let (Some(left), Some(right)) = (operator.lexpr.as_deref(), operator.rexpr.as_deref())
        else {
            return Vec::new();
        };
        let name = operator.name.last().and_then(node::string).unwrap_or("");
        match operator.kind() {
            AExprKind::AexprOp => self.binary(name, left, right, scope),
            AExprKind::AexprOpAny if name == "=" => {
                self.equal_to_list(left, right, scope).into_iter().collect()
            }
            AExprKind::AexprIn if name == "=" => {
                let NodeEnum::List(list) = (match right.node.as_ref() {
                    Some(node) => node,
                    None => return Vec::new(),
                }) else {
                    return Vec::new();
                };
                let values: Vec<&Node> = list.items.iter().collect();
                if values.iter().any(|value| !self.is_constant(value, scope)) {
                    return Vec::new();
                }
                self.in_list(left, values, scope)
            }
            AExprKind::AexprBetween | AExprKind::AexprBetweenSym => {
                let Some(NodeEnum::List(bounds)) = right.node.as_ref() else {
                    return Vec::new();
                };
                let [low, high] = bounds.items.as_slice() else {
                    return Vec::new();
                };
                let mut found = self.binary(">=", left, low, scope);
                found.extend(self.binary("<=", left, high, scope));
                found
            }
            AExprKind::AexprLike => about_operand(self.operand(left, scope), ColumnTest::Prefix)
                .filter(|_| has_prefix(right))
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }

    /// `(a, b) IN ((1, 2), ...)` says the same of its first column as `a IN (1, ...)`.
    fn in_list(&self, left: &'q Node, values: Vec<&'q Node>, scope: usize) -> Vec<Fact<'q>> {
        let Some(NodeEnum::RowExpr(row)) = &left.node else {
            return self
                .test_side(left, ColumnTest::Equal(Some(values)), scope)
                .into_iter()
                .collect();
        };
        row.args
            .iter()
            .enumerate()
            .filter_map(|(number, column)| {
                let values: Option<Vec<&Node>> = values
                    .iter()
                    .map(|value| match value.node.as_ref()? {
                        NodeEnum::RowExpr(row) => row.args.get(number),
                        _ => None,
                    })
                    .collect();
                self.test_side(column, ColumnTest::Equal(values), scope)
            })
            .collect()
    }

    fn binary(&self, name: &str, left: &'q Node, right: &'q Node, scope: usize) -> Vec<Fact<'q>> {
        if name == "="
            && let (Some(NodeEnum::RowExpr(a)), Some(NodeEnum::RowExpr(b))) =
                (&left.node, &right.node)
        {
            return self.equal_rows(a, b, scope);
        }
        let (left, right) = (self.operand(left, scope), self.operand(right, scope));
        let found = match name {
            "=" => self.equal(left, right),
            "<" | "<=" => self.compared(left, right, ColumnTest::Below, ColumnTest::Above),
            ">" | ">=" => self.compared(left, right, ColumnTest::Above, ColumnTest::Below),
            "@>" | "<@" | "&&" | "@@" | "@@@" | "?" | "?|" | "?&" | "@?" | "~" | "%" | "<<"
            | ">>" | "<<=" | ">>=" | "|>>" | "<<|" => self.compared(
                left,
                right,
                |_| ColumnTest::Contains,
                |_| ColumnTest::Contains,
            ),
            _ => None,
        };
        found.into_iter().collect()
    }

    fn equal_rows(&self, left: &'q RowExpr, right: &'q RowExpr, scope: usize) -> Vec<Fact<'q>> {
        left.args
            .iter()
            .zip(&right.args)
            .filter_map(|(a, b)| self.equal(self.operand(a, scope), self.operand(b, scope)))
            .collect()
    }

    fn equal(&self, left: Operand<'q>, right: Operand<'q>) -> Option<Fact<'q>> {
        match (left, right) {
            (Operand::Column(a, x), Operand::Column(b, y)) if a != b => Some(Fact::Link {
                left: (a, x),
                right: (b, y),
                about: None,
            }),
            (Operand::Column(source, column), Operand::Row(rows))
            | (Operand::Row(rows), Operand::Column(source, column)) => Some(Fact::Rows {
                source,
                column,
                rows,
            }),
            (side, Operand::Constant(value)) | (Operand::Constant(value), side) => self
                .suits(&side, value)
                .then(|| about_operand(side, ColumnTest::Equal(Some(vec![value]))))
                .flatten(),
            _ => None,
        }
    }

    fn compared(
        &self,
        left: Operand<'q>,
        right: Operand<'q>,
        forward: impl Fn(&'q Node) -> ColumnTest<'q>,
        backward: impl Fn(&'q Node) -> ColumnTest<'q>,
    ) -> Option<Fact<'q>> {
        match (left, right) {
            (side, Operand::Constant(value)) if self.suits(&side, value) => {
                about_operand(side, forward(value))
            }
            (Operand::Constant(value), side) if self.suits(&side, value) => {
                about_operand(side, backward(value))
            }
            _ => None,
        }
    }

    fn equal_to_list(&self, left: &'q Node, list: &'q Node, scope: usize) -> Option<Fact<'q>> {
        if !self.is_constant(list, scope) {
            return None;
        }
        let test = match &list.node {
            Some(NodeEnum::AArrayExpr(array)) => {
                ColumnTest::Equal(Some(array.elements.iter().collect()))
            }
            _ => ColumnTest::InArray(list),
        };
        self.test_side(left, test, scope)
    }

    fn test_side(&self, side: &'q Node, test: ColumnTest<'q>, scope: usize) -> Option<Fact<'q>> {
        let side = self.operand(side, scope);
        if let ColumnTest::Equal(Some(values)) = &test
            && values.iter().any(|value| !self.suits(&side, value))
        {
            return None;
        }
        about_operand(side, test)
    }

    fn is_constant(&self, node: &'q Node, scope: usize) -> bool {
        matches!(self.operand(node, scope), Operand::Constant(_))
    }

    fn operand(&self, operand: &'q Node, scope: usize) -> Operand<'q> {
        let Some(inner) = &operand.node else {
            return Operand::Other;
        };
        if let NodeEnum::ColumnRef(column) = inner {
            return match self.level.resolve(column, scope) {
                Resolved::Column(source, column) => Operand::Column(source, column),
                Resolved::Row(source) => Operand::Row(source),
                Resolved::Outer => Operand::Constant(operand),
                Resolved::Computed => Operand::Other,
            };
        }
        let mut sources = self.references(inner, scope).into_iter();
        let Some(first) = sources.next() else {
            if is_volatile(inner.to_ref(), self.c) {
                return Operand::Other;
            }
            return Operand::Constant(operand);
        };
        match first {
            Some(source) if sources.all(|other| other == Some(source)) => {
                Operand::Expression(source, operand)
            }
            _ => Operand::Other,
        }
    }

    /// The columns that an expression takes from this level: their source, or none for what is computed. A
    /// subquery counts with what it takes from here, not with columns of its own.
    fn references(&self, root: &'q NodeEnum, scope: usize) -> Vec<Option<usize>> {
        let mut found = Vec::new();
        let mut waiting = vec![root.to_ref()];
        while let Some(node) = waiting.pop() {
            match node {
                NodeRef::ColumnRef(column) => found.extend(self.reference(column, scope)),
                NodeRef::SelectStmt(_) => {
                    let own = OwnNames::of(node, self.c);
                    for below in walk::below(node) {
                        if let NodeRef::ColumnRef(column) = below
                            && !own.have(column)
                        {
                            found.extend(self.reference(column, scope));
                        }
                    }
                }
                _ => waiting.extend(walk::children(node)),
            }
        }
        found
    }

    fn reference(&self, column: &ColumnRef, scope: usize) -> Option<Option<usize>> {
        match self.level.resolve(column, scope) {
            Resolved::Column(source, _) => Some(Some(source)),
            Resolved::Row(_) | Resolved::Computed => Some(None),
            Resolved::Outer => None,
        }
    }

    /// An integer column compared with a numeric constant is converted, and its index is of no use.
    fn suits(&self, side: &Operand<'q>, value: &Node) -> bool {
        let Operand::Column(source, column) = side else {
            return true;
        };
        let integer = self
            .level
            .table(*source)
            .and_then(|relation| relation.column(column))
            .and_then(|column| column.ty.builtin_name())
            .is_some_and(|name| matches!(name, "int2" | "int4" | "int8"));
        !integer || !is_fractional(value)
    }
}

/// The names that a subquery brings itself.
struct OwnNames<'c> {
    aliases: Vec<&'c str>,
    /// None is a relation, CTE or subquery whose columns are not known.
    relations: Vec<Option<&'c Relation>>,
}

impl<'c> OwnNames<'c> {
    fn of(query: NodeRef<'c>, c: &Collector<'c>) -> Self {
        let mut own = OwnNames {
            aliases: Vec::new(),
            relations: Vec::new(),
        };
        for node in walk::below(query) {
            match node {
                NodeRef::RangeVar(name) => {
                    let alias = name.alias.as_ref().map(|alias| alias.aliasname.as_str());
                    own.aliases.push(alias.unwrap_or(&name.relname));
                    let known = c.input.relation(name).filter(|relation| relation.complete);
                    own.relations.push(known);
                }
                NodeRef::RangeSubselect(sub) => {
                    let alias = sub.alias.as_ref().map(|alias| alias.aliasname.as_str());
                    own.aliases.extend(alias);
                    own.relations.push(None);
                }
                NodeRef::RangeFunction(function) => {
                    let alias = function.alias.as_ref();
                    own.aliases
                        .extend(alias.map(|alias| alias.aliasname.as_str()));
                    own.relations.push(None);
                }
                _ => {}
            }
        }
        own
    }

    fn have(&self, column: &ColumnRef) -> bool {
        let parts: Vec<&str> = column.fields.iter().filter_map(node::string).collect();
        match parts.as_slice() {
            // `*`
            [] => true,
            [name] => self.relations.iter().any(|relation| {
                relation.is_none_or(|relation| {
                    relation.column(name).is_some() || matches!(*name, "ctid" | "tableoid")
                })
            }),
            [.., alias, _] => self.aliases.contains(alias),
        }
    }
}

/// A fact about nothing but these sources, or none.
fn about<'q>(fact: Fact<'q>, only: Option<&Range<usize>>) -> Option<Fact<'q>> {
    let Some(only) = only else {
        return Some(fact);
    };
    match fact {
        Fact::Link { left, right, .. } => Some(Fact::Link {
            left,
            right,
            about: Some(only.clone()),
        }),
        Fact::Column { source, .. }
        | Fact::Expression { source, .. }
        | Fact::Rows { source, .. } => only.contains(&source).then_some(fact),
        Fact::Any(_) => None,
    }
}

fn about_operand<'q>(operand: Operand<'q>, test: ColumnTest<'q>) -> Option<Fact<'q>> {
    match operand {
        Operand::Column(source, column) => Some(Fact::Column {
            source,
            column,
            test,
        }),
        Operand::Expression(source, expression) => Some(Fact::Expression {
            source,
            expression,
            test,
        }),
        Operand::Row(_) | Operand::Constant(_) | Operand::Other => None,
    }
}

/// A pattern that does not begin with a wildcard.
fn has_prefix(pattern: &Node) -> bool {
    match &pattern.node {
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(a_const::Val::Sval(text)) => !text.sval.starts_with(['%', '_']),
            _ => false,
        },
        _ => false,
    }
}

/// `3.0`, or anything cast to a type with fractions.
fn is_fractional(value: &Node) -> bool {
    match &value.node {
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(a_const::Val::Fval(number)) => {
                number.fval.contains(['.', 'e', 'E']) || number.fval.parse::<i64>().is_err()
            }
            _ => false,
        },
        Some(NodeEnum::TypeCast(cast)) => cast.type_name.as_ref().is_some_and(|name| {
            matches!(
                name.names.last().and_then(node::string),
                Some("numeric" | "float4" | "float8")
            )
        }),
        _ => false,
    }
}
