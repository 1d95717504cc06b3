//! What the variables of a body hold where each EXECUTE stands, and which branches that decides: the body is
//! walked in its order, with every way through it that constants leave open.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use pg_query::NodeEnum;

use super::evaluate::{self, Built, Evaluation};
use super::execute::fill;
use super::{Block, Branch, Case, Expression, If, Loop, LoopKind, Pl, Sql};
use crate::sql::excerpt::Excerpt;

/// More elements than anybody lists by hand are not worth following.
const MOST_ELEMENTS: usize = 100;

/// Where more ways than these meet, what they do not agree on is not known any more.
const MOST_STATES: usize = 8;

/// How many bytes of values one body may look at: values name other values, and many EXECUTEs may name the same.
const MOST_BYTES: usize = 256 << 10;

/// What is known before the body begins.
#[derive(Debug, Default)]
pub struct Call<'a> {
    /// All parameters that have names.
    pub parameters: Vec<String>,
    /// The values of some, as SQL literals, where one call is looked at.
    pub arguments: &'a [(String, String)],
}

/// What the variables hold on one way through the body. A variable that is not in it is not followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    values: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Unknown,
    Null,
    Truth(bool),
    Text(Rc<Text>),
}

#[derive(Debug, PartialEq, Eq)]
struct Text {
    built: Built,
    /// The string constant that it is, for its place.
    constant: Option<Expression>,
}

impl State {
    /// The text that a variable holds, or as much of it as is known.
    pub fn text(&self, name: &str) -> Option<&Built> {
        match self.values.get(name)? {
            Value::Text(text) => Some(&text.built),
            Value::Unknown | Value::Null | Value::Truth(_) => None,
        }
    }

    pub fn truth(&self, name: &str) -> Option<bool> {
        match self.values.get(name)? {
            Value::Truth(truth) => Some(*truth),
            Value::Unknown | Value::Null | Value::Text(_) => None,
        }
    }

    pub fn is_null(&self, name: &str) -> Option<bool> {
        match self.values.get(name)? {
            Value::Null => Some(true),
            Value::Truth(_) | Value::Text(_) => Some(false),
            Value::Unknown => None,
        }
    }

    /// The string constant that the expression is, or that the variable holds which it is.
    pub fn constant<'s>(&'s self, expression: &'s Expression) -> Option<&'s Expression> {
        if expression.0.as_one_string().is_some() {
            return Some(expression);
        }
        let name = evaluate::variable(&expression.query()?)?;
        match self.values.get(&name)? {
            Value::Text(text) => text.constant.as_ref(),
            Value::Unknown | Value::Null | Value::Truth(_) => None,
        }
    }

    /// Gives a variable that is followed another value.
    fn set(&mut self, name: &str, value: Value) {
        if let Some(held) = self.values.get_mut(name) {
            *held = value;
        }
    }
}

/// How much may still be looked at.
#[derive(Debug)]
pub struct Budget {
    bytes: Cell<usize>,
}

impl Budget {
    /// Whether the text may be looked at once more.
    pub fn affords(&self, text: &str) -> bool {
        const EACH: usize = 64;
        let seen = self.bytes.get() + text.len() + EACH;
        self.bytes.set(seen);
        seen <= MOST_BYTES
    }
}

/// Works out the commands of every EXECUTE in the body. Branches that a call never takes lose their statements.
/// `written` are the names that get values in ways that are not followed: FOR, FETCH, CALL.
pub fn resolve(block: &mut Block, written: &BTreeSet<String>, call: &Call) {
    let flow = Flow {
        written,
        budget: Budget {
            bytes: Cell::new(0),
        },
        of_a_call: !call.arguments.is_empty(),
    };
    let mut state = State::default();
    for name in call.parameters.iter().filter(|it| !written.contains(*it)) {
        state.values.insert(name.clone(), Value::Unknown);
    }
    for (name, literal) in call.arguments {
        let value = flow.value(&Expression(Excerpt::made_up(literal, 0..0)), &state);
        state.set(name, value);
    }
    flow.block(block, vec![state]);
    if call.arguments.is_empty() {
        return;
    }
    prune(&mut block.statements);
    for handler in &mut block.handlers {
        prune(&mut handler.statements);
    }
}

/// Takes the statements out of branches that are never taken; PostgreSQL still reads them.
fn prune(statements: &mut [Pl]) {
    let read_only = |statements: &mut Vec<Pl>| {
        statements.retain(|it| matches!(it, Pl::Invalid(_)));
    };
    for statement in statements {
        let (branches, otherwise, taken) = match statement {
            Pl::If(chosen) => (
                &mut chosen.branches,
                &mut chosen.otherwise,
                chosen.otherwise_taken,
            ),
            Pl::Case(chosen) => (
                &mut chosen.branches,
                &mut chosen.otherwise,
                chosen.otherwise_taken,
            ),
            Pl::Block(block) => {
                prune(&mut block.statements);
                for handler in &mut block.handlers {
                    prune(&mut handler.statements);
                }
                continue;
            }
            Pl::Loop(repeated) => {
                prune(&mut repeated.body);
                continue;
            }
            _ => continue,
        };
        for branch in branches {
            match branch.taken {
                true => prune(&mut branch.statements),
                false => read_only(&mut branch.statements),
            }
        }
        if let Some(otherwise) = otherwise {
            match taken {
                true => prune(otherwise),
                false => read_only(otherwise),
            }
        }
    }
}

struct Flow<'a> {
    written: &'a BTreeSet<String>,
    budget: Budget,
    /// The values are those of one call.
    of_a_call: bool,
}

type States = Vec<State>;

impl Flow<'_> {
    fn all(&self, statements: &mut [Pl], states: States) -> States {
        statements
            .iter_mut()
            .fold(states, |states, statement| self.one(statement, states))
    }

    fn one(&self, statement: &mut Pl, mut states: States) -> States {
        match statement {
            Pl::Execute(execute) => {
                fill(execute, &states, &self.budget, self.of_a_call);
                forget(&mut states, &execute.targets);
            }
            Pl::Sql(sql) => self.select_into(sql, &mut states),
            Pl::Assign(assign) => {
                for state in &mut states {
                    let value = match assign.whole {
                        true => self.value(&assign.expression, state),
                        false => Value::Unknown,
                    };
                    state.set(&assign.variable, value);
                }
            }
            Pl::Block(block) => states = self.block(block, states),
            Pl::If(chosen) => states = self.chosen_if(chosen, states),
            Pl::Case(chosen) => states = self.chosen_case(chosen, states),
            Pl::Loop(repeated) => states = self.repeated(repeated, states),
            Pl::Return(returned) => {
                if let Some(query) = &mut returned.query {
                    states = self.one(query, states);
                }
            }
            Pl::Invalid(_)
            | Pl::Exit(_)
            | Pl::Raise(_)
            | Pl::Commit(_)
            | Pl::Rollback(_)
            | Pl::Other(_) => {}
        }
        states
    }

    fn block(&self, block: &mut Block, mut states: States) -> States {
        for declaration in &mut block.declarations {
            if let Some(query) = &mut declaration.query {
                states = self.one(query, states);
            }
            if self.written.contains(&declaration.name) {
                forget(&mut states, std::slice::from_ref(&declaration.name));
                continue;
            }
            for state in &mut states {
                let value = match &declaration.default {
                    Some(default) => self.value(default, state),
                    None => Value::Null,
                };
                state.values.insert(declaration.name.clone(), value);
            }
        }
        // A handler begins anywhere between the first statement and the last.
        let mut anywhere = states.clone();
        if block.has_exception_handler() {
            forget(&mut anywhere, &assigned(&block.statements));
        }
        states = self.all(&mut block.statements, states);
        for handler in &mut block.handlers {
            states.extend(self.all(&mut handler.statements, anywhere.clone()));
        }
        // An outer variable of the same name comes back.
        let names: Vec<String> = block
            .declarations
            .iter()
            .map(|it| it.name.clone())
            .collect();
        forget(&mut states, &names);
        meet(states)
    }

    fn chosen_if(&self, chosen: &mut If, states: States) -> States {
        let truth = |branch: &Branch, state: &State| self.truth(&branch.condition, state);
        let (after, taken) = self.branches(
            &mut chosen.branches,
            chosen.otherwise.as_deref_mut(),
            states,
            truth,
        );
        chosen.otherwise_taken |= taken;
        after
    }

    fn chosen_case(&self, chosen: &mut Case, states: States) -> States {
        let subject = chosen.subject.as_ref();
        let truth = |branch: &Branch, state: &State| match subject {
            None => self.truth(&branch.condition, state),
            Some(_) => None,
        };
        let (after, taken) = self.branches(
            &mut chosen.branches,
            chosen.otherwise.as_deref_mut(),
            states,
            truth,
        );
        chosen.otherwise_taken |= taken;
        after
    }

    /// The states after them, and whether ELSE is taken.
    fn branches(
        &self,
        branches: &mut [Branch],
        otherwise: Option<&mut [Pl]>,
        states: States,
        truth: impl Fn(&Branch, &State) -> Option<bool>,
    ) -> (States, bool) {
        let mut after = Vec::new();
        let mut rest = states;
        for branch in branches {
            let (mut taken, mut passed) = (Vec::new(), Vec::new());
            for state in rest {
                match truth(branch, &state) {
                    Some(true) => taken.push(state),
                    Some(false) => passed.push(state),
                    None => {
                        passed.push(state.clone());
                        taken.push(state);
                    }
                }
            }
            branch.taken |= !taken.is_empty();
            after.extend(self.all(&mut branch.statements, taken));
            rest = passed;
        }
        let taken = !rest.is_empty();
        match otherwise {
            Some(statements) => after.extend(self.all(statements, rest)),
            None => after.extend(rest),
        }
        (meet(after), taken)
    }

    fn repeated(&self, repeated: &mut Loop, mut states: States) -> States {
        if let LoopKind::Query(query) = &mut repeated.kind {
            states = self.one(query, states);
        }
        let mut changed = assigned(&repeated.body);
        if let LoopKind::Array { variable, array } = &repeated.kind {
            changed.push(variable.clone());
            if let Some(elements) = self.elements(array, variable, &states) {
                for element in elements {
                    let literal = format!("'{}'", element.replace('\'', "''"));
                    let element = Expression(Excerpt::made_up(&literal, array.span()));
                    for state in &mut states {
                        state.set(variable, self.value(&element, state));
                    }
                    states = self.all(&mut repeated.body, states);
                }
                forget(&mut states, std::slice::from_ref(variable));
                return meet(states);
            }
        }
        forget(&mut states, &changed);
        let mut after = self.all(&mut repeated.body, meet(states.clone()));
        forget(&mut after, &changed);
        after.extend(states);
        meet(after)
    }

    /// The elements of an array of constants, for a variable that nothing but FOREACH sets.
    fn elements(&self, array: &Expression, variable: &str, states: &States) -> Option<Vec<String>> {
        let followed = |state: &State| state.values.contains_key(variable);
        if self.written.contains(variable) || !states.iter().all(followed) {
            return None;
        }
        let of_state = |state: &State| {
            let query = array.query()?;
            let held =
                evaluate::variable(&query).and_then(|name| match state.values.get(&name)? {
                    Value::Text(text) => text.constant.as_ref()?.query(),
                    Value::Unknown | Value::Null | Value::Truth(_) => None,
                });
            evaluate::elements(held.as_ref().unwrap_or(&query))
        };
        let mut all = states.iter().map(of_state);
        let first = all.next()??;
        let agreed = all.all(|other| other.as_ref() == Some(&first));
        let affordable = first.len() <= MOST_ELEMENTS;
        let affordable = affordable && first.iter().all(|it| self.budget.affords(it));
        (agreed && affordable).then_some(first)
    }

    /// `SELECT expression, ... INTO variable, ...` without a table is an assignment.
    fn select_into(&self, sql: &Sql, states: &mut States) {
        if sql.targets.is_empty() {
            return;
        }
        let values = evaluate::selected_all(sql).filter(|it| it.len() == sql.targets.len());
        for state in states {
            let before = state.clone();
            for (index, target) in sql.targets.iter().enumerate() {
                let node = values.as_ref().and_then(|it| it[index]);
                let value = match node {
                    Some(node) => self.value_of(node, None, &before),
                    None => Value::Unknown,
                };
                state.set(target, value);
            }
        }
    }

    fn value(&self, expression: &Expression, state: &State) -> Value {
        let Some(query) = expression.query() else {
            return Value::Unknown;
        };
        let constant = state
            .constant(expression)
            .or(Some(expression))
            .filter(|it| {
                it.0.as_one_string().is_some()
                    || it
                        .query()
                        .is_some_and(|it| evaluate::elements(&it).is_some())
            });
        match evaluate::selected(&query) {
            Some(node) => self.value_of(node, constant.cloned(), state),
            None => Value::Unknown,
        }
    }

    fn value_of(
        &self,
        node: &pg_query::protobuf::Node,
        constant: Option<Expression>,
        state: &State,
    ) -> Value {
        let evaluation = Evaluation::new(state, &self.budget);
        if let Some(truth) = evaluation.truth(Some(node)) {
            return Value::Truth(truth);
        }
        if matches!(&node.node, Some(NodeEnum::AConst(it)) if it.isnull) {
            return Value::Null;
        }
        let built = evaluation.evaluate(Some(node));
        if built.text.len() > MOST_BYTES || built.is_unknown() && constant.is_none() {
            return Value::Unknown;
        }
        Value::Text(Rc::new(Text { built, constant }))
    }

    fn truth(&self, condition: &Expression, state: &State) -> Option<bool> {
        let query = condition.query()?;
        let evaluation = Evaluation::new(state, &self.budget);
        evaluation.truth(evaluate::selected(&query))
    }
}

fn forget(states: &mut States, names: &[String]) {
    for state in states {
        for name in names {
            state.set(name, Value::Unknown);
        }
    }
}

/// The names that statements give values.
fn assigned(statements: &[Pl]) -> Vec<String> {
    let mut names = Vec::new();
    for statement in statements {
        statement.walk(&mut |inner| match inner {
            Pl::Assign(assign) => names.push(assign.variable.clone()),
            Pl::Sql(sql) => names.extend(sql.targets.iter().cloned()),
            Pl::Execute(execute) => names.extend(execute.targets.iter().cloned()),
            Pl::Loop(Loop {
                kind: LoopKind::Array { variable, .. },
                ..
            }) => names.push(variable.clone()),
            _ => {}
        });
    }
    names
}

/// The states of ways that come together.
fn meet(states: States) -> States {
    let mut different: States = Vec::new();
    for state in states {
        if !different.contains(&state) {
            different.push(state);
        }
    }
    if different.len() <= MOST_STATES {
        return different;
    }
    let mut rest = different.into_iter();
    let Some(mut common) = rest.next() else {
        return Vec::new();
    };
    for state in rest {
        for (name, value) in &mut common.values {
            if state.values.get(name) != Some(value) {
                *value = Value::Unknown;
            }
        }
    }
    vec![common]
}
