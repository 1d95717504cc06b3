//! Checks INSERT ... VALUES statements of any length some rows at a time: the parser needs about
//! thirty times a text's size in memory.

use std::ops::Range;

use super::scan::{Kind, Scanner};
use super::tree::{self, Refusal};

/// Rows are checked together until they are this long, in bytes.
const TOGETHER: usize = 64 << 10;

/// Whether PostgreSQL's parser accepts the statement.
pub fn check(text: &str) -> Result<(), Refusal> {
    let parts = rows_together(text);
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return tree::check(text);
    };
    let rest = &text[last.end..];
    let around = tree::check(&[&text[..first.end], rest].concat());
    let after = match around {
        Err(Refusal::Syntax(message, at)) if at >= first.end => {
            Err(Refusal::Syntax(message, at - first.end + last.end))
        }
        otherwise => {
            otherwise?;
            Ok(())
        }
    };
    for rows in &parts[1..] {
        check_rows(text, rows.clone())?;
    }
    after
}

fn check_rows(text: &str, rows: Range<usize>) -> Result<(), Refusal> {
    const VALUES: &str = "VALUES ";
    let start = rows.start;
    tree::check(&[VALUES, &text[rows]].concat()).map_err(|refusal| match refusal {
        Refusal::Syntax(message, at) => {
            Refusal::Syntax(message, (at + start).saturating_sub(VALUES.len()))
        }
        Refusal::TooDeep => Refusal::TooDeep,
    })
}

/// The rows after VALUES, those that are checked together as one range, without the comma at its
/// end. Empty if the statement has no such rows.
fn rows_together(text: &str) -> Vec<Range<usize>> {
    let mut scanner = Scanner::new(text);
    let mut parts: Vec<Range<usize>> = Vec::new();
    if !skip_to_values(text, &mut scanner) {
        return parts;
    }
    while let Some(row) = row(&mut scanner) {
        match parts.last_mut() {
            Some(part) if part.len() < TOGETHER => part.end = row.end,
            _ => parts.push(row),
        }
        if scanner
            .next_code()
            .is_none_or(|token| token.kind != Kind::Comma)
        {
            break;
        }
    }
    parts
}

/// Moves past the first VALUES outside parentheses.
fn skip_to_values(text: &str, scanner: &mut Scanner) -> bool {
    let mut depth = 0usize;
    while let Some(token) = scanner.next_code() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Word if depth == 0 && token.is(text, "values") => return true,
            _ => {}
        }
    }
    false
}

/// A balanced pair of parentheses, if one comes next.
fn row(scanner: &mut Scanner) -> Option<Range<usize>> {
    let open = scanner
        .next_code()
        .filter(|token| token.kind == Kind::Open)?;
    let mut depth = 1usize;
    loop {
        let token = scanner.next_code()?;
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open.start..token.end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{check, rows_together};
    use crate::sql::tree::Refusal;

    fn statement(rows: &str, end: &str) -> String {
        let many = "(1, 'a, b)', f(2, (3))),\n".repeat(4_000);
        format!("INSERT INTO t (a, b) VALUES {many}{rows}{many}(1) {end}")
    }

    fn offset(text: &str) -> usize {
        match check(text) {
            Err(Refusal::Syntax(_, at)) => at,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rows_are_cut_between_rows() {
        let text = statement("", "ON CONFLICT DO NOTHING;");
        let parts = rows_together(&text);
        assert!(parts.len() > 2);
        for part in &parts {
            assert!(text[part.clone()].starts_with("(1") && text[part.clone()].ends_with(')'));
        }
        assert_eq!(check(&text), Ok(()));
    }

    #[test]
    fn an_error_is_found_where_it_is() {
        for broken in ["(1 2),", "(),", "(1, FROM),", "(DEFAULT), 1,", "(2) (3),"] {
            let text = statement(broken, "RETURNING *");
            let at = text.find(broken).unwrap();
            let found = offset(&text);
            assert!(
                (at..at + broken.len()).contains(&found),
                "{broken}: {found}"
            );
        }
        let text = statement("", "ON CONFLICT SO NOTHING");
        assert_eq!(offset(&text), text.find("SO").unwrap());
        let text = statement("", "").replacen("INTO t", "ONTO t", 1);
        assert_eq!(offset(&text), text.find("ONTO").unwrap());
        let text = statement("(1", "");
        assert_eq!(offset(&text), text.find("(1(1").unwrap() + 2);
    }

    #[test]
    fn other_statements_are_checked_as_a_whole() {
        assert_eq!(check("INSERT INTO t SELECT 1"), Ok(()));
        assert_eq!(offset("INSERT INTO t SELECT FROM FROM"), 26);
    }
}
