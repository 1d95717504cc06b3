//! Which recipes there are to prove.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use humdrum::fix::Texts;
use humdrum::lint::{LintConfig, Recipe, RuleSetting};
use humdrum::project::{Direction, Role};
use humdrum::version::PgVersion;

use crate::pages::page::{Example, Kind, examples};
use crate::pages::run;

/// An example with the statement that its recipe replaces.
#[derive(Debug, Clone)]
pub struct Case {
    /// `create_index_blocking::line_12`, as the page's own tests are named.
    pub id: String,
    /// The rule whose page it stands on; `-` for the cases of `fixtures/recipes/`.
    pub rule: String,
    pub example: Example,
}

/// The way out that a finding shows.
#[derive(Debug, Clone)]
pub struct Proposal {
    pub rule: String,
    pub recipe: Recipe,
    /// The place of the finding, in `Proposals::text`.
    pub span: Range<usize>,
}

/// What humdrum proposes for a case on one version.
#[derive(Debug, Default)]
pub struct Proposals {
    /// The file under check.
    pub text: String,
    /// The parts of it that hold SQL of the up migration.
    pub scripts: Vec<Range<usize>>,
    /// Equal recipes for one place count once: several rules may have something to say of it.
    pub proposals: Vec<Proposal>,
    /// Rules that have something else to say of the example, and no recipe.
    pub others: BTreeSet<String>,
}

/// Every bad example of every page, and the cases of `fixtures/recipes/`.
///
/// # Panics
/// When a file cannot be read or is no page.
pub fn load() -> Vec<Case> {
    let mut cases = Vec::new();
    for rule in humdrum::rules::all() {
        let file = rule.page.id.replace('-', "_");
        cases.extend(bad(&file, &rule.page.id, rule.page.body));
    }
    for path in further() {
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        cases.extend(bad(&stem, "-", &text));
    }
    cases
}

fn bad(file: &str, rule: &str, markdown: &str) -> Vec<Case> {
    let found = examples(markdown).unwrap_or_else(|error| panic!("{file}: {error}"));
    found
        .into_iter()
        .filter(|example| example.kind == Kind::Bad)
        .map(|example| Case {
            id: format!("{file}::line_{}", example.line),
            rule: rule.to_owned(),
            example,
        })
        .collect()
}

fn further() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recipes");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("fixtures/recipes can be read")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    paths.sort();
    paths
}

impl Case {
    /// A case of `fixtures/recipes/` must carry a recipe; most pages' examples have none.
    pub fn must_have_one(&self) -> bool {
        self.rule == "-"
    }

    pub fn is_about(&self, major: u8) -> bool {
        // Without `pg=` an example is of the newest version, and true of the others as far as they can run it.
        self.example.versions == [18] || self.example.versions.contains(&major)
    }

    pub fn config(&self, version: PgVersion) -> LintConfig {
        let mut rules = BTreeMap::new();
        if self.rule != "-" {
            rules.insert(self.rule.clone(), RuleSetting::On);
        }
        LintConfig {
            version,
            rules,
            one_release: self.example.since,
            ..LintConfig::default()
        }
    }

    /// Lints the case in files below `root`.
    pub fn proposals(&self, root: &Path, version: PgVersion) -> Proposals {
        let folder = self.id.replace("::", "_");
        let project = run::load(root, &folder, &self.example, &Texts::new());
        let outcome = humdrum::lint::lint(&project, &self.config(version));
        let mut found = Proposals::default();
        let migrations = project.chains.iter().flat_map(|chain| &chain.migrations);
        for migration in migrations {
            if migration.role == Role::Checked && migration.direction == Direction::Up {
                migration.source.text().clone_into(&mut found.text);
                found
                    .scripts
                    .extend(migration.scripts.iter().map(|script| script.range.clone()));
            }
        }
        for reported in outcome.findings {
            let Some(recipe) = reported.finding.recipe else {
                found.others.insert(reported.rule);
                continue;
            };
            let known = found
                .proposals
                .iter()
                .any(|known| known.recipe.steps == recipe.steps);
            if !known && reported.direction == Direction::Up {
                found.proposals.push(Proposal {
                    rule: reported.rule,
                    recipe,
                    span: reported.finding.span,
                });
            }
        }
        found
    }
}
