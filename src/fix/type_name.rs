//! A column's type where it is written.

use std::ops::Range;

use pg_query::NodeEnum;

use super::Fix;
use crate::lint::Context;
use crate::lint::parts::DeclaredColumn;
use crate::sql::scan::{Kind, Scanner, Token};

impl Context<'_> {
    /// Another type for a new column. Not safe: it is another schema. None for a column that exists, and for one of a foreign
    /// key or of a key, unless the type is only written in another way: the other side would have another type.
    pub fn other_type(&self, column: &DeclaredColumn<'_>, new: &str) -> Option<Fix> {
        let is_new = matches!(
            self.node,
            NodeEnum::CreateStmt(_) | NodeEnum::CreateForeignTableStmt(_)
        ) || matches!(self.node, NodeEnum::AlterTableStmt(_))
            && !column.definition.colname.is_empty();
        let keyed = !new.contains("IDENTITY") && self.is_of_a_key(column.name);
        let written = column.definition.type_name.as_ref()?;
        let range = written_type(self.text, usize::try_from(written.location).ok()?)?;
        let possible = is_new && !keyed && written.array_bounds.is_empty() && !written.setof;
        possible.then(|| {
            Fix::unsafe_(
                format!("make it {new}"),
                self.edits(vec![(range, new.to_owned())]),
            )
        })
    }
}

impl Context<'_> {
    /// A foreign key, or a unique index that one may reference.
    fn is_of_a_key(&self, column: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name == column);
        let foreign = self.new_foreign_keys();
        let target = self.effects.locks.first().and_then(|lock| lock.target.oid);
        let mut unique = target
            .into_iter()
            .flat_map(|table| self.after.indexes_of(table))
            .filter(|index| index.unique);
        foreign.iter().any(|(_, _, key)| named(&key.columns))
            || unique.any(|index| named(&index.key_columns()))
    }
}

/// From a type's first word to its last: `integer`, `pg_catalog.int4`, `character varying(50)`, `timestamp(3) without time
/// zone`. Brackets of an array are not part of it.
fn written_type(text: &str, start: usize) -> Option<Range<usize>> {
    let mut scanner = Scanner::new(text.get(start..)?);
    let is_name = |token: &Token| matches!(token.kind, Kind::Word | Kind::QuotedName);
    let first = scanner.next_code().filter(is_name)?;
    let mut end = first.end;
    let source = &text[start..];
    let mut word = first.text(source).to_ascii_lowercase();
    loop {
        let mut ahead = scanner;
        if ahead
            .next_code()
            .is_none_or(|token| token.kind != Kind::Dot)
        {
            break;
        }
        let name = ahead.next_code().filter(is_name)?;
        word = name.text(source).to_ascii_lowercase();
        end = name.end;
        scanner = ahead;
    }
    let mut follow = |wanted: &[&str], end: &mut usize| {
        let mut ahead = scanner;
        let mut last = *end;
        for word in wanted {
            match ahead.next_code() {
                Some(token) if token.is(source, word) => last = token.end,
                Some(_) | None => return false,
            }
        }
        scanner = ahead;
        *end = last;
        true
    };
    match word.as_str() {
        "national" => {
            let _ = follow(&["character"], &mut end) || follow(&["char"], &mut end);
            follow(&["varying"], &mut end);
        }
        "character" | "char" | "nchar" | "bit" => {
            follow(&["varying"], &mut end);
        }
        "double" => {
            follow(&["precision"], &mut end);
        }
        _ => {}
    }
    let mut ahead = scanner;
    if ahead
        .next_code()
        .is_some_and(|token| token.kind == Kind::Open && token.text(source) == "(")
    {
        let close = ahead.find(|token| token.kind == Kind::Close)?;
        end = close.end;
        scanner = ahead;
    }
    if matches!(word.as_str(), "timestamp" | "time") {
        for zone in ["with", "without"] {
            let mut ahead = scanner;
            let words = [zone, "time", "zone"].map(|word| {
                let token = ahead.next_code()?;
                token.is(source, word).then_some(token.end)
            });
            if let [Some(_), Some(_), Some(last)] = words {
                end = last;
            }
        }
    }
    Some(start..start + end)
}

#[cfg(test)]
mod tests {
    use super::written_type;

    #[test]
    fn types_end_where_the_column_goes_on() {
        for (text, expected) in [
            ("integer NOT NULL", "integer"),
            ("pg_catalog . int4, b", "pg_catalog . int4"),
            (
                "character /* x */ varying (50) DEFAULT ''",
                "character /* x */ varying (50)",
            ),
            ("varchar(50)[]", "varchar(50)"),
            (
                "timestamp(3) without time zone)",
                "timestamp(3) without time zone",
            ),
            ("timestamp without oids", "timestamp"),
            ("double precision PRIMARY KEY", "double precision"),
            (
                "national character varying(3)",
                "national character varying(3)",
            ),
            ("\"char\" x", "\"char\""),
            ("char varying", "char varying"),
        ] {
            let range = written_type(text, 0).unwrap();
            assert_eq!(&text[range], expected);
        }
    }
}
