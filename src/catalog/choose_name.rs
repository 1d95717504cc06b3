//! The names that PostgreSQL makes up for indexes, constraints and sequences.

use super::Catalog;
use super::resolve::{MAX_NAME_LENGTH, clip};

/// `name1_name2_label`, with the longer of the two names cut until it all fits
/// (`makeObjectName` in src/backend/commands/indexcmds.c).
pub fn make_object_name(name1: &str, name2: Option<&str>, label: &str) -> String {
    let second = name2.unwrap_or("");
    let mut overhead = 0;
    if name2.is_some() {
        overhead += 1;
    }
    if !label.is_empty() {
        overhead += label.len() + 1;
    }
    let available = MAX_NAME_LENGTH.saturating_sub(overhead);
    let (mut length1, mut length2) = (name1.len(), second.len());
    while length1 + length2 > available {
        if length1 > length2 {
            length1 -= 1;
        } else {
            length2 -= 1;
        }
    }
    let mut name = clip(name1, length1).to_owned();
    if name2.is_some() {
        name.push('_');
        name.push_str(clip(second, length2));
    }
    if !label.is_empty() {
        name.push('_');
        name.push_str(label);
    }
    name
}

/// The columns' part of an index name (`ChooseIndexNameAddition`): joined by `_` until it is long enough.
pub fn index_name_addition(columns: &[String]) -> String {
    let mut joined = String::new();
    for column in columns {
        if !joined.is_empty() {
            joined.push('_');
        }
        joined.push_str(column);
        if joined.len() > MAX_NAME_LENGTH {
            break;
        }
    }
    joined
}

/// The index's column names, made distinct with numbers (`ChooseIndexColumnNames`). A key without a
/// name of its own is `expr`.
pub fn index_column_names(keys: &[Option<String>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(keys.len());
    for key in keys {
        let original = key.as_deref().unwrap_or("expr");
        let mut name = original.to_owned();
        let mut number = 1;
        while names.contains(&name) {
            let suffix = number.to_string();
            name = format!("{}{suffix}", clip(original, MAX_NAME_LENGTH - suffix.len()));
            number += 1;
        }
        names.push(name);
    }
    names
}

/// What kind of index a name is made up for; it decides the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexRole {
    PrimaryKey,
    Exclusion,
    /// Of a UNIQUE constraint.
    Unique,
    /// Of CREATE INDEX.
    Plain,
}

impl Catalog {
    /// A free name for a relation (`ChooseRelationName`). With `constraint`, no constraint of the
    /// schema has it either.
    pub fn choose_relation_name(
        &self,
        name1: &str,
        name2: Option<&str>,
        label: &str,
        schema: &str,
        constraint: bool,
    ) -> String {
        first_free(name1, name2, label, |name| {
            self.relation_name_exists(schema, name)
                || (constraint && self.constraint_name_exists(schema, name))
        })
    }

    /// A free name for a constraint (`ChooseConstraintName` in src/backend/catalog/pg_constraint.c).
    /// `others` are names that the statement has given out already.
    pub fn choose_constraint_name(
        &self,
        name1: &str,
        name2: Option<&str>,
        label: &str,
        schema: &str,
        others: &[String],
    ) -> String {
        first_free(name1, name2, label, |name| {
            others.iter().any(|other| other == name) || self.constraint_name_exists(schema, name)
        })
    }

    /// The name of an index that was given none (`ChooseIndexName` in src/backend/commands/indexcmds.c).
    pub fn choose_index_name(
        &self,
        table: &str,
        schema: &str,
        columns: &[String],
        role: IndexRole,
    ) -> String {
        let addition = index_name_addition(columns);
        let (name2, label, constraint) = match role {
            IndexRole::PrimaryKey => (None, "pkey", true),
            IndexRole::Exclusion => (Some(addition.as_str()), "excl", true),
            IndexRole::Unique => (Some(addition.as_str()), "key", true),
            IndexRole::Plain => (Some(addition.as_str()), "idx", false),
        };
        self.choose_relation_name(table, name2, label, schema, constraint)
    }
}

fn first_free(
    name1: &str,
    name2: Option<&str>,
    label: &str,
    taken: impl Fn(&str) -> bool,
) -> String {
    let mut name = make_object_name(name1, name2, label);
    let mut pass = 0;
    while taken(&name) {
        pass += 1;
        name = make_object_name(name1, name2, &format!("{label}{pass}"));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_name_is_cut_first() {
        let table = "t".repeat(60);
        assert_eq!(
            make_object_name(&table, Some("column"), "idx"),
            format!("{}_column_idx", "t".repeat(52))
        );
    }

    #[test]
    fn cutting_never_splits_a_character() {
        let table = "ä".repeat(31);
        let name = make_object_name(&table, Some("b"), "key");
        assert_eq!(name, format!("{}_b_key", "ä".repeat(28)));
    }

    #[test]
    fn repeated_index_columns_are_numbered() {
        let keys = [None, Some("a".to_owned()), None, Some("a".to_owned())];
        assert_eq!(index_column_names(&keys), ["expr", "a", "expr1", "a1"]);
    }

    #[test]
    fn a_taken_name_gets_a_number_after_its_label() {
        let mut catalog = Catalog::new();
        let name = super::super::QualifiedName::new("public", "t_a_idx");
        catalog.stub(name, super::super::RelationKind::Table);
        assert_eq!(
            catalog.choose_index_name("t", "public", &["a".to_owned()], IndexRole::Plain),
            "t_a_idx1"
        );
    }
}
