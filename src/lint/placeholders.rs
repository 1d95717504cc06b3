//! Findings speak of a placeholder as the file writes it, not of the name that stands in for it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::finding::Finding;
use crate::catalog::truncate_name;
use crate::source::Source;
use crate::sql::{Parsed, in_bodies, stand_in_name};

/// Names this short could be somebody's own.
const SHORTEST: usize = 5;

/// The names that stand in for a file's placeholders, each with the text of the placeholder.
#[derive(Debug, Default)]
pub struct Placeholders(BTreeMap<String, String>);

impl Placeholders {
    pub fn add(&mut self, source: &Source, scripts: &[Parsed]) {
        let text = |range: &Range<usize>| source.text().get(range.clone());
        let statements = scripts.iter().flat_map(|script| &script.statements);
        let outside = statements
            .clone()
            .flat_map(|statement| &statement.placeholders)
            .filter_map(text);
        let inside = statements
            .filter_map(|statement| text(&statement.span))
            .filter(|text| text.contains('$'))
            .flat_map(in_bodies);
        for original in outside.chain(inside) {
            let name = truncate_name(&stand_in_name(original)).to_owned();
            if name.len() >= SHORTEST {
                self.0.insert(name, original.to_owned());
            }
        }
    }

    /// Writes the placeholders back into everything that a person reads. New text that is made of such a name would not
    /// be what the file means: no fix then.
    pub fn write_back(&self, finding: &mut Finding) {
        if self.0.is_empty() {
            return;
        }
        let made_of = |text: &str| self.0.keys().any(|name| text.contains(name.as_str()));
        finding.fix = finding
            .fix
            .take()
            .filter(|fix| !fix.edits.iter().any(|edit| made_of(&edit.text)));
        if let Some(fix) = &mut finding.fix {
            self.in_text(&mut fix.title);
        }
        self.in_text(&mut finding.message);
        self.in_text(&mut finding.label);
        for (_, label) in &mut finding.labels {
            self.in_text(label);
        }
        if let Some(help) = &mut finding.help {
            self.in_text(help);
        }
        for step in finding
            .recipe
            .iter_mut()
            .flat_map(|recipe| &mut recipe.steps)
        {
            self.in_text(&mut step.title);
            self.in_text(&mut step.sql);
        }
    }

    fn in_text(&self, text: &mut String) {
        for (name, original) in &self.0 {
            if text.contains(name.as_str()) {
                *text = text.replace(name.as_str(), original);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Placeholders;
    use crate::lint::Finding;
    use crate::source::Source;
    use crate::sql::parse_script;

    #[test]
    fn messages_name_the_placeholder() {
        let text = "ALTER TABLE {{ index .Options \"Namespace\" }}.users ADD a int; DROP TABLE ${Prefix}users";
        let source = Source::new("1.sql", text);
        let parsed = [parse_script(&source, 0..text.len())];
        let mut placeholders = Placeholders::default();
        placeholders.add(&source, &parsed);
        let mut finding = Finding::new(
            0..1,
            "___index__options__namespace____.users",
            "reads of __prefix_users wait",
        );
        placeholders.write_back(&mut finding);
        assert_eq!(finding.label, "{{ index .Options \"Namespace\" }}.users");
        assert_eq!(finding.message, "reads of ${Prefix}users wait");
    }

    #[test]
    fn placeholders_inside_a_block_are_written_back() {
        let text = "DO $$ BEGIN UPDATE {{ index .Options \"Namespace\" }}.users SET a = 1; END $$";
        let source = Source::new("1.sql", text);
        let parsed = [parse_script(&source, 0..text.len())];
        let mut placeholders = Placeholders::default();
        placeholders.add(&source, &parsed);
        let mut finding = Finding::new(0..1, "___index__options__namespace____.users", "");
        placeholders.write_back(&mut finding);
        assert_eq!(finding.label, "{{ index .Options \"Namespace\" }}.users");
    }
}
