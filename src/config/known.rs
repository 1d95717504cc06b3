//! The names that a configuration may use, and the nearest one to a misspelt name.

use crate::lint::{Category, Rule};

/// The rules and layouts that exist.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub rules: &'a [Rule],
    pub layouts: &'a [&'a str],
}

impl<'a> Known<'a> {
    pub fn rule(&self, id: &str) -> Option<&'a Rule> {
        self.rules.iter().find(|rule| rule.id() == id)
    }

    pub fn rule_ids(&self) -> impl Iterator<Item = &'a str> {
        self.rules.iter().map(Rule::id)
    }

    pub fn categories(&self) -> impl Iterator<Item = &'a str> {
        Category::ALL
            .into_iter()
            .map(|category| -> &'a str { category.name() })
    }
}

/// The known name that a person most likely meant: `; did you mean ...?`, or nothing when none is near.
pub fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(known) => format!("; did you mean `{known}`?"),
        None => String::new(),
    }
}

/// The known name that a person most likely meant, when one is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase().replace('_', "-");
    let nearest = known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&wanted, known), known))
        .min();
    let near = nearest.filter(|(distance, known)| *distance <= (known.len() / 3).max(1));
    near.map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::suggestion;

    #[test]
    fn the_nearest_name_is_suggested_and_a_distant_one_is_not() {
        let known = ["pg-version", "exclude", "rules"];
        assert_eq!(
            suggestion("pg_version", known),
            "; did you mean `pg-version`?"
        );
        assert_eq!(suggestion("exlcude", known), "; did you mean `exclude`?");
        assert_eq!(suggestion("colour", known), "");
    }
}
