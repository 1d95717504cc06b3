//! The page of a rule: flat front matter, then Markdown.

use super::finding::Severity;
use crate::fix::Applicability;

/// A rule's page (design.md section 5).
#[derive(Debug, Clone)]
pub struct Page {
    /// `create-index-blocking`
    pub id: String,
    /// None: the rule is off unless it is selected.
    pub severity: Option<Severity>,
    pub category: Category,
    /// The humdrum version that brought it.
    pub since: String,
    /// The PostgreSQL versions it is about, as written: `12+`, `18+`.
    pub postgres: String,
    /// The first heading: the consequence.
    pub title: String,
    /// The Markdown after the front matter.
    pub body: &'static str,
    /// What the fixes of its findings are, as the `sql fixed` blocks of the page show them; none where it has no fix.
    pub fix: Option<Applicability>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    Locking,
    Transaction,
    Data,
    Compatibility,
    Backfill,
    Rollback,
    Index,
    Security,
    Style,
    Check,
}

impl Category {
    pub const ALL: [Category; 10] = [
        Category::Locking,
        Category::Transaction,
        Category::Data,
        Category::Compatibility,
        Category::Backfill,
        Category::Rollback,
        Category::Index,
        Category::Security,
        Category::Style,
        Category::Check,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Category::Locking => "locking",
            Category::Transaction => "transaction",
            Category::Data => "data",
            Category::Compatibility => "compatibility",
            Category::Backfill => "backfill",
            Category::Rollback => "rollback",
            Category::Index => "index",
            Category::Security => "security",
            Category::Style => "style",
            Category::Check => "check",
        }
    }
}

impl Page {
    /// # Errors
    /// A sentence that names what is missing or unknown in the front matter.
    pub fn parse(file_name: &str, text: &'static str) -> Result<Page, String> {
        let text = text
            .strip_prefix("---\n")
            .ok_or("the page must begin with front matter between `---` lines")?;
        let (front, body) = text
            .split_once("\n---\n")
            .ok_or("the front matter has no closing `---` line")?;
        let mut severity = None;
        let mut category = None;
        let mut since = None;
        let mut postgres = None;
        for line in front.lines() {
            let (key, value) = line
                .split_once(": ")
                .ok_or_else(|| format!("`{line}` is not `key: value`"))?;
            let value = value.trim();
            match key {
                "severity" => severity = Some(parse_severity(value)?),
                "category" => category = Some(parse_category(value)?),
                "since" => since = Some(value.to_owned()),
                "postgres" => postgres = Some(value.to_owned()),
                _ => return Err(format!("unknown key `{key}` in the front matter")),
            }
        }
        let title = body
            .lines()
            .find_map(|line| line.strip_prefix("# "))
            .ok_or("the page has no `# ` heading")?;
        Ok(Page {
            id: file_name.replace('_', "-"),
            severity: severity.ok_or("`severity` is missing in the front matter")?,
            category: category.ok_or("`category` is missing in the front matter")?,
            since: since.ok_or("`since` is missing in the front matter")?,
            postgres: postgres.ok_or("`postgres` is missing in the front matter")?,
            title: title.trim().to_owned(),
            fix: fix(body),
            body,
        })
    }
}

/// The safest fix that the page shows: ` ```sql fixed `, or ` ```sql fixed unsafe `.
fn fix(body: &str) -> Option<Applicability> {
    let fences = body
        .lines()
        .filter_map(|line| line.strip_prefix("```sql fixed"));
    let shown = fences.map(|rest| match rest.contains("unsafe") {
        true => Applicability::Unsafe,
        false => Applicability::Safe,
    });
    shown.min()
}

fn parse_severity(value: &str) -> Result<Option<Severity>, String> {
    match value {
        "error" => Ok(Some(Severity::Error)),
        "warning" => Ok(Some(Severity::Warning)),
        "note" => Ok(Some(Severity::Note)),
        "off" => Ok(None),
        _ => Err(format!(
            "severity `{value}` is none of error, warning, note, off"
        )),
    }
}

fn parse_category(value: &str) -> Result<Category, String> {
    Category::ALL
        .into_iter()
        .find(|category| category.name() == value)
        .ok_or_else(|| format!("unknown category `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn a_page_without_a_closing_line_is_refused() {
        let error = Page::parse("x", "---\nseverity: error\n# T\n").unwrap_err();
        assert!(error.contains("closing"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = Page::parse("x", "---\nseverty: error\n---\n# T\n").unwrap_err();
        assert!(error.contains("`severty`"), "{error}");
    }
}
