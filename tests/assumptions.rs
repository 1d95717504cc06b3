//! What is not known is taken to be the dangerous thing, and the plan says so: one story after another.

mod support;

use humdrum::effects::{Effects, LockMode, WorkKind};
use humdrum::lint::{LintConfig, plan};
use support::{chain, history, migration};

/// A table from before the first migration that is there: nothing is known of it but its name.
const UNSEEN: &str = "ALTER TABLE orders ADD COLUMN seen int;";
/// A table that the migrations create.
const SEEN: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, total int, note text);";

/// The effects of the last statement of a migration. Something before it keeps the schema from being fully known.
fn effects(before: &str, sql: &str) -> Effects {
    let before = format!("DO $$ BEGIN EXECUTE current_setting('x.y'); END $$; {before}");
    let project = chain(
        "plain",
        vec![history("1.sql", &before), migration("2.sql", sql)],
    );
    let planned = plan(&project, &LintConfig::default());
    let migration = planned.migrations.last().expect("the migration is planned");
    let statement = migration.statements.last().expect("it has a statement");
    statement.effects.clone()
}

fn has(effects: &Effects, kind: WorkKind) -> bool {
    effects.work.iter().any(|work| work.kind == kind)
}

/// The statement is not refused, and what is assumed of it mentions this.
#[track_caller]
fn assumes(effects: &Effects, words: &str) {
    assert!(effects.error.is_none(), "refused: {:?}", effects.error);
    assert!(!effects.is_exact(), "nothing is assumed");
    let said = effects.assumptions.join("\n");
    assert!(said.contains(words), "`{words}` is not said:\n{said}");
}

#[track_caller]
fn locks(effects: &Effects, mode: LockMode) {
    let strongest = effects.strongest_lock().expect("something is locked");
    assert_eq!(strongest.mode, mode);
    assert!(!strongest.target.new, "others use it");
}

#[test]
fn a_table_never_seen_exists_is_in_use_and_holds_rows() {
    let added = effects("", "ALTER TABLE orders ADD CONSTRAINT k CHECK (total > 0);");
    assumes(&added, "assumed to exist, to be in use and to hold rows");
    locks(&added, LockMode::AccessExclusive);
    assert!(has(&added, WorkKind::Scan));

    let indexed = effects("", "CREATE INDEX i ON orders (total);");
    assumes(&indexed, "orders was not created by a known migration");
    locks(&indexed, LockMode::Share);
    assert!(has(&indexed, WorkKind::IndexBuild));
}

#[test]
fn a_column_of_unknown_type_is_rewritten_when_its_type_changes() {
    let changed = effects(UNSEEN, "ALTER TABLE orders ALTER COLUMN total TYPE bigint;");
    assumes(&changed, "the type that column total has now is not known");
    assert!(has(&changed, WorkKind::Rewrite));
}

#[test]
fn a_column_whose_not_null_is_unknown_is_scanned() {
    let set = effects(
        UNSEEN,
        "ALTER TABLE orders ALTER COLUMN total SET NOT NULL;",
    );
    assumes(&set, "was not created by a known migration");
    assert!(has(&set, WorkKind::Scan));
}

#[test]
fn a_type_of_an_extension_that_is_not_known_means_a_rewrite() {
    for ty in ["vector(3)", "geometry", "something"] {
        let sql = format!("ALTER TABLE orders ALTER COLUMN note TYPE {ty} USING NULL;");
        let changed = effects(SEEN, &sql);
        assert!(changed.error.is_none(), "{ty}: {:?}", changed.error);
        assert!(has(&changed, WorkKind::Rewrite), "{ty}");
    }
}

#[test]
fn an_unknown_function_in_a_default_is_volatile() {
    let added = effects(
        SEEN,
        "ALTER TABLE orders ADD COLUMN code text DEFAULT make_code();",
    );
    assumes(&added, "make_code");
    assert!(has(&added, WorkKind::Rewrite));
}

#[test]
fn an_unknown_type_may_be_a_domain_with_constraints() {
    let added = effects(SEEN, "ALTER TABLE orders ADD COLUMN email email_address;");
    assumes(
        &added,
        "type email_address is not known: assumed to be a domain",
    );
    assert!(has(&added, WorkKind::Rewrite));
}

#[test]
fn a_type_that_an_extension_is_known_for_is_no_domain() {
    let added = effects(SEEN, "ALTER TABLE orders ADD COLUMN email citext;");
    assert!(added.error.is_none(), "{:?}", added.error);
    assert!(!has(&added, WorkKind::Rewrite));
}

#[test]
fn sql_that_is_put_together_at_run_time_may_do_anything() {
    let sql = "DO $$ BEGIN EXECUTE 'ALTER TABLE ' || current_setting('x.y') || ' ADD COLUMN a int'; END $$;";
    let project = chain(
        "plain",
        vec![history("1.sql", SEEN), migration("2.sql", sql)],
    );
    let planned = plan(&project, &LintConfig::default());
    let statement = &planned.migrations[0].statements[0];
    assert!(
        !statement.unanalysed.is_empty(),
        "what EXECUTE runs is not known, and the plan says so"
    );
}

#[test]
fn after_such_sql_a_missing_table_is_not_refused() {
    let dropped = effects("", "DROP TABLE orders;");
    assumes(&dropped, "was not created by a known migration");
    locks(&dropped, LockMode::AccessExclusive);
}

#[test]
fn an_unknown_operator_class_makes_the_index_anew() {
    let before = format!("{SEEN} CREATE INDEX i ON orders (note my_ops);");
    let changed = effects(
        &before,
        "ALTER TABLE orders ALTER COLUMN note TYPE varchar;",
    );
    assumes(&changed, "operator class");
    assert!(has(&changed, WorkKind::IndexBuild));
}

#[test]
fn an_unknown_partition_holds_rows_that_must_be_looked_at() {
    let before = "CREATE TABLE sales (id int, day date) PARTITION BY RANGE (day);";
    let attached = effects(
        before,
        "ALTER TABLE sales ATTACH PARTITION sales_may FOR VALUES FROM ('2024-05-01') TO ('2024-06-01');",
    );
    assumes(&attached, "sales_may was not created by a known migration");
    locks(&attached, LockMode::AccessExclusive);
    assert!(has(&attached, WorkKind::Scan));
}

/// What is known would refuse it, but the SQL that was not understood may have changed that.
#[track_caller]
fn doubts(sql: &str) -> Effects {
    let doubted = effects(SEEN, sql);
    assumes(
        &doubted,
        "SQL that could not be understood may have changed that",
    );
    doubted
}

#[test]
fn a_constraint_that_may_have_come_unseen_is_validated_by_a_scan() {
    let validated = doubts("ALTER TABLE orders VALIDATE CONSTRAINT k;");
    locks(&validated, LockMode::ShareUpdateExclusive);
    assert!(has(&validated, WorkKind::Scan));
}

#[test]
fn an_index_that_may_have_come_unseen_may_be_on_nullable_columns() {
    let keyed = doubts("ALTER TABLE orders ADD CONSTRAINT o UNIQUE USING INDEX unseen;");
    locks(&keyed, LockMode::AccessExclusive);

    let added =
        "ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY USING INDEX unseen;";
    assert!(has(&doubts(added), WorkKind::Scan));
    assert!(has(
        &doubts("CLUSTER orders USING unseen;"),
        WorkKind::Rewrite
    ));
}

#[test]
fn a_column_that_may_have_come_unseen_is_indexed() {
    for sql in [
        "CREATE INDEX i ON orders (unseen);",
        "CREATE INDEX CONCURRENTLY i ON orders (unseen);",
        "ALTER TABLE orders ADD UNIQUE (unseen);",
        "ALTER TABLE orders ADD EXCLUDE USING gist (unseen WITH &&);",
    ] {
        let indexed = doubts(sql);
        assert!(has(&indexed, WorkKind::Scan), "{sql}");
        assert!(has(&indexed, WorkKind::IndexBuild), "{sql}");
    }
}

#[test]
fn a_column_that_may_be_gone_unseen_is_added_with_its_default() {
    let added = doubts("ALTER TABLE orders ADD COLUMN total float DEFAULT random();");
    assert!(has(&added, WorkKind::Rewrite));
    let computed = "ALTER TABLE orders ADD COLUMN g int GENERATED ALWAYS AS (unseen) STORED;";
    assert!(has(&doubts(computed), WorkKind::Rewrite));
}

#[test]
fn an_arbiter_that_may_have_come_unseen_is_not_refused() {
    doubts("INSERT INTO orders (id) VALUES (1) ON CONFLICT (note) DO NOTHING;");
    doubts("INSERT INTO orders (id) VALUES (1) ON CONFLICT ON CONSTRAINT unseen DO NOTHING;");
}

#[test]
fn a_query_over_what_may_have_changed_is_not_refused() {
    doubts("SELECT unseen FROM orders;");
    doubts("SELECT note, count(*) FROM orders GROUP BY total;");
    doubts("CREATE VIEW v AS SELECT unseen.total FROM orders;");
}

#[test]
fn nobody_knows_what_depends_on_the_unknown() {
    for sql in [
        "DROP TYPE unseen CASCADE;",
        "DROP DOMAIN unseen CASCADE;",
        "DROP SCHEMA unseen CASCADE;",
        "DROP EXTENSION unseen CASCADE;",
        "DROP SERVER unseen CASCADE;",
        "DROP OPERATOR CLASS unseen USING btree CASCADE;",
    ] {
        let dropped = effects(SEEN, sql);
        assert!(dropped.error.is_none(), "{sql}: {:?}", dropped.error);
        assert!(!dropped.is_exact(), "{sql}");
    }
    assumes(
        &effects(SEEN, "TRUNCATE orders CASCADE;"),
        "may reference it: they are emptied too",
    );
}

#[test]
fn a_view_that_may_be_there_is_replaced() {
    let replaced = effects("", "CREATE OR REPLACE VIEW report AS SELECT 1 AS one;");
    assumes(&replaced, "may be there already");
}

#[test]
fn a_placeholder_stands_for_the_worst() {
    let added = effects(
        SEEN,
        "ALTER TABLE orders ADD COLUMN a text DEFAULT ${value};",
    );
    assumes(&added, "what is filled in is not known");
    assert!(has(&added, WorkKind::Rewrite), "it may be random()");

    let changed = effects(
        SEEN,
        "ALTER TABLE orders ALTER COLUMN note TYPE text USING ${value};",
    );
    assert!(!changed.is_exact());
    assert!(has(&changed, WorkKind::Rewrite));

    let indexed = effects(SEEN, "CREATE INDEX i ON orders (${column});");
    assert!(!indexed.is_exact());
    assert!(has(&indexed, WorkKind::IndexBuild));
}

#[test]
fn an_unknown_trigger_function_may_touch_anything() {
    let before = format!(
        "{SEEN} CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION unseen();"
    );
    let inserted = effects(&before, "INSERT INTO orders VALUES (1, 2, 'x');");
    assumes(
        &inserted,
        "what trigger t of public.orders runs is not known",
    );

    let dynamic = format!(
        "{SEEN} CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN EXECUTE format('INSERT INTO %I VALUES (1)', TG_ARGV[0]); RETURN NEW; END $$;
         CREATE TRIGGER t AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION f('log');"
    );
    let updated = effects(&dynamic, "UPDATE orders SET total = 1;");
    assumes(
        &updated,
        "trigger t runs SQL that is put together at run time",
    );
    let untouched = effects(&dynamic, "DELETE FROM orders;");
    assert!(untouched.is_exact(), "{:?}", untouched.assumptions);
}

#[test]
fn policies_are_taken_to_apply_to_a_role_that_is_not_known() {
    let before = "CREATE TABLE owners (id int);
        CREATE TABLE orders (id int);
        ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
        CREATE POLICY p ON orders USING (id IN (SELECT id FROM owners));";
    let read = effects(before, "SET ROLE app; SELECT * FROM orders;");
    assumes(
        &read,
        "the policies of public.orders are assumed to apply to role app",
    );
    let locked: Vec<String> = (read.locks.iter())
        .map(|lock| lock.target.name.to_string())
        .collect();
    assert!(locked.contains(&"public.owners".to_owned()), "{locked:?}");
    // Who runs migrations is above them.
    let own = effects(before, "SET ROLE app; RESET ROLE; SELECT * FROM orders;");
    assert!(own.is_exact(), "{:?}", own.assumptions);
}
