//! Versions in file names, and the order they give.

use std::cmp::Ordering;

/// Compares two relative paths component by component: by the version numbers at their beginning,
/// then naturally. `9` comes before `10`, `V1` before `V1_1` before `V1_10`, and names with a
/// version before names without one.
pub fn compare(a: &str, b: &str) -> Ordering {
    let mut left = a.split('/');
    let mut right = b.split('/');
    loop {
        match (left.next(), right.next()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) => match compare_names(one, other) {
                Ordering::Equal => {}
                decided => return decided,
            },
        }
    }
}

fn compare_names(a: &str, b: &str) -> Ordering {
    let (left, right) = (Version::of(a), Version::of(b));
    match (left.numbers.is_empty(), right.numbers.is_empty()) {
        (false, true) => Ordering::Less,
        (true, false) => Ordering::Greater,
        (true, true) | (false, false) => left.compare_numbers(&right).then_with(|| natural(a, b)),
    }
}

/// The version numbers of a name without leading zeros, so that equal versions are equal texts.
pub fn version_numbers(name: &str) -> Option<String> {
    let numbers = Version::of(name).numbers;
    let plain: Vec<&str> = numbers
        .iter()
        .map(|it| it.trim_start_matches('0'))
        .collect();
    (!plain.is_empty()).then(|| plain.join("."))
}

/// The version as it is written at the beginning of a file name: `003`, `20240102030405`, `1.10`,
/// `1_10` (where `__` or the end follows), `2024-01-02-030405`. None for a name without one.
pub fn version(name: &str) -> Option<&str> {
    let start = prefix(name);
    let rest = &name[start..];
    let first = digits(rest);
    if first == 0 {
        return None;
    }
    let dated = dashed_date(rest);
    if dated > 0 {
        return Some(&rest[..dated]);
    }
    let dotted = first + more_numbers(&rest[first..], ".");
    let scored = first + more_numbers(&rest[first..], "._");
    let closed = rest[scored..].is_empty() || rest[scored..].starts_with("__");
    Some(&rest[..if closed { scored } else { dotted }])
}

struct Version<'a> {
    numbers: Vec<&'a str>,
}

impl<'a> Version<'a> {
    fn of(name: &'a str) -> Self {
        let rest = &name[prefix(name)..];
        let first = digits(rest);
        if first == 0 {
            return Version {
                numbers: Vec::new(),
            };
        }
        let end = first + more_numbers(&rest[first..], "._-");
        Version {
            numbers: rest[..end].split(['.', '_', '-']).collect(),
        }
    }

    fn compare_numbers(&self, other: &Self) -> Ordering {
        let pairs = self.numbers.iter().zip(&other.numbers);
        pairs
            .map(|(a, b)| compare_digits(a, b))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| self.numbers.len().cmp(&other.numbers.len()))
    }
}

/// The length of a letter that stands before a version number: the `V` of `V1__x`, the `v` of `v1.2`.
fn prefix(name: &str) -> usize {
    let mut bytes = name.bytes();
    let letter = bytes.next().is_some_and(|byte| b"VvUuBb".contains(&byte));
    let number = bytes.next().is_some_and(|byte| byte.is_ascii_digit());
    usize::from(letter && number)
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The length of `<separator><digits>` groups at the beginning, each ended by a separator, a blank
/// or the end: the `2` of `1_2fa_login` is no version number.
fn more_numbers(text: &str, separators: &str) -> usize {
    let mut end = 0;
    loop {
        let rest = &text[end..];
        if !rest.starts_with(|first| separators.contains(first)) {
            return end;
        }
        let length = digits(&rest[1..]);
        let after = &rest[1 + length..];
        let whole = after.is_empty() || after.starts_with(['.', '_', '-', ' ']);
        if length == 0 || !whole {
            return end;
        }
        end += 1 + length;
    }
}

/// `2024-01-02-030405` or `2021-01-5`, with an optional counter: the date format of Diesel's directories.
fn dashed_date(text: &str) -> usize {
    let end = digits(text) + more_numbers(&text[digits(text)..], "-");
    let groups: Vec<usize> = text[..end].split('-').map(str::len).collect();
    match groups.as_slice() {
        [4, 2, 1 | 2] | [4, 2, 1 | 2, 6] | [4, 2, 1 | 2, 6, 4] => end,
        _ => 0,
    }
}

/// Digits compare as numbers, everything else character by character. Names that differ only in
/// leading zeros are still told apart, so that sorting never depends on the order of the input.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while let (Some(one), Some(other)) = (left.chars().next(), right.chars().next()) {
        if one.is_ascii_digit() && other.is_ascii_digit() {
            let (first, second) = (digits(left), digits(right));
            match compare_digits(&left[..first], &right[..second]) {
                Ordering::Equal => (left, right) = (&left[first..], &right[second..]),
                decided => return decided,
            }
            continue;
        }
        if one != other {
            return one.cmp(&other);
        }
        (left, right) = (&left[one.len_utf8()..], &right[other.len_utf8()..]);
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

fn compare_digits(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{compare, natural, version, version_numbers};
    use std::cmp::Ordering;

    fn sorted(mut names: Vec<&str>) -> Vec<&str> {
        names.sort_by(|a, b| compare(a, b));
        names
    }

    #[test]
    fn numbers_compare_as_numbers() {
        assert_eq!(sorted(vec!["10", "9", "1"]), ["1", "9", "10"]);
        assert_eq!(sorted(vec!["010_x", "9_x"]), ["9_x", "010_x"]);
        assert_eq!(
            sorted(vec![
                "V102__c", "V049__b", "V1_10__a", "V1_2__a", "V1__a", "V1_1__z"
            ]),
            [
                "V1__a", "V1_1__z", "V1_2__a", "V1_10__a", "V049__b", "V102__c"
            ]
        );
        assert_eq!(
            sorted(vec!["1.10.0", "1.9.1", "1.9"]),
            ["1.9", "1.9.1", "1.10.0"]
        );
    }

    #[test]
    fn a_number_longer_than_any_integer_still_compares() {
        let long = "9".repeat(60);
        assert_eq!(
            compare(&long, &format!("1{}", "0".repeat(60))),
            Ordering::Less
        );
    }

    #[test]
    fn nested_paths_compare_component_by_component() {
        assert_eq!(
            sorted(vec!["10_b/up", "9_a/up", "v1.10/1", "v1.9/2"]),
            ["v1.9/2", "v1.10/1", "9_a/up", "10_b/up"]
        );
    }

    #[test]
    fn versions_come_before_names_without_one() {
        assert_eq!(
            sorted(vec!["base", "2_b", "V1__a"]),
            ["V1__a", "2_b", "base"]
        );
    }

    #[test]
    fn names_that_differ_only_in_zeros_are_told_apart() {
        assert_eq!(natural("01_a", "1_a"), Ordering::Less);
        assert_eq!(natural("1_a", "1_a"), Ordering::Equal);
    }

    #[test]
    fn the_version_is_what_the_name_says() {
        for (name, expected) in [
            ("003_add_users", Some("003")),
            ("20240102030405_x", Some("20240102030405")),
            ("V1_10__x", Some("1_10")),
            ("V1__x", Some("1")),
            ("1_10", Some("1_10")),
            ("1.10-x", Some("1.10")),
            ("001_2fa_login", Some("001")),
            ("001_2024_report", Some("001")),
            ("2024-01-02-030405_x", Some("2024-01-02-030405")),
            ("2024-01-02-030405-0000_x", Some("2024-01-02-030405-0000")),
            ("2021-01-5_x", Some("2021-01-5")),
            ("views", None),
            ("validate", None),
            ("", None),
        ] {
            assert_eq!(version(name), expected, "{name}");
        }
    }

    #[test]
    fn the_same_version_is_the_same_number() {
        let same = |a, b| version_numbers(a) == version_numbers(b);
        assert!(same("001_create", "1_drop"));
        assert!(!same("1_create", "1_1_create"));
        assert!(!same("0_create", "create"));
        assert_eq!(version_numbers("create"), None);
    }

    proptest! {
        // Sorting may panic where this does not hold.
        #[test]
        fn comparing_is_a_total_order(
            names in proptest::collection::vec("[Vv]?[0-9]{0,3}[-._/]?[0-9a]{0,2}[._]?[a-c0]{0,2}", 3)
        ) {
            let [a, b, c] = [&names[0], &names[1], &names[2]];
            prop_assert_eq!(compare(a, b), compare(b, a).reverse());
            prop_assert_eq!(compare(a, b) == Ordering::Equal, a == b);
            if compare(a, b).is_le() && compare(b, c).is_le() {
                prop_assert!(compare(a, c).is_le(), "{} {} {}", a, b, c);
            }
        }
    }
}
