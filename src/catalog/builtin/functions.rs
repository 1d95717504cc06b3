//! The functions of the schema pg_catalog (`pg_proc`).

use super::table::{self, Row, Table, Versions};
use crate::catalog::Volatility;
use crate::version::PgVersion;

static TABLE: Table<Function> = Table::new(include_str!("functions.tsv"), Function::read);

/// A built-in function, aggregate or window function, or one signature of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    pub name: &'static str,
    arguments: &'static str,
    /// The last argument takes any number of values.
    pub variadic: bool,
    /// How many of the last arguments have a default.
    pub defaults: usize,
    /// The type of a result, `record` where there are OUT arguments.
    pub returns: &'static str,
    pub returns_set: bool,
    pub volatility: Volatility,
    /// It answers NULL as soon as an argument is NULL.
    pub strict: bool,
    pub kind: FunctionKind,
    pub versions: Versions,
}

/// `pg_proc.prokind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionKind {
    Function,
    Procedure,
    Aggregate,
    Window,
}

impl Function {
    /// The types of the input arguments. That of a variadic argument is the array's (`_text`),
    /// or `any` for the functions that take anything.
    pub fn arguments(&self) -> impl Iterator<Item = &'static str> {
        self.arguments
            .split(',')
            .filter(|argument| !argument.is_empty())
            .map(|argument| argument.strip_prefix('*').unwrap_or(argument))
    }

    fn read(mut row: Row) -> Option<Self> {
        let name = row.text()?;
        Function::read_named(name, row)
    }

    /// The fields behind the name.
    pub(super) fn read_named(name: &'static str, mut row: Row) -> Option<Self> {
        let arguments = row.text()?;
        Some(Function {
            name,
            arguments,
            variadic: arguments.contains('*'),
            defaults: row.number()?,
            returns: row.text()?,
            returns_set: row.flag()?,
            volatility: row.volatility()?,
            strict: row.flag()?,
            kind: match row.text()? {
                "f" => FunctionKind::Function,
                "p" => FunctionKind::Procedure,
                "a" => FunctionKind::Aggregate,
                "w" => FunctionKind::Window,
                _ => return None,
            },
            versions: row.versions,
        })
    }
}

/// The signatures of the function of this name that this version has.
pub fn functions(name: &str, version: PgVersion) -> impl Iterator<Item = Function> {
    TABLE
        .find(name)
        .iter()
        .copied()
        .filter(move |function| function.versions.contains(version))
}

/// When there was a function of this name; None when no version from 12 to 18 has one.
pub fn function_versions(name: &str) -> Option<Versions> {
    table::span(TABLE.find(name).iter().map(|it| it.versions))
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{assert_sorted, rows};
    use super::*;

    fn at(major: u8) -> PgVersion {
        PgVersion::new(major).unwrap()
    }

    #[test]
    fn every_row_is_read_and_in_order() {
        assert_sorted(&TABLE);
        for (line, row) in rows(&TABLE) {
            assert!(Function::read(row).is_some(), "{line}");
        }
    }

    #[test]
    fn volatility_follows_the_signature() {
        let volatilities: Vec<_> = functions("age", at(16))
            .map(|function| {
                (
                    function.arguments().collect::<Vec<_>>(),
                    function.volatility,
                )
            })
            .collect();
        assert!(volatilities.contains(&(vec!["timestamptz"], Volatility::Stable)));
        assert!(
            volatilities.contains(&(vec!["timestamptz", "timestamptz"], Volatility::Immutable))
        );
    }

    #[test]
    fn volatility_follows_the_version() {
        let volatility = |major| {
            functions("timezone", at(major))
                .find(|function| function.arguments().eq(["text", "timetz"]))
                .map(|function| function.volatility)
        };
        assert_eq!(volatility(14), Some(Volatility::Volatile));
        assert_eq!(volatility(15), Some(Volatility::Stable));
    }

    #[test]
    fn a_version_has_only_its_own_functions() {
        assert_eq!(functions("gen_random_uuid", at(12)).count(), 0);
        assert_eq!(functions("gen_random_uuid", at(13)).count(), 1);
        assert_eq!(functions("uuidv7", at(17)).count(), 0);
        assert_eq!(functions("uuidv7", at(18)).count(), 2);
        assert_eq!(functions("no_such_function", at(18)).count(), 0);
        let uuidv7 = function_versions("uuidv7").unwrap();
        assert_eq!((uuidv7.first, uuidv7.last), (at(18), at(18)));
        assert_eq!(function_versions("no_such_function"), None);
    }

    #[test]
    fn variadic_arguments_defaults_and_kinds_are_told() {
        let concat = functions("concat", at(12)).next().unwrap();
        assert!(concat.variadic && !concat.strict);
        assert_eq!(concat.arguments().collect::<Vec<_>>(), ["any"]);
        let now = functions("now", at(12)).next().unwrap();
        assert_eq!((now.arguments().count(), now.variadic), (0, false));
        let interval = functions("make_interval", at(12)).next().unwrap();
        assert_eq!((interval.arguments().count(), interval.defaults), (7, 7));
        let kind = |name| functions(name, at(18)).next().map(|function| function.kind);
        assert_eq!(kind("max"), Some(FunctionKind::Aggregate));
        assert_eq!(kind("row_number"), Some(FunctionKind::Window));
        assert!(functions("generate_series", at(18)).all(|function| function.returns_set));
    }
}
