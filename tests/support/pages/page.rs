//! A rule's page as a list of examples: what is given, the SQL, what it has to show.

use humdrum::fix::Applicability;

/// A fenced example of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    pub kind: Kind,
    /// The line of the fence in the page, 1-based.
    pub line: usize,
    pub given: String,
    pub sql: String,
    /// The versions it is about; without `pg=`, the newest.
    pub versions: Vec<u8>,
    pub layout: String,
    /// The migrations before it have rollbacks.
    pub neighbours: bool,
    /// Its version, `002` where nothing is said.
    pub version: String,
    /// The given migration is released, and the example itself as this text, if it is.
    pub since: bool,
    pub released: Option<String>,
    /// What the fix of the rule makes of it.
    pub fixed: Option<Fixed>,
}

/// A `sql fixed` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    pub line: usize,
    pub sql: String,
    pub applicability: Applicability,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bad,
    Good,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Bad => "bad",
            Kind::Good => "good",
        }
    }
}

/// The examples of a page's Markdown (after the front matter), in order. `sql given` applies until the next
/// heading or the next `sql given`.
///
/// # Errors
/// A sentence for a fence that no test would run: an unknown `sql` word or attribute, a fence that is never closed.
pub fn examples(markdown: &str) -> Result<Vec<Example>, String> {
    let mut examples = Vec::new();
    let mut given = String::new();
    let mut released = None;
    let mut lines = markdown.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line.starts_with('#') {
            given.clear();
            released = None;
            continue;
        }
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let mut text = String::new();
        loop {
            match lines.next() {
                Some((_, "```")) => break,
                Some((_, line)) => {
                    text.push_str(line);
                    text.push('\n');
                }
                None => return Err(format!("the fence of line {} is never closed", at + 1)),
            }
        }
        let mut words = info.split_whitespace();
        if words.next() != Some("sql") {
            continue;
        }
        match words.next() {
            Some("given") => given = text,
            Some("fixed") => {
                let fixed = fixed(at + 1, text, words)?;
                let above: Option<&mut Example> = examples.last_mut();
                let Some(bad) = above.filter(|it| it.kind == Kind::Bad && it.fixed.is_none())
                else {
                    return Err(format!(
                        "the `sql fixed` of line {} has no `sql bad` of its own above it",
                        at + 1
                    ));
                };
                bad.fixed = Some(fixed);
            }
            Some("released") => released = Some(text),
            Some(word @ ("bad" | "good")) => {
                let kind = if word == "bad" { Kind::Bad } else { Kind::Good };
                let mut example = example(kind, at + 1, &given, text, words)?;
                example.released.clone_from(&released);
                examples.push(example);
            }
            other => {
                return Err(format!(
                    "`sql {}` in line {} is none of given, released, bad, fixed, good",
                    other.unwrap_or(""),
                    at + 1
                ));
            }
        }
    }
    Ok(examples)
}

fn fixed<'a>(
    line: usize,
    sql: String,
    attributes: impl Iterator<Item = &'a str>,
) -> Result<Fixed, String> {
    let mut applicability = Applicability::Safe;
    for attribute in attributes {
        match attribute {
            "unsafe" => applicability = Applicability::Unsafe,
            _ => return Err(format!("unknown attribute `{attribute}` in line {line}")),
        }
    }
    Ok(Fixed {
        line,
        sql,
        applicability,
    })
}

fn example<'a>(
    kind: Kind,
    line: usize,
    given: &str,
    sql: String,
    attributes: impl Iterator<Item = &'a str>,
) -> Result<Example, String> {
    let mut example = Example {
        kind,
        line,
        given: given.to_owned(),
        sql,
        versions: vec![18],
        layout: "plain".to_owned(),
        neighbours: false,
        version: "002".to_owned(),
        since: false,
        released: None,
        fixed: None,
    };
    for attribute in attributes {
        if let Some(versions) = attribute.strip_prefix("pg=") {
            let (first, last) = versions.split_once("..").unwrap_or((versions, versions));
            let (Ok(first), Ok(last)) = (first.parse::<u8>(), last.parse::<u8>()) else {
                return Err(format!(
                    "`{attribute}` in line {line} is no range of versions"
                ));
            };
            example.versions = (first..=last).collect();
        } else if let Some(layout) = attribute.strip_prefix("layout=") {
            example.layout = layout.to_owned();
        } else if let Some(version) = attribute.strip_prefix("version=") {
            example.version = version.to_owned();
        } else if attribute == "since" {
            example.since = true;
        } else if attribute == "neighbours" {
            example.neighbours = true;
        } else {
            return Err(format!("unknown attribute `{attribute}` in line {line}"));
        }
    }
    Ok(example)
}
