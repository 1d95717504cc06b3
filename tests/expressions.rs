//! Types and expressions against real servers: every type to every other type, column defaults, USING expressions,
//! indexes of every kind (`fixtures/oracle/type-matrix.tsv`, `column-defaults.tsv`, `type-using.tsv`).

#[path = "support/measured/mod.rs"]
mod measured;

use std::collections::BTreeMap;

use humdrum::catalog::{Catalog, QualifiedName};
use humdrum::effects::type_change::{Input as TypeChangeInput, classify};
use humdrum::effects::{Input, WorkKind, effects_of};
use humdrum::session::{Session, Settings};
use humdrum::source::Source;
use humdrum::sql::{Body, parse_script};
use humdrum::version::PgVersion;

use measured::{SETUP, TYPES};
use pg_query::NodeEnum;
use pg_query::protobuf::TypeName;

/// A database after its set-up.
#[derive(Clone)]
struct Database {
    catalog: Catalog,
    session: Session,
}

impl Database {
    fn new(version: PgVersion) -> Self {
        let mut catalog = Catalog::new();
        catalog.complete = true;
        Database {
            catalog,
            session: Session::new(version, Settings::default()),
        }
    }

    fn run(&mut self, sql: &str) {
        let source = Source::new("setup.sql", sql);
        for statement in parse_script(&source, 0..sql.len()).statements {
            self.session.transaction_id.0 += 1;
            match &statement.body {
                Body::Tree(node) => self.catalog.apply(node, &self.session),
                other => panic!("{sql}: {other:?}"),
            }
        }
    }

    /// What the model says of one statement: `-`, `index`, `rewrite` or a SQLSTATE; and what it assumed.
    fn outcome(&mut self, sql: &str) -> (String, Vec<String>) {
        let source = Source::new("change.sql", sql);
        let mut parsed = parse_script(&source, 0..sql.len());
        let statement = match parsed.statements.pop() {
            Some(statement) if parsed.statements.is_empty() => statement,
            _ => return ("42601".to_owned(), Vec::new()),
        };
        let Body::Tree(node) = &statement.body else {
            return ("42601".to_owned(), Vec::new());
        };
        self.session.transaction_id.0 += 1;
        let applied = self.catalog.applied(node, &self.session);
        let effects = effects_of(Input {
            node,
            text: sql,
            start: 0,
            before: &self.catalog,
            after: &applied.catalog,
            refusal: applied.refusal.as_ref(),
            session: &self.session,
            foreign_names: false,
        });
        let has = |kind| {
            effects
                .work
                .iter()
                .any(|work| work.kind == kind && work.target.name.name == "t")
        };
        let outcome = match &effects.error {
            Some(error) => error.sqlstate,
            None if has(WorkKind::Rewrite) => "rewrite",
            None if has(WorkKind::IndexBuild) => "index",
            None => "-",
        };
        (outcome.to_owned(), effects.assumptions)
    }
}

impl Database {
    /// What becomes of the column x of t, without the rest of ALTER TABLE.
    fn change_type(&self, new: &str) -> String {
        let table = QualifiedName::new("public", "t");
        let relation = self.catalog.relation_named(&table).unwrap();
        let ty = self
            .catalog
            .resolve_type(&type_name(new), &self.session.settings);
        let change = classify(&TypeChangeInput {
            catalog: &self.catalog,
            settings: &self.session.settings,
            version: self.session.version,
            relation,
            column: relation.column("x").unwrap(),
            ty: &ty,
            collation: None,
            using: None,
            recursing: false,
            drops: false,
            rewritten: false,
        });
        let outcome = match &change.error {
            Some((sqlstate, _)) => sqlstate,
            None if change.rewrite => "rewrite",
            None if !change.indexes_rebuilt.is_empty() => "index",
            None => "-",
        };
        outcome.to_owned()
    }
}

/// A type as it is written, parsed.
fn type_name(text: &str) -> TypeName {
    let sql = format!("SELECT NULL::{text}");
    let source = Source::new("type.sql", sql.as_str());
    let mut parsed = parse_script(&source, 0..sql.len());
    let Some(Body::Tree(tree)) = parsed.statements.pop().map(|statement| statement.body) else {
        panic!("{sql}");
    };
    let NodeEnum::SelectStmt(mut select) = *tree else {
        panic!("{sql}");
    };
    let target = select.target_list.pop().and_then(|node| node.node);
    let Some(NodeEnum::ResTarget(target)) = target else {
        panic!("{sql}");
    };
    match target.val.and_then(|node| node.node) {
        Some(NodeEnum::TypeCast(cast)) => cast.type_name.unwrap(),
        other => panic!("{sql}: {other:?}"),
    }
}

/// The majors that the matrix was measured on.
const MATRIX_MAJORS: &[u8] = &[12, 15, 18];

/// The set-up's database for each version, made once.
fn databases() -> BTreeMap<u8, Database> {
    PgVersion::all()
        .map(|version| {
            let mut database = Database::new(version);
            database.run(SETUP);
            (version.major(), database)
        })
        .collect()
}

/// Disagreements of one question, versions with the same one together.
#[derive(Default)]
struct Report(BTreeMap<(String, String, String), Vec<u8>>);

impl Report {
    fn compare(&mut self, question: &str, major: u8, observed: &str, said: (String, Vec<String>)) {
        // An assumption that is said, and is the dangerous one, is not wrong.
        let assumed = !said.1.is_empty() && said.0 == "rewrite" && observed == "-";
        if said.0 == observed || observed.is_empty() || assumed {
            return;
        }
        let key = (question.to_owned(), observed.to_owned(), said.0);
        self.0.entry(key).or_default().push(major);
    }

    fn check(self, total: usize) {
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|((question, observed, said), majors)| {
                format!("{question}: PostgreSQL {majors:?} {observed}, the model {said}")
            })
            .collect();
        assert!(
            lines.is_empty(),
            "{} of {total} questions are answered wrongly:\n{}",
            lines.len(),
            lines.join("\n")
        );
    }
}

fn lines(file: &str) -> Vec<Vec<String>> {
    let path = measured::folder().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}

#[test]
fn every_type_becomes_every_other_type_as_on_a_server() {
    let databases = databases();
    let mut report = Report::default();
    let rows = lines("type-matrix.tsv");
    for row in &rows {
        let [zone, old, index, majors, letters] = row.as_slice() else {
            panic!("{row:?}");
        };
        let (first, last) = majors.split_once('-').unwrap();
        let majors = first.parse::<u8>().unwrap()..=last.parse().unwrap();
        for (&major, database) in databases.iter().filter(|(major, _)| majors.contains(major)) {
            if !MATRIX_MAJORS.contains(&major) {
                continue;
            }
            let mut database = database.clone();
            database.session.settings.time_zone = Some(zone.clone());
            database.run(&format!("CREATE TABLE t (id integer, x {old})"));
            if index == "btree" {
                database.run("CREATE INDEX t_x ON t (x)");
            }
            for (new, letter) in TYPES.iter().zip(letters.chars()) {
                let question = format!("{zone} {old} -> {new}");
                let said = (database.change_type(new), Vec::new());
                report.compare(&question, major, measured::outcome_of(letter), said);
            }
        }
    }
    report.check(rows.len() * TYPES.len());
}

#[test]
fn defaults_are_computed_for_each_row_where_a_server_does() {
    let databases = databases();
    let mut report = Report::default();
    let rows = lines("column-defaults.tsv");
    for row in &rows {
        let [ty, default, outcomes] = row.as_slice() else {
            panic!("{row:?}");
        };
        let question = format!("ALTER TABLE t ADD COLUMN x {ty} DEFAULT {default}");
        for (major, observed) in measured::read_outcomes(outcomes) {
            let mut database = databases[&major].clone();
            database.session.settings.time_zone = Some("UTC".to_owned());
            database.run("CREATE TABLE t (id integer, a integer)");
            let said = database.outcome(&question);
            report.compare(&question, major, &observed, said);
        }
    }
    report.check(rows.len());
}

#[test]
fn using_defaults_and_indexes_are_followed_as_on_a_server() {
    let databases = databases();
    let mut report = Report::default();
    let rows = lines("type-using.tsv");
    for row in &rows {
        let [column, index, change, zone, outcomes] = row.as_slice() else {
            panic!("{row:?}");
        };
        let question = format!("{zone}; x {column}; {index}; {change}");
        for (major, observed) in measured::read_outcomes(outcomes) {
            let mut database = databases[&major].clone();
            database.session.settings.time_zone = Some(zone.clone());
            database.run(&format!("CREATE TABLE t (id integer, x {column}); {index}"));
            let said = database.outcome(&format!("ALTER TABLE t ALTER COLUMN x {change}"));
            report.compare(&question, major, &observed, said);
        }
    }
    report.check(rows.len());
}
