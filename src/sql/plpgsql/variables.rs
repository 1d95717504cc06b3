//! The variables of a body whose values are known because they are given only one.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::evaluate;
use super::{Block, Expression, LoopKind, Pl};
use crate::sql::excerpt::Excerpt;

/// More elements than anybody lists by hand are not worth following.
const MOST_ELEMENTS: usize = 100;

/// How many bytes of values one body's EXECUTEs may look at: values name other values, and many
/// EXECUTEs may name the same.
const MOST_BYTES: usize = 256 << 10;

#[derive(Debug, Default)]
pub struct Variables {
    values: BTreeMap<String, Expression>,
    elements: BTreeMap<String, Vec<String>>,
    bytes_seen: Cell<usize>,
    /// Some values are those of one call.
    pub of_a_call: bool,
}

/// Where the values of one name come from.
#[derive(Debug, Default)]
struct Sources {
    declarations: usize,
    values: Vec<Expression>,
    arrays: Vec<Expression>,
}

impl Variables {
    /// `written` are the names that get values in other ways: INTO, FOR, FETCH, CALL. `arguments` are the
    /// literals that the routine is called with, by the names of its parameters.
    pub fn of(block: &Block, written: &BTreeSet<String>, arguments: &[(String, String)]) -> Self {
        let mut sources = BTreeMap::new();
        declared(block, &mut sources);
        block.walk(&mut |statement| note(statement, &mut sources));
        let mut variables = Variables::default();
        for (name, literal) in arguments {
            if !sources.contains_key(name) && !written.contains(name) {
                let value = Expression(Excerpt::made_up(literal, 0..0));
                variables.values.insert(name.clone(), value);
                variables.of_a_call = true;
            }
        }
        let mut loops = Vec::new();
        for (name, mut from) in sources {
            if from.declarations != 1 || written.contains(&name) {
                continue;
            }
            match (from.values.len(), from.arrays.len()) {
                (1, 0) => {
                    variables
                        .values
                        .extend(from.values.pop().map(|value| (name, value)));
                }
                (0, 1) => loops.extend(from.arrays.pop().map(|array| (name, array))),
                _ => {}
            }
        }
        for (name, array) in loops {
            let array = variables.follow(&array).query();
            let elements = array.as_ref().and_then(evaluate::elements);
            if let Some(elements) = elements.filter(|all| all.len() <= MOST_ELEMENTS) {
                variables.elements.insert(name, elements);
            }
        }
        variables
    }

    /// The only value that the variable is given.
    pub fn value(&self, name: &str) -> Option<&Expression> {
        let value = self.values.get(name)?;
        self.affords(value.text()).then_some(value)
    }

    /// Whether the text may be looked at once more.
    pub fn affords(&self, text: &str) -> bool {
        const EACH: usize = 64;
        let seen = self.bytes_seen.get() + text.len() + EACH;
        self.bytes_seen.set(seen);
        seen <= MOST_BYTES
    }

    /// The variables of FOREACH over constants, with these.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.elements
            .iter()
            .map(|(name, elements)| (name.as_str(), elements.as_slice()))
    }

    /// The expression, or what it stands for if it is nothing but a variable.
    pub fn follow<'a>(&'a self, expression: &'a Expression) -> &'a Expression {
        const FURTHEST: usize = 5;
        let mut found = expression;
        for _ in 0..FURTHEST {
            match self.value(&found.text().to_ascii_lowercase()) {
                Some(value) => found = value,
                None => break,
            }
        }
        found
    }
}

fn declared(block: &Block, sources: &mut BTreeMap<String, Sources>) {
    for declaration in &block.declarations {
        let from = sources.entry(declaration.name.clone()).or_default();
        from.declarations += 1;
        let default = declaration.default.iter();
        from.values.extend(
            default
                .filter(|value| !value.text().eq_ignore_ascii_case("null"))
                .cloned(),
        );
    }
}

fn note(statement: &Pl, sources: &mut BTreeMap<String, Sources>) {
    match statement {
        Pl::Block(block) => declared(block, sources),
        Pl::Assign(assign) => {
            let from = sources.entry(assign.variable.clone()).or_default();
            // A change of one field or element leaves a value that is not followed.
            from.declarations += usize::from(!assign.whole);
            from.values.push(assign.expression.clone());
        }
        Pl::Loop(repeated) => {
            if let LoopKind::Array { variable, array } = &repeated.kind {
                let from = sources.entry(variable.clone()).or_default();
                from.arrays.push(array.clone());
            }
        }
        Pl::Sql(_)
        | Pl::Invalid(_)
        | Pl::Execute(_)
        | Pl::If(_)
        | Pl::Case(_)
        | Pl::Exit(_)
        | Pl::Return(_)
        | Pl::Raise(_)
        | Pl::Commit(_)
        | Pl::Rollback(_)
        | Pl::Other(_) => {}
    }
}
