//! PL/pgSQL and SQL bodies: their statements, and where in the statement's text each one is.

use humdrum::source::Source;
use humdrum::sql::plpgsql::{
    Block, BodyError, Certainty, LoopKind, Pl, body, called_body, sql_body,
};
use humdrum::sql::{Body, parse_script};
use pg_query::NodeEnum;
use proptest::prelude::*;

fn node(statement: &str) -> Box<NodeEnum> {
    let source = Source::new("test.sql", statement);
    let mut parsed = parse_script(&source, 0..statement.len());
    assert_eq!(parsed.statements.len(), 1, "{statement}");
    match parsed.statements.remove(0).body {
        Body::Tree(node) => node,
        other => panic!("{statement}: {other:?}"),
    }
}

fn read(statement: &str) -> Result<Block, BodyError> {
    body(statement, &node(statement))
}

/// A DO statement's body as an outline: each statement's kind and its text, indented.
fn outline(statement: &str) -> Vec<String> {
    let block = read(statement).unwrap();
    let mut lines = Vec::new();
    for child in block.children() {
        describe(statement, child, 0, &mut lines);
    }
    lines
}

fn describe(statement: &str, pl: &Pl, depth: usize, lines: &mut Vec<String>) {
    let text = &statement[pl.span()];
    let kind = match pl {
        Pl::Sql(sql) if sql.into => "sql into",
        Pl::Sql(_) => "sql",
        Pl::Invalid(_) => "invalid",
        Pl::Execute(execute) => match execute.certainty {
            Certainty::Constant => "execute",
            Certainty::Shape => "execute shape",
            Certainty::Nothing => "execute unknown",
        },
        Pl::Block(_) => "block",
        Pl::If(_) => "if",
        Pl::Case(_) => "case",
        Pl::Loop(repeated) => match repeated.kind {
            LoopKind::Endless => "loop",
            LoopKind::While(_) => "while",
            LoopKind::Integers { .. } => "for integers",
            LoopKind::Query(_) => "for query",
            LoopKind::Cursor(_) => "for cursor",
            LoopKind::Array { .. } => "foreach",
        },
        Pl::Exit(exit) if exit.continues => "continue",
        Pl::Exit(_) => "exit",
        Pl::Return(_) => "return",
        Pl::Raise(raise) if raise.is_exception => "raise exception",
        Pl::Raise(_) => "raise",
        Pl::Assign(_) => "assign",
        Pl::Commit(_) => "commit",
        Pl::Rollback(_) => "rollback",
        Pl::Other(_) => "other",
    };
    let children = pl.children();
    let shown = match children.is_empty() {
        true => text,
        false => "",
    };
    lines.push(format!("{}{kind}: {shown}", "  ".repeat(depth)));
    for child in children {
        describe(statement, child, depth + 1, lines);
    }
}

#[test]
fn statements_are_told_apart_and_placed() {
    let statement = "DO $do$
DECLARE n int := 0; r record; c CURSOR (a int) FOR SELECT * FROM t WHERE t.a = a;
BEGIN
  -- a comment; with a semicolon
  ALTER TABLE t ADD COLUMN x int;
  n := n + 1; r.a[1] = 2;
  PERFORM pg_sleep(1), f('a;b');
  SELECT count(*) INTO STRICT n, r.b FROM t;
  INSERT INTO t VALUES (1) RETURNING a INTO n;
  IF n > 1 AND EXISTS (SELECT 1) THEN UPDATE t SET a = 1; ELSIF n = 0 THEN NULL; ELSE DELETE FROM t; END IF;
  CASE n WHEN 1 THEN COMMIT; ELSE ROLLBACK AND CHAIN; END CASE;
  GET DIAGNOSTICS n = ROW_COUNT;
  RAISE NOTICE 'a; %', n; RAISE EXCEPTION 'no' USING ERRCODE = '23505'; RAISE;
  CALL p(1); SET LOCAL lock_timeout = '1s';
  RETURN;
END $do$";
    assert_eq!(
        outline(statement),
        [
            "sql: SELECT * FROM t WHERE t.a = a",
            "sql: ALTER TABLE t ADD COLUMN x int",
            "assign: n := n + 1",
            "assign: r.a[1] = 2",
            "sql: PERFORM pg_sleep(1), f('a;b')",
            "sql into: SELECT count(*) INTO STRICT n, r.b FROM t",
            "sql into: INSERT INTO t VALUES (1) RETURNING a INTO n",
            "if: ",
            "  sql: UPDATE t SET a = 1",
            "  other: NULL",
            "  sql: DELETE FROM t",
            "case: ",
            "  commit: COMMIT",
            "  rollback: ROLLBACK AND CHAIN",
            "other: GET DIAGNOSTICS n = ROW_COUNT",
            "raise: RAISE NOTICE 'a; %', n",
            "raise exception: RAISE EXCEPTION 'no' USING ERRCODE = '23505'",
            "raise exception: RAISE",
            "sql: CALL p(1)",
            "sql: SET LOCAL lock_timeout = '1s'",
            "return: RETURN",
        ]
    );
}

#[test]
fn loops_know_what_they_run_over() {
    let statement = "DO $$ BEGIN
  <<outer>> LOOP EXIT WHEN x; CONTINUE outer; END LOOP outer;
  WHILE n < 10 LOOP n := n + 1; END LOOP;
  FOR i IN REVERSE 10..1 BY 2 LOOP NULL; END LOOP;
  FOR i IN 1 .. f(a, b) LOOP NULL; END LOOP;
  FOR r IN SELECT a FROM t ORDER BY b LOOP UPDATE t SET a = r.a; COMMIT; END LOOP;
  FOR a, b IN EXECUTE 'SELECT 1, 2' USING x LOOP NULL; END LOOP;
  FOR r IN cur(1) LOOP NULL; END LOOP;
  FOREACH x SLICE 1 IN ARRAY ARRAY[1, 2] LOOP NULL; END LOOP;
END $$";
    assert_eq!(
        outline(statement),
        [
            "loop: ",
            "  exit: EXIT WHEN x",
            "  continue: CONTINUE outer",
            "while: ",
            "  assign: n := n + 1",
            "for integers: ",
            "  other: NULL",
            "for integers: ",
            "  other: NULL",
            "for query: ",
            "  sql: SELECT a FROM t ORDER BY b",
            "  sql: UPDATE t SET a = r.a",
            "  commit: COMMIT",
            "for query: ",
            "  execute: ",
            "    sql: SELECT 1, 2",
            "  other: NULL",
            "for cursor: ",
            "  other: NULL",
            "foreach: ",
            "  other: NULL",
        ]
    );
    let block = read(statement).unwrap();
    let loops: Vec<(bool, bool)> = block
        .statements
        .iter()
        .filter_map(|pl| match pl {
            Pl::Loop(repeated) => Some((repeated.ends_transactions(), repeated.may_be_left())),
            _ => None,
        })
        .collect();
    assert_eq!(loops[0], (false, true));
    assert_eq!(loops[4], (true, false));
}

#[test]
fn an_exit_leaves_the_loop_it_names() {
    let left = |loop_text: &str| {
        let block = read(&format!("DO $$ BEGIN {loop_text} END $$")).unwrap();
        match &block.statements[0] {
            Pl::Loop(repeated) => repeated.may_be_left(),
            other => panic!("{other:?}"),
        }
    };
    assert!(left("LOOP IF a THEN EXIT; END IF; END LOOP;"));
    assert!(left("LOOP RETURN; END LOOP;"));
    assert!(left("LOOP RAISE EXCEPTION 'x'; END LOOP;"));
    assert!(left("<<o>> LOOP LOOP EXIT o; END LOOP; END LOOP;"));
    assert!(!left("LOOP LOOP EXIT; END LOOP; END LOOP;"));
    assert!(!left(
        "LOOP CONTINUE; RAISE NOTICE 'x'; RETURN NEXT 1; END LOOP;"
    ));
    assert!(!left("LOOP <<i>> LOOP EXIT i; END LOOP; END LOOP;"));
}

#[test]
fn handlers_make_a_subtransaction() {
    let statement = "DO $$ BEGIN
  BEGIN ALTER TABLE t ADD x int; EXCEPTION WHEN duplicate_column OR sqlstate '42P16' THEN RAISE NOTICE 'x'; WHEN others THEN NULL; END;
END $$";
    let block = read(statement).unwrap();
    assert!(!block.has_exception_handler());
    let Pl::Block(inner) = &block.statements[0] else {
        panic!("no block");
    };
    assert!(inner.has_exception_handler());
    assert_eq!(
        inner.handlers[0].conditions,
        ["duplicate_column", "sqlstate '42p16'"]
    );
    assert_eq!(inner.handlers[1].conditions, ["others"]);
    assert_eq!(inner.handlers[1].statements.len(), 1);
}

#[test]
fn locations_in_trees_lead_to_the_text() {
    for statement in [
        "DO $$ BEGIN /* é */ PERFORM 1; ALTER TABLE s.orders ADD x text DEFAULT 'a'; END $$",
        "DO 'BEGIN PERFORM f(''it''''s''); ALTER TABLE s.orders ADD x text DEFAULT ''a''; END'",
        r"DO E'BEGIN PERFORM f(\'a\');\nALTER TABLE s.orders ADD x text; END'",
        "DO $$ BEGIN EXECUTE 'ALTER TABLE s.orders ADD x text DEFAULT ''a'''; END $$",
        "DO $$ BEGIN EXECUTE $x$ SELECT 1; ALTER TABLE s.orders ADD x text $x$; END $$",
        "CREATE FUNCTION f() RETURNS void AS 'BEGIN ALTER TABLE s.orders ADD x text; END' LANGUAGE plpgsql",
    ] {
        let block = read(statement).unwrap();
        let mut places = Vec::new();
        block.walk(&mut |pl| {
            if let Pl::Sql(sql) = pl
                && let NodeEnum::AlterTableStmt(alter) = sql.node.as_ref()
            {
                let relation = alter.relation.as_ref().unwrap();
                places.push(sql.offset(relation.location).unwrap());
                assert!(statement[sql.span()].starts_with("ALTER TABLE"));
            }
        });
        assert_eq!(places, [statement.find("s.orders").unwrap()], "{statement}");
    }
}

#[test]
fn execute_of_constants_is_known() {
    let commands = |expression: &str| -> (Certainty, Vec<String>) {
        let block = read(&format!("DO $$ BEGIN EXECUTE {expression}; END $$")).unwrap();
        let Pl::Execute(execute) = &block.statements[0] else {
            panic!("no EXECUTE");
        };
        let texts = execute
            .statements
            .iter()
            .map(|pl| match pl {
                Pl::Sql(sql) => sql.excerpt.text().to_owned(),
                other => format!("{other:?}"),
            })
            .collect();
        (execute.certainty, texts)
    };
    let constant = |expression: &str, texts: &[&str]| {
        let expected: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(commands(expression), (Certainty::Constant, expected));
    };
    constant(
        "'DROP TABLE a; DROP TABLE b'",
        &["DROP TABLE a", "DROP TABLE b"],
    );
    constant("'DROP ' || $x$TABLE$x$ || ' a'", &["DROP TABLE a"]);
    constant("format('DROP TABLE a')", &["DROP TABLE a"]);
    constant(
        "format('COMMENT ON TABLE %I.%2$I IS %L', 'S', 'b', 'it''s 100%%')",
        &["COMMENT ON TABLE \"S\".b IS 'it''s 100%%'"],
    );
    constant(
        "format('SELECT %s, %L, ''%%''', 1, 'it''s')",
        &["SELECT 1, 'it''s', '%'"],
    );
    constant(
        "concat('DROP TABLE ', quote_ident('A'))",
        &["DROP TABLE \"A\""],
    );
    constant("'DROP TABLE a' USING x INTO y", &["DROP TABLE a"]);

    let shape = |expression: &str, text: &str| {
        assert_eq!(
            commands(expression),
            (Certainty::Shape, vec![text.to_owned()])
        );
    };
    shape(
        "format('ALTER TABLE %I ADD COLUMN x int DEFAULT %L', t, v)",
        "ALTER TABLE __unknown__ ADD COLUMN x int DEFAULT '__unknown__'",
    );
    shape(
        "'DROP TABLE ' || quote_ident(r.name)",
        "DROP TABLE __unknown__",
    );
    shape(
        "'CREATE SEQUENCE s START WITH ' || n",
        "CREATE SEQUENCE s START WITH __unknown__",
    );
    for unknown in [
        "x",
        "f('DROP TABLE a')",
        "'CREATE VIEW v AS ' || q",
        "format(x, 1)",
    ] {
        assert_eq!(commands(unknown), (Certainty::Nothing, vec![]), "{unknown}");
    }
    assert_eq!(commands("format('%s')"), (Certainty::Nothing, vec![]));
}

/// The commands of all EXECUTEs of the body, if they are known.
fn executed(body: &str) -> Vec<String> {
    let block = read(&format!("DO $body$ {body} $body$")).unwrap();
    let mut texts = Vec::new();
    block.walk(&mut |pl| {
        if let Pl::Execute(execute) = pl {
            texts.extend(execute.statements.iter().map(|inner| match inner {
                Pl::Sql(sql) => sql.excerpt.text().to_owned(),
                other => format!("{other:?}"),
            }));
            texts.extend((execute.certainty == Certainty::Nothing).then(|| "?".to_owned()));
        }
    });
    texts
}

#[test]
fn variables_with_one_value_are_followed() {
    for (body, expected) in [
        (
            "DECLARE q text; BEGIN q := 'DROP TABLE a'; EXECUTE q; END",
            vec!["DROP TABLE a"],
        ),
        (
            "DECLARE t text := 'A'; q text = NULL; BEGIN q := format('DROP TABLE %I', t); EXECUTE q || ' CASCADE'; END",
            vec!["DROP TABLE \"A\" CASCADE"],
        ),
        (
            "DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['a', 'b']::text[] LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; END",
            vec!["DROP TABLE a", "DROP TABLE b"],
        ),
        (
            "DECLARE t text; all_of text[] := '{a, b}'; BEGIN FOREACH t IN ARRAY all_of LOOP EXECUTE format('DROP TABLE %I', t); END LOOP; END",
            vec!["DROP TABLE a", "DROP TABLE b"],
        ),
    ] {
        assert_eq!(executed(body), expected, "{body}");
    }
}

#[test]
fn variables_with_other_values_are_not_followed() {
    for body in [
        "BEGIN q := 'DROP TABLE a'; EXECUTE q; END",
        "DECLARE q text := 'DROP TABLE a'; BEGIN WHILE x LOOP EXECUTE q; q := y; END LOOP; END",
        "DECLARE q text := 'DROP TABLE a'; BEGIN LOOP q := y; EXIT; END LOOP; EXECUTE q; END",
        "DECLARE q text := 'DROP TABLE a'; BEGIN IF x THEN q := y; END IF; EXECUTE q; END",
        "DECLARE q text := 'DROP TABLE a'; BEGIN BEGIN q := y; EXCEPTION WHEN others THEN NULL; END; EXECUTE q; END",
        "DECLARE q text := 'DROP TABLE a'; BEGIN BEGIN q := y; q := 'DROP TABLE b'; EXCEPTION WHEN others THEN EXECUTE q; END; END",
        "DECLARE q text := 'DROP TABLE a'; BEGIN SELECT 'DROP TABLE b' INTO q FROM t; EXECUTE q; END",
        "DECLARE q text; r text; BEGIN SELECT 'DROP TABLE b' INTO q, r; EXECUTE q; END",
        "DECLARE q text := 'DROP TABLE a'; BEGIN SELECT x INTO q FROM t; EXECUTE q; END",
        "DECLARE q text := 'DROP TABLE a'; BEGIN CALL p(q); EXECUTE q; END",
        "DECLARE q text := 'DROP TABLE a'; BEGIN EXECUTE 'SELECT 1' INTO q; EXECUTE q; END",
        "DECLARE q text := 'DROP TABLE a'; BEGIN FETCH c INTO q; EXECUTE q; END",
        "DECLARE q text := 'DROP TABLE a'; BEGIN FOR q IN SELECT x FROM t LOOP EXECUTE q; END LOOP; END",
        "DECLARE q text[]; BEGIN q[1] := 'DROP TABLE a'; EXECUTE q; END",
        "DECLARE q text := q; BEGIN EXECUTE q; END",
        "DECLARE q text := 'DROP TABLE a'; BEGIN DECLARE q text := x; BEGIN EXECUTE q; END; END",
    ] {
        assert_eq!(executed(body).pop().as_deref(), Some("?"), "{body}");
    }
}

#[test]
fn a_variable_holds_what_it_was_given_last() {
    for (body, expected) in [
        (
            "DECLARE q text := 'DROP TABLE a'; BEGIN EXECUTE q; q := 'DROP TABLE b'; EXECUTE (q); END",
            vec!["DROP TABLE a", "DROP TABLE b"],
        ),
        (
            "DECLARE t text; q text; BEGIN SELECT lower('A'), 'x' INTO t, q; SELECT format('DROP TABLE %I', t) INTO q; EXECUTE q; END",
            vec!["DROP TABLE a"],
        ),
        (
            "DECLARE q text; BEGIN WHILE x LOOP q := 'DROP TABLE a'; EXECUTE q; END LOOP; END",
            vec!["DROP TABLE a"],
        ),
        (
            "DECLARE q text := 'DROP TABLE a'; BEGIN DECLARE q text := 'DROP TABLE b'; BEGIN EXECUTE q; END; END",
            vec!["DROP TABLE b"],
        ),
        (
            "DECLARE q text := 'DROP TABLE a'; BEGIN BEGIN PERFORM 1; EXCEPTION WHEN others THEN EXECUTE q; END; END",
            vec!["DROP TABLE a"],
        ),
        (
            "DECLARE q text := upper('t'); BEGIN EXECUTE 'DROP TABLE ' || replace(coalesce(q, 'x'), 'T', 'tt'); END",
            vec!["DROP TABLE tt"],
        ),
    ] {
        assert_eq!(executed(body), expected, "{body}");
    }
}

#[test]
fn ways_that_go_together_stay_together() {
    let body = "DECLARE t text := 'a'; c text := 'x'; BEGIN
      IF f() THEN t := 'b'; c := 'y'; END IF;
      EXECUTE format('ALTER TABLE %I DROP COLUMN %I', t, c); END";
    let block = read(&format!("DO $body$ {body} $body$")).unwrap();
    let Some(Pl::Execute(execute)) = block.statements.last() else {
        panic!("{block:?}");
    };
    assert!(execute.one_of_several);
    assert_eq!(
        executed(body),
        ["ALTER TABLE b DROP COLUMN y", "ALTER TABLE a DROP COLUMN x"]
    );
    // Of too many ways only what they have in common is known.
    let many: String = (0..12)
        .map(|at| format!("IF f({at}) THEN t := 't{at}'; END IF; "))
        .collect();
    let body = format!(
        "DECLARE t text := 'a'; c text := 'x'; BEGIN {many} EXECUTE 'DROP TABLE ' || t; EXECUTE 'DROP TABLE ' || c; END"
    );
    let found = executed(&body);
    assert_eq!(
        found.last().map(String::as_str),
        Some("DROP TABLE x"),
        "{found:?}"
    );
    assert!(found.contains(&"DROP TABLE __unknown__".to_owned()));
}

/// What a routine runs that is called with these literals.
fn called(definition: &str, arguments: &[(&str, &str)]) -> Vec<String> {
    let arguments: Vec<(String, String)> = arguments
        .iter()
        .map(|(name, literal)| ((*name).to_owned(), (*literal).to_owned()))
        .collect();
    let block = called_body(definition, &node(definition), &arguments).unwrap();
    let mut texts = Vec::new();
    block.walk(&mut |pl| match pl {
        Pl::Sql(sql) => texts.push(sql.excerpt.text().to_owned()),
        Pl::Invalid(invalid) => texts.push(format!("invalid {}", invalid.excerpt.text())),
        Pl::Execute(execute) if execute.certainty == Certainty::Nothing => {
            texts.push("?".to_owned());
        }
        _ => {}
    });
    texts
}

#[test]
fn a_call_takes_the_branches_that_its_arguments_lead_to() {
    let definition = "CREATE FUNCTION change(tab text, col text, kind text, adds boolean, mode text DEFAULT 'x') RETURNS void LANGUAGE plpgsql AS $$
      DECLARE found text; unq text := '';
      BEGIN
        EXECUTE 'SELECT 1 FROM c WHERE n = ' || quote_literal(tab) INTO found;
        IF found IS NULL AND adds THEN EXECUTE 'ALTER TABLE ' || tab || ' ADD COLUMN ' || col || ' ' || kind;
        ELSIF found IS NOT NULL AND NOT adds THEN EXECUTE 'ALTER TABLE ' || tab || ' DROP COLUMN ' || col; END IF;
        CASE WHEN lower(mode) = 'unique' THEN unq := 'UNIQUE '; WHEN mode <> 'y' THEN unq := ''; ELSE EXECUTE mode; END CASE;
        EXECUTE 'CREATE ' || unq || 'INDEX ON ' || tab || ' (' || col || ')';
      END $$";
    assert_eq!(
        called(
            definition,
            &[
                ("tab", "'t'"),
                ("col", "'c'"),
                ("kind", "'int'"),
                ("adds", "true"),
                ("mode", "'UNIQUE'")
            ]
        ),
        [
            "SELECT 1 FROM c WHERE n = 't'",
            "ALTER TABLE t ADD COLUMN c int",
            "CREATE UNIQUE INDEX ON t (c)"
        ]
    );
    assert_eq!(
        called(
            definition,
            &[
                ("tab", "'t'"),
                ("col", "'c'"),
                ("kind", "''"),
                ("adds", "false"),
                ("mode", "'x'")
            ]
        ),
        [
            "SELECT 1 FROM c WHERE n = 't'",
            "ALTER TABLE t DROP COLUMN c",
            "CREATE INDEX ON t (c)"
        ]
    );
    // Without the arguments, all of it is read.
    let found = called(definition, &[]);
    assert!(found.iter().any(|it| it == "?"), "{found:?}");
}

#[test]
fn what_is_never_run_is_still_read() {
    let definition = "CREATE FUNCTION f(on_it boolean) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
      IF on_it THEN DROP TABLE a; ALTER TABEL b; END IF; END $$";
    assert_eq!(
        called(definition, &[("on_it", "false")]),
        ["invalid ALTER TABEL b"]
    );
}

#[test]
fn following_ends() {
    let many = |name: &str| vec![name; 200].join(" || ");
    let declarations: String = ["a", "b", "c", "d", "e"]
        .windows(2)
        .map(|pair| format!("{} text := {}; ", pair[0], many(pair[1])))
        .collect();
    let body = format!(
        "DECLARE {declarations} e text := 'x'; BEGIN EXECUTE {}; END",
        many("a")
    );
    assert_eq!(executed(&body), ["?"]);
    let declarations: String = ["a", "b", "c", "d", "e"]
        .windows(2)
        .rev()
        .map(|pair| format!("{} text := {}; ", pair[0], many(pair[1])))
        .collect();
    let body = format!(
        "DECLARE e text := 'x'; {declarations} BEGIN EXECUTE {}; END",
        many("a")
    );
    assert_eq!(executed(&body), ["?"]);
    let many = "EXECUTE q; ".repeat(1_000);
    let long = "x".repeat(20_000);
    let body = format!("DECLARE q text := 'SELECT ''{long}'''; BEGIN {many} END");
    assert_eq!(executed(&body).pop().as_deref(), Some("?"));
}

#[test]
fn a_followed_constant_is_placed_where_it_stands() {
    let statement = "DO $$ DECLARE q text := 'DROP TABLE t'; BEGIN EXECUTE q; END $$";
    let block = read(statement).unwrap();
    let Pl::Execute(execute) = &block.statements[0] else {
        panic!("{block:?}");
    };
    assert_eq!(&statement[execute.span.clone()], "EXECUTE q");
    assert_eq!(&statement[execute.statements[0].span()], "DROP TABLE t");
}

#[test]
fn a_broken_command_is_placed_and_the_others_are_read() {
    let statement = "DO $$ BEGIN DROP TABEL t; SELECT 1; END $$";
    let block = read(statement).unwrap();
    let Pl::Invalid(invalid) = &block.statements[0] else {
        panic!("{block:?}");
    };
    assert_eq!(invalid.error.offset, statement.find("TABEL").unwrap());
    assert_eq!(invalid.error.message, r#"syntax error at or near "TABEL""#);
    assert!(matches!(block.statements[1], Pl::Sql(_)));
}

#[test]
fn templates_in_bodies_are_placeholders() {
    let statement =
        "DO $$ BEGIN ALTER TABLE {{ index .Options \"Namespace\" }}.t ADD x int; END $$";
    let block = read(statement).unwrap();
    let Pl::Sql(sql) = &block.statements[0] else {
        panic!("{block:?}");
    };
    assert_eq!(
        &statement[sql.placeholders[0].clone()],
        "{{ index .Options \"Namespace\" }}"
    );
}

#[test]
fn expressions_can_be_asked() {
    let statement = "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_class WHERE relname = 'x') THEN NULL; END IF; END $$";
    let block = read(statement).unwrap();
    let expressions = block.statements[0].expressions();
    assert_eq!(&statement[expressions[0].span()], expressions[0].text());
    assert!(matches!(
        *expressions[0].query().unwrap().node,
        NodeEnum::SelectStmt(_)
    ));
}

#[test]
fn odd_but_valid_bodies_are_read() {
    for body in [
        "BEGIN END",
        "BEGIN END;",
        "#variable_conflict use_column\nBEGIN NULL; END",
        "<<b>> DECLARE BEGIN NULL; END b",
        "DECLARE a s.unknown_type; b t%ROWTYPE; c t.c%TYPE[] NOT NULL := '{}'; d CONSTANT int DEFAULT 1; e ALIAS FOR $1; DECLARE f int; BEGIN END",
        "DECLARE c NO SCROLL CURSOR IS SELECT 1; d refcursor; BEGIN OPEN c; OPEN d FOR SELECT 1; OPEN d SCROLL FOR EXECUTE 'SELECT 1'; FETCH NEXT FROM c INTO x; MOVE c; CLOSE c; END",
        "BEGIN CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END $f$; END",
        "BEGIN CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; RETURN 1; END; NULL; END",
        "BEGIN CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); END",
        "BEGIN NEW.updated_at = now(); NEW.\"x y\" := 1; $1 := 2; arr[i][j] := 3; RETURN NEW; END",
        "BEGIN GET STACKED DIAGNOSTICS a = MESSAGE_TEXT, b := PG_EXCEPTION_CONTEXT; ASSERT a > 1, 'x'; END",
        "BEGIN WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT a INTO b FROM x; END",
        "BEGIN RETURN QUERY SELECT 1; RETURN QUERY EXECUTE 'SELECT 1' USING a; RETURN NEXT r; END",
        "BEGIN IF a THEN IF b THEN NULL; ELSE NULL; END IF; ELSEIF c THEN NULL; END IF; END",
        "BEGIN CASE WHEN a IN (1, 2) THEN NULL; END CASE; END",
        "BEGIN RAISE SQLSTATE '22012'; RAISE division_by_zero; RAISE WARNING USING MESSAGE = 'x'; END",
        "BEGIN MERGE INTO t USING s ON a = b WHEN MATCHED THEN DELETE; VACUUM; LOCK TABLE t IN SHARE MODE; END",
        "BEGIN IF a THEN END IF; LOOP END LOOP; END",
    ] {
        let statement = format!("DO $body$ {body} $body$");
        let block = read(&statement).unwrap_or_else(|error| panic!("{body}: {error:?}"));
        block.walk(&mut |pl| {
            assert!(!matches!(pl, Pl::Invalid(_)), "{body}: {pl:?}");
        });
    }
}

#[test]
fn play_doubles_semicolons_in_bodies() {
    assert_eq!(
        outline("DO $$ BEGIN SELECT 1;; SELECT 2;; END;; $$"),
        ["sql: SELECT 1", "sql: SELECT 2"]
    );
}

#[test]
fn what_is_no_plpgsql_is_said() {
    let message = |statement: &str| read(statement).unwrap_err().message;
    assert_eq!(
        message("DO LANGUAGE plpython3u $$ pass $$"),
        "the language is plpython3u, not plpgsql"
    );
    assert_eq!(
        message("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
        "the language is sql, not plpgsql"
    );
    assert_eq!(message("SELECT 1"), "the statement has no body");
    let statement = "DO $$ BEGIN IF a THEN NULL; END $$";
    let error = read(statement).unwrap_err();
    assert_eq!(error.message, "syntax error at end of input");
    assert_eq!(error.offset, statement.rfind(" $$").unwrap() + 1);
    let statement = "DO 'x'' y'";
    assert_eq!(read(statement).unwrap_err().offset, 4);
}

#[test]
fn sql_bodies_are_commands() {
    for (statement, expected) in [
        (
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ UPDATE t SET a = 1; SELECT ';' $$",
            vec!["UPDATE t SET a = 1", "SELECT ';'"],
        ),
        (
            "CREATE PROCEDURE p() BEGIN ATOMIC UPDATE t SET a = 1; SELECT 2; END",
            vec!["UPDATE t SET a = 1", "SELECT 2"],
        ),
        (
            "CREATE FUNCTION f(a int) RETURNS int RETURN a + 1",
            vec!["RETURN a + 1"],
        ),
        (
            "CREATE FUNCTION f() RETURNS text AS 'SELECT ''a''' LANGUAGE SQL",
            vec!["SELECT ''a''"],
        ),
    ] {
        let commands = sql_body(statement, &node(statement)).unwrap();
        let texts: Vec<&str> = commands
            .iter()
            .map(|pl| match pl {
                Pl::Sql(sql) => &statement[sql.span()],
                other => panic!("{statement}: {other:?}"),
            })
            .collect();
        assert_eq!(texts, expected, "{statement}");
    }
    let python = "CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS 'x'";
    assert!(sql_body(python, &node(python)).is_err());
}

#[test]
fn deep_bodies_are_refused_on_a_small_stack() {
    for (open, close) in [
        ("BEGIN ", " END;"),
        ("IF a THEN ", " END IF;"),
        ("LOOP ", " END LOOP;"),
        ("CASE WHEN a THEN ", " END CASE;"),
    ] {
        let nested = |depth: usize| {
            format!(
                "DO $$ BEGIN {}NULL;{} END $$",
                open.repeat(depth),
                close.repeat(depth)
            )
        };
        let (deep, fine) = (nested(20_000), nested(90));
        std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(move || {
                assert_eq!(
                    read(&deep).unwrap_err().message,
                    "statements are nested too deeply"
                );
                assert!(read(&fine).is_ok());
            })
            .unwrap()
            .join()
            .unwrap();
    }
}

/// Bodies that libpg_query's own parser takes: it must count the same statements.
#[test]
fn the_statements_are_those_of_libpg_query() {
    for body in [
        "DECLARE n int; r record; BEGIN n := 1; SELECT 1 INTO n; PERFORM 1; EXECUTE 'x'; RETURN; END",
        "DECLARE r record; i int; BEGIN FOR i IN 1..2 LOOP EXIT WHEN i > 1; CONTINUE; END LOOP; FOR r IN SELECT 1 LOOP COMMIT; END LOOP; WHILE true LOOP ROLLBACK; END LOOP; END",
        "BEGIN BEGIN SELECT 1; EXCEPTION WHEN others THEN RAISE; END; IF true THEN CALL p(); ELSIF false THEN ASSERT true; ELSE RAISE NOTICE 'x'; END IF; END",
        "DECLARE n int; BEGIN CASE n WHEN 1, 2 THEN n := 2; ELSE GET DIAGNOSTICS n = ROW_COUNT; END CASE; END",
    ] {
        let statement = format!("DO $body$ {body} $body$");
        let theirs = pg_query::parse_plpgsql(&statement).unwrap().to_string();
        let theirs: Vec<&str> = theirs
            .match_indices("\"PLpgSQL_stmt_")
            .filter_map(|(at, prefix)| theirs[at + prefix.len()..].split('"').next())
            .filter(|name| *name != "block")
            .collect();
        let mut ours = 0;
        for child in read(&statement).unwrap().children() {
            ours += count(child);
        }
        let implicit_return = usize::from(!body.contains("RETURN"));
        assert_eq!(ours, theirs.len() - implicit_return, "{body}: {theirs:?}");
    }
}

fn count(pl: &Pl) -> usize {
    match pl {
        Pl::Execute(_) | Pl::Return(_) => return 1,
        _ => {}
    }
    let own = usize::from(!matches!(pl, Pl::Block(_)));
    let query = match pl {
        Pl::Loop(repeated) => usize::from(matches!(repeated.kind, LoopKind::Query(_))),
        _ => 0,
    };
    own + pl.children().into_iter().map(count).sum::<usize>() - query
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_body_is_too_strange(words in prop::collection::vec(prop::sample::select(vec![
        "begin", "end", "if", "then", "else", "elsif", "loop", "for", "in", "while", "case", "when", "declare",
        "exception", "execute", "using", "into", "perform", "return", "query", "next", "open", "cursor", "x", ":=",
        "=", ";", "(", ")", "[", "]", "..", "1..2", "<<", ">>", "'a'", "''b''", "select", "1", "commit", ".", ",",
        "create function", "begin atomic", "foreach", "array", "raise", "exit", "ä", "{{ y }}", "#", "\n", "format('%I %', x)", "||",
    ]), 0..40)) {
        let body = words.join(" ");
        for statement in [
            format!("DO $q$ begin {body} end $q$"),
            format!("DO $q${body}$q$"),
            format!("DO '{}'", body.replace('\'', "''")),
            format!("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $q${body}$q$"),
        ] {
            let node = node(&statement);
            let check = |pl: &Pl| {
                let span = pl.span();
                assert!(statement.get(span.clone()).is_some(), "{span:?} of {statement}");
            };
            if let Ok(block) = humdrum::sql::plpgsql::body(&statement, &node) {
                block.walk(&mut |pl| check(pl));
            }
            if let Ok(commands) = sql_body(&statement, &node) {
                commands.iter().for_each(check);
            }
        }
    }
}
