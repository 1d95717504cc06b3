//! Values of constants, as far as comparing and folding them needs it.

use std::cmp::Ordering;

use super::number::Number;
use super::tree::Expr;

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    /// Of the integer types, numeric and the floats.
    Number(Number),
    /// Of the string types.
    Text(String),
    /// Of date, timestamp and timestamptz: microseconds since 1970, UTC for timestamptz.
    Moment(i64),
    /// Of uuid and bytea, which are ordered byte by byte.
    Bytes(Vec<u8>),
    /// What a literal of another type says.
    Written(String),
    Array(Vec<Value>),
    /// A literal that its type refuses: SQLSTATE and message.
    Refused(&'static str, String),
    /// PostgreSQL computes it while planning; here it is only known what it is computed from. It may be NULL.
    Computed(Box<Expr>),
}

impl Value {
    /// The value that a literal's text has as one of a built-in type. Spellings that are not understood stay
    /// as they are written.
    ///
    /// `at_utc` says that the session's time zone is UTC, so that `timestamptz` without a zone can be told.
    pub fn read(text: &str, type_name: &str, at_utc: bool) -> Value {
        let trimmed = text.trim();
        let read = match type_name {
            "int2" | "int4" | "int8" | "oid" | "numeric" | "float4" | "float8" => {
                Number::read(trimmed).map(Value::Number)
            }
            "bool" => read_boolean(trimmed).map(Value::Boolean),
            "text" | "varchar" | "name" | "citext" => Some(Value::Text(text.to_owned())),
            "bpchar" => Some(Value::Text(text.trim_end_matches(' ').to_owned())),
            "date" | "timestamp" => read_moment(trimmed).and_then(|(moment, zone)| {
                // A zone is read and ignored by timestamp; not worth following.
                zone.is_none().then_some(Value::Moment(moment))
            }),
            "timestamptz" => read_moment(trimmed).and_then(|(moment, zone)| match zone {
                Some(offset) => moment.checked_sub(offset).map(Value::Moment),
                None if at_utc || is_infinite(moment) => Some(Value::Moment(moment)),
                None => None,
            }),
            "uuid" => read_uuid(trimmed).map(Value::Bytes),
            "bytea" => text
                .strip_prefix("\\x")
                .and_then(read_hex)
                .map(Value::Bytes),
            _ => None,
        };
        read.unwrap_or_else(|| Value::Written(text.to_owned()))
    }

    /// How a btree operator class orders two values of comparable types; None when it cannot be told.
    /// `collated` says that text may be ordered by a locale's rules.
    pub fn compare(&self, other: &Value, collated: bool) -> Option<Ordering> {
        match (self, other) {
            (Value::Boolean(left), Value::Boolean(right)) => Some(left.cmp(right)),
            (Value::Number(left), Value::Number(right)) => left.compare(right),
            (Value::Moment(left), Value::Moment(right)) => Some(left.cmp(right)),
            (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
            (Value::Text(left), Value::Text(right)) => compare_text(left, right, collated),
            (Value::Written(left), Value::Written(right)) if left == right => Some(Ordering::Equal),
            _ => None,
        }
    }

    /// Whether two values of one type are equal; None when it cannot be told.
    pub fn equals(&self, other: &Value) -> Option<bool> {
        match (self, other) {
            (Value::Text(left), Value::Text(right)) => Some(left == right),
            _ => Some(self.compare(other, false)? == Ordering::Equal),
        }
    }
}

/// Locales agree with the order of bytes on lower case letters and digits.
fn compare_text(left: &str, right: &str, collated: bool) -> Option<Ordering> {
    let simple = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if left == right {
        return Some(Ordering::Equal);
    }
    (!collated || (simple(left) && simple(right))).then(|| left.cmp(right))
}

/// `parse_bool_with_len` in src/backend/utils/adt/bool.c: unique prefixes count.
pub fn read_boolean(text: &str) -> Option<bool> {
    let text = text.to_ascii_lowercase();
    let prefix_of = |words: &[&str]| {
        !text.is_empty()
            && words
                .iter()
                .any(|word| word.starts_with(&text) && (!word.starts_with('o') || text.len() > 1))
    };
    if prefix_of(&["true", "yes", "on", "1"]) {
        Some(true)
    } else if prefix_of(&["false", "no", "off", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// `string_to_uuid` in src/backend/utils/adt/uuid.c: braces around, and a hyphen behind any four digits, may be left out.
fn read_uuid(text: &str) -> Option<Vec<u8>> {
    let inner = match text.strip_prefix('{') {
        Some(inner) => inner.strip_suffix('}')?,
        None => text,
    };
    let mut digits = String::with_capacity(32);
    for character in inner.chars() {
        match character {
            '-' if digits.len().is_multiple_of(4) && !digits.is_empty() && digits.len() < 32 => {}
            digit => digits.push(digit),
        }
    }
    read_hex(&digits).filter(|bytes| bytes.len() == 16)
}

fn read_hex(digits: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(value(*high)? * 16 + value(*low)?).ok(),
            _ => None,
        })
        .collect()
}

fn is_infinite(moment: i64) -> bool {
    moment == i64::MAX || moment == i64::MIN
}

/// ISO 8601 dates and times: microseconds since 1970, and the zone's offset in microseconds if one is given.
fn read_moment(text: &str) -> Option<(i64, Option<i64>)> {
    match text.to_ascii_lowercase().as_str() {
        "infinity" | "+infinity" => return Some((i64::MAX, None)),
        "-infinity" => return Some((i64::MIN, None)),
        _ => {}
    }
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, time.trim()),
        None => (text, ""),
    };
    let day = read_date(date)?;
    let (clock, zone) = split_zone(time);
    let time = read_time(clock)?;
    let zone = match zone {
        Some(zone) => Some(read_zone(zone)?),
        None => None,
    };
    Some((day.checked_mul(86_400_000_000)?.checked_add(time)?, zone))
}

/// Days since 1970-01-01 of `YYYY-MM-DD` or `YYYYMMDD`.
fn read_date(text: &str) -> Option<i64> {
    let all_digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (year, month, day): (i64, i64, i64) = if all_digits {
        (
            text[..4].parse().ok()?,
            text[4..6].parse().ok()?,
            text[6..].parse().ok()?,
        )
    } else {
        let mut parts = text.split(['-', '/']);
        let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
        let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        parts.next().is_none().then_some((year, month, day))?
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days from civil, counting years from March so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn split_zone(time: &str) -> (&str, Option<&str>) {
    match time.find(['+', '-', 'Z', 'z', 'U', 'u']) {
        Some(at) => (time[..at].trim_end(), Some(&time[at..])),
        None => (time, None),
    }
}

/// Microseconds of `HH:MM[:SS[.ffffff]]`; nothing is midnight.
fn read_time(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let mut parts = text.split(':');
    let hour: i64 = parts.next()?.parse().ok()?;
    let minute: i64 = parts.next()?.parse().ok()?;
    let seconds = parts.next().unwrap_or("0");
    if parts.next().is_some() || !(0..=24).contains(&hour) || !(0..60).contains(&minute) {
        return None;
    }
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let second: i64 = second
        .parse()
        .ok()
        .filter(|second| (0..=60).contains(second))?;
    let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
    Some(((hour * 60 + minute) * 60 + second) * 1_000_000 + micros)
}

/// Microseconds east of UTC.
fn read_zone(text: &str) -> Option<i64> {
    if matches!(text.to_ascii_lowercase().as_str(), "z" | "utc") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let mut parts = text[1..].split(':');
    let hours: i64 = parts
        .next()?
        .parse()
        .ok()
        .filter(|hours| (0..=15).contains(hours))?;
    let minutes: i64 = match parts.next() {
        Some(minutes) => minutes.parse().ok()?,
        None => 0,
    };
    parts
        .next()
        .is_none()
        .then_some(sign * (hours * 60 + minutes) * 60_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_become_moments() {
        let read = |text, ty| Value::read(text, ty, false);
        assert_eq!(read("1970-01-02", "date"), Value::Moment(86_400_000_000));
        assert_eq!(
            read("2024-03-01 00:00:00", "timestamp"),
            read("2024-03-01", "date")
        );
        assert_eq!(
            read("2024-03-01 02:00+02", "timestamptz"),
            Value::Moment(1_709_251_200_000_000)
        );
        assert_eq!(
            read("2024-03-01", "timestamptz"),
            Value::Written("2024-03-01".to_owned())
        );
        assert_eq!(read("now", "timestamptz"), Value::Written("now".to_owned()));
    }

    #[test]
    fn every_spelling_of_a_uuid_is_one_value() {
        let read = |text: &str, ty: &str| Value::read(text, ty, false);
        let usual = read("20000000-0000-0000-0000-00000000000a", "uuid");
        assert_eq!(usual, read("{2000000000000000000000000000000A}", "uuid"));
        assert_eq!(
            usual,
            read("2000-0000-0000-0000-0000-0000-0000-000a", "uuid")
        );
        assert!(matches!(read("2000", "uuid"), Value::Written(_)));
        let larger = read("2f000000-0000-0000-0000-000000000000", "uuid");
        assert_eq!(usual.compare(&larger, true), Some(Ordering::Less));
    }

    #[test]
    fn booleans_are_read_by_prefix() {
        for (text, value) in [("t", true), ("YES", true), ("of", false), ("0", false)] {
            assert_eq!(Value::read(text, "bool", false), Value::Boolean(value));
        }
        assert_eq!(
            Value::read("o", "bool", false),
            Value::Written("o".to_owned())
        );
    }

    #[test]
    fn text_in_an_unknown_locale_is_compared_only_where_locales_agree() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(text("a1").compare(&text("b"), true), Some(Ordering::Less));
        assert_eq!(text("B").compare(&text("a"), true), None);
        assert_eq!(text("B").compare(&text("a"), false), Some(Ordering::Less));
        assert_eq!(text("B").equals(&text("a")), Some(false));
    }
}
