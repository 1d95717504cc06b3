//! Findings for people: miette's drawing of the place, the advice, the recipe.

use std::fmt;
use std::io::{self, Write};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use miette::{ThemeCharacters, ThemeStyles};

use super::excerpt::Excerpt;
use super::order::sorted;
use super::range::slashed;
use super::summary::option;
use super::{Run, Screen, clean, summary};
use crate::lint::{Place, Recipe, Reported, Severity, Step, StepTransaction};

/// Every finding with its place, then the paths that could not be checked, then the summary.
///
/// # Errors
/// What writing to `out` answers.
pub fn text(run: &Run<'_>, screen: Screen, out: &mut impl Write) -> io::Result<()> {
    let findings = sorted(run.outcome);
    let handler = handler(screen);
    let mut drawn = String::new();
    for reported in &findings {
        drawn.clear();
        draw(reported, screen, &handler, &mut drawn).map_err(io::Error::other)?;
        writeln!(out, "{drawn}")?;
    }
    for problem in &run.outcome.problems {
        writeln!(
            out,
            "{}: {}: {}\n",
            screen.severity(Severity::Error, "error"),
            clean::line(&slashed(&problem.path)),
            clean::line(&problem.message)
        )?;
    }
    // Of equals, the first.
    if let Some(worst) = findings.iter().rev().max_by_key(|it| it.severity) {
        let hint = format!("About a rule: humdrum explain {}", worst.rule);
        writeln!(out, "{}", screen.dim(hint))?;
    }
    writeln!(out, "{}", screen.bold(summary(run)))
}

/// Set up once: its theme owns strings.
fn handler(screen: Screen) -> GraphicalReportHandler {
    let theme = GraphicalTheme {
        characters: if screen.unicode {
            ThemeCharacters::unicode()
        } else {
            ThemeCharacters::ascii()
        },
        styles: if screen.color {
            ThemeStyles::ansi()
        } else {
            ThemeStyles::none()
        },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(screen.width)
        .with_links(false)
        .without_syntax_highlighting()
        .without_cause_chain()
}

fn draw(
    reported: &Reported,
    screen: Screen,
    handler: &GraphicalReportHandler,
    out: &mut String,
) -> fmt::Result {
    use fmt::Write;
    let kind = format!("{}[{}]", reported.severity.name(), reported.rule);
    writeln!(out, "{}", screen.severity(reported.severity, kind))?;
    handler.render_report(out, &View::new(reported, screen.width))?;
    if let Some(fix) = &reported.finding.fix {
        let with = format!("(fixable with {})", option(fix));
        let with = screen.dim(with);
        writeln!(
            out,
            "  {} {} {with}",
            screen.cyan("fix:"),
            clean::line(&fix.title)
        )?;
    }
    if let Some(recipe) = &reported.finding.recipe {
        draw_recipe(recipe, screen, out)?;
    }
    Ok(())
}

/// As many lines of a step's SQL as a person reads here, and as many in a whole recipe.
const STEP_LINES: usize = 3;
const RECIPE_LINES: usize = 16;

fn draw_recipe(recipe: &Recipe, screen: Screen, out: &mut String) -> fmt::Result {
    use fmt::Write;
    let place = match recipe.place {
        Place::Instead => "",
        Place::Before => "before this: ",
        Place::After => "after this: ",
    };
    writeln!(
        out,
        "  {} {place}{}",
        screen.cyan("recipe:"),
        clean::line(&recipe.title)
    )?;
    let mut room = RECIPE_LINES;
    let mut cut = false;
    for (index, step) in recipe.steps.iter().enumerate() {
        if room == 0 {
            let rest = recipe.steps.len() - index;
            let steps = if rest == 1 { "step" } else { "steps" };
            writeln!(out, "    and {rest} more {steps}")?;
            cut = true;
            break;
        }
        write!(out, "    {}. {}", index + 1, clean::line(&step.title))?;
        if let Some(place) = place_of(step, recipe) {
            write!(out, " {}", screen.dim(format_args!("({place})")))?;
        }
        writeln!(out)?;
        let sql = clean::lines(&step.sql);
        let lines: Vec<&str> = sql.lines().collect();
        let limit = match recipe.steps.len() {
            1 => RECIPE_LINES,
            _ => STEP_LINES,
        };
        let shown = match lines.len() {
            few if few <= limit => few,
            _ => limit - 1,
        };
        for line in &lines[..shown] {
            writeln!(out, "         {line}")?;
        }
        if shown < lines.len() {
            writeln!(out, "         ... {} more lines", lines.len() - shown)?;
            cut = true;
        }
        room = room.saturating_sub(1 + shown);
    }
    if cut {
        writeln!(
            out,
            "    {}",
            screen.dim("the whole recipe is in --format json")
        )?;
    }
    Ok(())
}

/// Where a step must run, when its title does not say so and there is more than one place.
fn place_of(step: &Step, recipe: &Recipe) -> Option<&'static str> {
    if step.title.contains("transaction") {
        return None;
    }
    match step.transaction {
        StepTransaction::None => Some("outside a transaction"),
        StepTransaction::Own if recipe.steps.len() == 1 => None,
        StepTransaction::Own => Some("in a transaction of its own"),
    }
}

/// A finding as miette sees it.
#[derive(Debug)]
struct View<'a> {
    reported: &'a Reported,
    excerpt: Excerpt,
}

impl<'a> View<'a> {
    fn new(reported: &'a Reported, width: usize) -> Self {
        let finding = &reported.finding;
        let path = clean::line(&slashed(reported.source.path())).into_owned();
        let primary = std::iter::once((&finding.span, finding.label.as_str()));
        let further = finding
            .labels
            .iter()
            .map(|(span, text)| (span, text.as_str()));
        View {
            reported,
            excerpt: Excerpt::new(&reported.source, path, width, primary.chain(further)),
        }
    }
}

impl fmt::Display for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&clean::lines(&self.reported.finding.message))
    }
}

impl std::error::Error for View<'_> {}

impl Diagnostic for View<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.reported.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let help = self.reported.finding.help.as_deref()?;
        Some(Box::new(clean::lines(help)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.excerpt.labels()))
    }
}
