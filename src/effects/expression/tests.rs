//! Facts of expressions that PostgreSQL's regression tests and the oracle settle.

use pg_query::{Node, NodeEnum};

use super::{Facts, Scope, analyse, analyse_default};
use crate::catalog::{Catalog, Type, Volatility};
use crate::session::Settings;
use crate::source::Source;
use crate::sql::{Body, parse_script};
use crate::version::PgVersion;

/// The first expression of `SELECT ...`.
fn expression(text: &str) -> Node {
    let text = format!("SELECT {text}");
    let source = Source::new("", text.as_str());
    let mut parsed = parse_script(&source, 0..text.len());
    let Some(Body::Tree(tree)) = parsed.statements.pop().map(|statement| statement.body) else {
        panic!("no tree: {text}");
    };
    let NodeEnum::SelectStmt(select) = *tree else {
        panic!("no SELECT: {text}");
    };
    match select
        .target_list
        .into_iter()
        .next()
        .and_then(|node| node.node)
    {
        Some(NodeEnum::ResTarget(target)) => *target.val.unwrap(),
        other => panic!("no target: {other:?}"),
    }
}

fn facts_at(text: &str, major: u8) -> Facts {
    let scope = Scope {
        catalog: &Catalog::new(),
        relation: None,
        settings: &Settings::default(),
        version: PgVersion::new(major).unwrap(),
    };
    analyse(&expression(text), &scope)
}

fn facts(text: &str) -> Facts {
    facts_at(text, 18)
}

fn shown(facts: &Facts) -> String {
    facts
        .ty
        .as_ref()
        .map_or_else(String::new, |ty| Catalog::new().type_display(ty))
}

#[test]
fn types_follow_the_operands() {
    for (text, ty) in [
        ("1", "integer"),
        ("3000000000", "bigint"),
        ("1.5", "numeric"),
        ("'a'::varchar(10)", "character varying(10)"),
        ("1 + 2", "integer"),
        ("1 + 2::bigint", "bigint"),
        ("1 + 2.0", "numeric"),
        ("'a' || 'b'", "text"),
        ("'a' || 1", "text"),
        ("now() - interval '1 day'", "timestamp with time zone"),
        ("now()::date - 7", "date"),
        ("(now() AT TIME ZONE 'utc')", "timestamp without time zone"),
        ("CURRENT_DATE + 1", "date"),
        ("ARRAY['a','b']", "text[]"),
        ("ARRAY[1,2.5]", "numeric[]"),
        ("'{}'::jsonb || '{}'", "jsonb"),
        ("'{\"a\":1}'::jsonb -> 'a'", "jsonb"),
        ("'{\"a\":1}'::jsonb ->> 'a'", "text"),
        ("coalesce(NULL, 1)", "integer"),
        ("coalesce(1, 2.5)", "numeric"),
        ("CASE WHEN true THEN 'a' ELSE 'b' END", "text"),
        ("array_append(ARRAY[1], 2)", "integer[]"),
        ("extract(epoch from now())", "numeric"),
        ("1 = 2", "boolean"),
        ("1 IN (1, 2)", "boolean"),
        ("greatest(1, 2)", "integer"),
        ("nextval('s')", "bigint"),
        ("lower('A')", "text"),
        ("md5(random()::text)", "text"),
        ("(ARRAY[1,2])[1]", "integer"),
        ("int4range(1,2)", "int4range"),
        ("lower(int4range(1,2))", "integer"),
        ("-5", "integer"),
        ("@ -5.5", "numeric"),
        ("substring('abc' from 2)", "text"),
        ("trim(' a ')", "text"),
        ("position('a' in 'b')", "integer"),
        ("1 / 2.0::float8", "double precision"),
        ("date_trunc('day', now())", "timestamp with time zone"),
        ("to_char(now(), 'YYYY')", "text"),
        ("ROW(1,2)", "record"),
        ("jsonb_build_object('a', 1)", "jsonb"),
        ("text(5)", "text"),
        ("date('2020-01-01')", "date"),
        ("nullif(1, 2)", "integer"),
    ] {
        let found = facts(text);
        assert_eq!(shown(&found), ty, "{text}: {found:?}");
        assert_eq!(found.error, None, "{text}");
        assert!(found.assumptions.is_empty(), "{text}: {found:?}");
    }
}

#[test]
fn volatility_is_judged_after_folding() {
    use Volatility::{Immutable, Stable, Volatile};
    for (text, volatility) in [
        ("1 + 1", Immutable),
        ("now()", Stable),
        ("now()::timestamp", Stable),
        ("CURRENT_TIMESTAMP", Stable),
        ("CURRENT_USER", Stable),
        ("current_setting('TimeZone')", Stable),
        ("clock_timestamp()", Volatile),
        ("random()", Volatile),
        ("md5(random()::text)", Volatile),
        ("nextval('s')", Volatile),
        ("gen_random_uuid()", Volatile),
        ("CASE WHEN false THEN random() ELSE 0 END", Immutable),
        ("CASE WHEN 1 = 2 THEN random() ELSE 0 END", Immutable),
        ("CASE 1 WHEN 2 THEN random() ELSE 0 END", Immutable),
        ("CASE WHEN true THEN 0 ELSE random() END", Immutable),
        (
            "CASE WHEN now() > '2020-01-01' THEN random() ELSE 0 END",
            Volatile,
        ),
        ("coalesce(1, random())", Immutable),
        ("coalesce(NULL, random())", Volatile),
        ("coalesce(now(), clock_timestamp())", Volatile),
        ("false AND random() > 0.5", Immutable),
        ("true OR random() > 0.5", Immutable),
        ("random() > 0.5 AND true", Volatile),
        ("NOT (random() > 0.5)", Volatile),
        ("NULL + random()", Immutable),
        ("array[random()]", Volatile),
        ("greatest(1, random())", Volatile),
        ("timeofday()", Volatile),
        ("txid_current()", Stable),
        ("to_char(now(), 'YYYY')", Stable),
        ("'2020-01-01'::timestamptz", Immutable),
        ("'2020-01-01'::text::timestamptz", Stable),
        ("'now'::timestamp", Immutable),
        ("1::text", Immutable),
        ("now()::text", Stable),
        ("(now())::date", Stable),
        ("date_trunc('day', now())", Stable),
        ("concat('a', 1)", Stable),
        ("format('%s', 1)", Stable),
        ("lower('A') || 'b'", Immutable),
        ("interval '1 day' * 2", Immutable),
        ("pg_sleep(1)", Volatile),
        ("no_such_function(1)", Volatile),
    ] {
        let found = facts(text);
        assert_eq!(found.volatility, volatility, "{text}: {found:?}");
    }
}

#[test]
fn the_cause_is_the_first_volatile_function() {
    assert_eq!(
        facts("lower(md5(random()::text)) || clock_timestamp()::text").volatile_cause,
        Some("random".to_owned())
    );
}

#[test]
fn versions_have_their_own_functions() {
    assert!(!facts_at("uuidv7()", 17).assumptions.is_empty());
    assert!(facts_at("uuidv7()", 18).assumptions.is_empty());
    assert_eq!(
        shown(&facts_at("extract(epoch from now())", 13)),
        "double precision"
    );
}

#[test]
fn errors_are_certain() {
    for (text, sqlstate) in [
        ("true::date", "42846"),
        ("CASE WHEN 1 THEN 2 END", "42804"),
        ("CASE WHEN true THEN 1 ELSE true END", "42804"),
        ("1 COLLATE \"C\"", "42804"),
    ] {
        let found = facts(text).error;
        assert_eq!(
            found.as_ref().map(|error| error.0),
            Some(sqlstate),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn a_default_is_cast_to_the_column() {
    let catalog = Catalog::new();
    let scope = Scope {
        catalog: &catalog,
        relation: None,
        settings: &Settings::default(),
        version: PgVersion::NEWEST,
    };
    let facts = |text: &str, ty: &str| {
        analyse_default(Some(&expression(text)), &Type::builtin(ty), &scope).unwrap()
    };
    assert_eq!(facts("now()", "timestamp").volatility, Volatility::Stable);
    assert!(facts("NULL", "int4").constant_null);
    assert!(facts("NULL::int", "int8").constant_null);
    assert!(!facts("0", "int8").constant_null);
    assert_eq!(
        facts("true", "int4").error.map(|error| error.0),
        Some("42804")
    );
    assert_eq!(
        facts("(SELECT 1)", "int4").error.map(|error| error.0),
        Some("0A000")
    );
    assert_eq!(facts("a", "int4").error.map(|error| error.0), Some("0A000"));
    assert_eq!(
        facts("max(1)", "int4").error.map(|error| error.0),
        Some("42803")
    );
}
