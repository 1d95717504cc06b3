//! Durations as PostgreSQL writes them: `500ms`, `5s`, `1min`.

use std::time::Duration;

/// Reads a whole number with one of PostgreSQL's units of time: `us`, `ms`, `s`, `min`, `h`, `d`.
/// A bare number is refused, since PostgreSQL's own unit for it differs from setting to setting.
///
/// # Errors
/// A sentence that says what to write.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = (&text[..digits], text[digits..].trim_start());
    let invalid = || format!("`{text}` is not a duration: write a number and a unit, as in `5s`");
    if number.is_empty() {
        return Err(invalid());
    }
    let microseconds: u64 = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "min" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        "" => {
            return Err(format!(
                "`{text}` has no unit: write `{number}ms`, `{number}s` or `{number}min`"
            ));
        }
        _ => {
            return Err(format!(
                "`{unit}` is not a unit of time: use us, ms, s, min, h or d"
            ));
        }
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(microseconds))
        .map(Duration::from_micros)
        .ok_or_else(|| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::parse_duration;
    use std::time::Duration;

    #[test]
    fn the_units_are_those_of_postgresql() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("5s", 5_000),
            ("1 min", 60_000),
            ("2h", 7_200_000),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused_with_advice() {
        for (text, part) in [
            ("5", "`5ms`, `5s` or `5min`"),
            ("5 seconds", "`seconds` is not a unit"),
            ("soon", "`soon` is not a duration"),
            ("-1s", "`-1s` is not a duration"),
            ("99999999999999999999s", "too long"),
        ] {
            let error = parse_duration(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
