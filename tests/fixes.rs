//! What every fix has to hold, over every `bad` example of every page, the tables of hazards and the projects of every
//! layout: afterwards the text parses, the finding is gone and no other has come, a second run changes nothing, and a
//! safe fix has left the same schema.

#[path = "catalog/dump.rs"]
mod dump;
#[path = "support/pages/mod.rs"]
mod pages;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use humdrum::catalog::{Catalog, TransactionId};
use humdrum::fix::{Applicability, Settled, Texts, settle};
use humdrum::lint::{LintConfig, Outcome, Severity};
use humdrum::project::{self, Direction, Project};
use humdrum::session::{Session, Settings};
use humdrum::sql::{Body, parse_text};
use humdrum::version::PgVersion;
use libtest_mimic::{Arguments, Failed, Trial};
use pages::page::{Kind, examples};
use pages::run::{load, rules_of};

/// What a fix may bring up, and how severely at most, each with the reason.
const ARGUED: [(&str, &str, Severity); 6] = [
    // A concurrent build that failed before can wait now; how Flyway takes its lock is the project's to say, once.
    (
        "forbidden-in-transaction",
        "runner-lock-hangs",
        Severity::Note,
    ),
    ("create-index-blocking", "runner-lock-hangs", Severity::Note),
    // The error was about the same statement; that a duplicate makes it fail was not said for that reason alone.
    ("create-index-blocking", "unique-may-fail", Severity::Note),
    // In plain files, where each statement commits by itself already, CONCURRENTLY shows what a failure leaves.
    (
        "create-index-blocking",
        "concurrently-not-alone",
        Severity::Note,
    ),
    (
        "drop-index-blocking",
        "concurrently-not-alone",
        Severity::Note,
    ),
    // The error spoke of that lock too ("writes to orders and to customers wait"). NOT VALID makes it a short one.
    (
        "add-foreign-key-validated",
        "foreign-key-locks-other-table",
        Severity::Warning,
    ),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Arc::new(tempfile::tempdir().expect("a temporary directory"));
    let mut trials = Vec::new();
    for rule in humdrum::rules::all() {
        let root = Arc::clone(&root);
        let name = format!("pages::{}", rule.id().replace('-', "_"));
        trials.push(Trial::test(name, move || {
            let bad = examples(rule.page.body)?;
            for example in bad.iter().filter(|it| it.kind == Kind::Bad) {
                let major = example.versions.last().copied().unwrap_or(18);
                let case = Case {
                    load: &|texts| load(root.path(), rule.id(), example, texts),
                    config: LintConfig {
                        version: PgVersion::new(major).ok_or("an unknown version")?,
                        rules: rules_of(rule.id()),
                        one_release: example.since,
                        ..LintConfig::default()
                    },
                };
                case.holds()
                    .map_err(|failure| format!("line {}: {failure}", example.line))?;
            }
            Ok(())
        }));
    }
    for directory in directories("fixtures/layouts") {
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("layouts::{name}");
        trials.push(Trial::test(name, move || project_holds(&directory)));
    }
    trials.extend(hazards(&root));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn directories(below: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(below);
    let entries = std::fs::read_dir(folder).expect("fixtures can be read");
    let mut found: Vec<PathBuf> = entries.filter_map(|it| Some(it.ok()?.path())).collect();
    found.sort();
    found
}

fn project_holds(directory: &Path) -> Result<(), Failed> {
    let load = |texts: &Texts| {
        let options = project::Options {
            unsaved: texts.clone(),
            ..project::Options::default()
        };
        project::load(&[directory.to_path_buf()], &options)
    };
    let case = Case {
        load: &load,
        config: LintConfig::default(),
    };
    Ok(case.holds()?)
}

/// The rows of the tables as `tests/hazards.rs` reads them, each with its rule on; some rows a test.
fn hazards(root: &Arc<tempfile::TempDir>) -> Vec<Trial> {
    const ROWS: usize = 16;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hazards");
    let common = std::fs::read_to_string(folder.join("given.sql")).expect("the common schema");
    let mut trials = Vec::new();
    for table in ["locks", "objects"] {
        let path = folder.join(format!("{table}.tsv"));
        let text = std::fs::read_to_string(path).expect("a table of hazards");
        let lines: Vec<(usize, &str)> = text.lines().enumerate().skip(1).collect();
        for rows in lines.chunks(ROWS) {
            let rows: Vec<(usize, String)> = rows
                .iter()
                .filter(|(_, it)| !it.is_empty() && !it.starts_with('#'))
                .map(|(at, line)| (*at, (*line).to_owned()))
                .collect();
            let Some((first, _)) = rows.first() else {
                continue;
            };
            let (root, common) = (Arc::clone(root), common.clone());
            trials.push(Trial::test(
                format!("hazards::{table}_{}", first + 1),
                move || {
                    for (at, line) in &rows {
                        let directory = root.path().join(format!("{table}_{at}"));
                        hazard_holds(&directory, &common, line)?;
                    }
                    Ok(())
                },
            ));
        }
    }
    trials
}

fn hazard_holds(directory: &Path, common: &str, line: &str) -> Result<(), Failed> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [_, rule, postgres, given, sql] = cells.as_slice() else {
        return Err(Failed::from(format!("not a row: {line}")));
    };
    std::fs::create_dir_all(directory)?;
    let given = if *given == "-" { "" } else { given };
    let file = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, format!("{text}\n")).map(|()| path)
    };
    file("001_given.sql", common)?;
    file("002_more.sql", given)?;
    let path = file("003_hazard.sql", sql)?;
    let load = |texts: &Texts| {
        let options = project::Options {
            unsaved: texts.clone(),
            ..project::Options::default()
        };
        project::load(std::slice::from_ref(&path), &options)
    };
    let rules = match *rule {
        "silent" => BTreeMap::new(),
        rule => rules_of(rule),
    };
    let case = Case {
        load: &load,
        config: LintConfig {
            version: PgVersion::new(postgres.parse()?).ok_or("an unknown version")?,
            rules,
            ..LintConfig::default()
        },
    };
    case.holds()
        .map_err(|failure| Failed::from(format!("{sql}\n{failure}")))
}

/// Migrations and how they are judged.
struct Case<'a> {
    load: &'a dyn Fn(&Texts) -> Project,
    config: LintConfig,
}

impl Case<'_> {
    fn lint(&self, texts: &Texts) -> Outcome {
        humdrum::lint::lint(&(self.load)(texts), &self.config)
    }

    fn settled(&self, allowed: Applicability, given: &Texts) -> Settled {
        let Ok(settled) = settle(allowed, |texts| {
            let mut all = given.clone();
            all.extend(texts.clone());
            Ok::<_, Infallible>(self.lint(&all))
        });
        settled
    }

    fn holds(&self) -> Result<(), String> {
        for allowed in [Applicability::Safe, Applicability::Unsafe] {
            self.holds_for(allowed)
                .map_err(|failure| format!("{} fixes: {failure}", allowed.name()))?;
        }
        Ok(())
    }

    fn holds_for(&self, allowed: Applicability) -> Result<(), String> {
        let before = self.lint(&Texts::new());
        let settled = self.settled(allowed, &Texts::new());
        let shown = || {
            let texts: Vec<&str> = settled.texts.values().map(String::as_str).collect();
            let done: Vec<_> = settled
                .fixed
                .iter()
                .map(|it| (&it.rule, &it.title))
                .collect();
            format!("\n{done:?}\n{}", texts.join("\n=====\n"))
        };
        if settled.given_up {
            return Err(format!("they do not settle{}", shown()));
        }
        if settled.fixed.is_empty() {
            return Ok(());
        }
        let again = self.settled(allowed, &settled.texts);
        if !again.fixed.is_empty() {
            return Err(format!("a second run changes something{}", shown()));
        }
        if let Some(error) = self.unparsed(&settled.texts) {
            return Err(format!("{error}{}", shown()));
        }
        self.findings(&before, &settled, allowed)
            .map_err(|failure| format!("{failure}{}", shown()))?;
        if allowed == Applicability::Safe {
            let (was, is) = (self.schema(&Texts::new()), self.schema(&settled.texts));
            if was != is {
                return Err(format!("another schema:\n{was}\n---\n{is}{}", shown()));
            }
        }
        Ok(())
    }

    /// What was fixable is gone, and nothing else has come.
    fn findings(
        &self,
        before: &Outcome,
        settled: &Settled,
        allowed: Applicability,
    ) -> Result<(), String> {
        if settled.outcome.problems.len() > before.problems.len() {
            return Err(format!("new problems: {:?}", settled.outcome.problems));
        }
        let (was, is) = (by_rule(before), by_rule(&settled.outcome));
        let fixable = |rule: &str| {
            let own = before.findings.iter().filter(|it| it.rule == rule);
            own.filter_map(|it| it.finding.fix.as_ref())
                .filter(|fix| fix.applicability <= allowed)
                .count()
        };
        for (rule, (count, severity)) in &is {
            let had = was.get(rule).map_or(0, |it| it.0);
            if *count > had - fixable(rule).min(had) {
                let argued = settled.fixed.iter().any(|it| {
                    ARGUED.iter().any(|(fixed, new, most)| {
                        *fixed == it.rule && new == rule && severity <= most
                    })
                });
                if !argued {
                    return Err(format!(
                        "{rule} is said {count} times, it was {had}, of which {} had a fix",
                        fixable(rule)
                    ));
                }
            }
        }
        Ok(())
    }

    /// A statement that PostgreSQL's parser refuses and that the original does not have.
    fn unparsed(&self, texts: &Texts) -> Option<String> {
        let invalid = |project: &Project| -> Vec<String> {
            let migrations = project.chains.iter().flat_map(|chain| &chain.migrations);
            let scripts = migrations.flat_map(|migration| {
                migration.scripts.iter().map(|script| {
                    let text = match &script.text {
                        Some(text) => text.as_ref(),
                        None => &migration.source.text()[script.range.clone()],
                    };
                    parse_text(&migration.source, text, script.range.start)
                })
            });
            scripts
                .flat_map(|parsed| parsed.statements)
                .filter_map(|statement| match statement.body {
                    Body::Invalid(error) => Some(error.message),
                    Body::Tree(_) | Body::Skimmed(_) | Body::Psql(_) => None,
                })
                .collect()
        };
        let was = invalid(&(self.load)(&Texts::new()));
        let is = invalid(&(self.load)(texts));
        (is.len() > was.len()).then(|| format!("not parsed: {is:?}"))
    }

    /// The schema when all up migrations have run.
    fn schema(&self, texts: &Texts) -> String {
        let project = (self.load)(texts);
        let mut all = String::new();
        for chain in &project.chains {
            let mut catalog = Catalog::new();
            for migration in &chain.migrations {
                if migration.direction == Direction::Down {
                    continue;
                }
                let mut session = Session::new(self.config.version, Settings::default());
                session.transaction_id = TransactionId(1);
                for script in &migration.scripts {
                    let text = match &script.text {
                        Some(text) => text.as_ref(),
                        None => &migration.source.text()[script.range.clone()],
                    };
                    for statement in parse_text(&migration.source, text, 0).statements {
                        if let Body::Tree(node) = &statement.body {
                            catalog.apply(node, &session);
                            session.after(node, &mut catalog);
                        }
                    }
                }
            }
            all += &dump::dump(&catalog);
        }
        all
    }
}

/// How often each rule speaks, and how severely at most.
fn by_rule(outcome: &Outcome) -> BTreeMap<String, (usize, Severity)> {
    let mut counts = BTreeMap::new();
    for found in &outcome.findings {
        let entry = counts
            .entry(found.rule.clone())
            .or_insert((0, found.severity));
        entry.0 += 1;
        entry.1 = found.severity.max(entry.1);
    }
    counts
}
