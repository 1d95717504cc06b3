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
