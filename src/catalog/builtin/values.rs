//! What a storage parameter or a setting takes.

/// The values of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values {
    Boolean,
    Text,
    /// With the unit that a bare number is in: `ms`, `8kB`; empty for none.
    Integer {
        low: f64,
        high: f64,
        unit: &'static str,
    },
    Real {
        low: f64,
        high: f64,
        unit: &'static str,
    },
    /// Words, separated by commas.
    Words(&'static str),
}

/// Words that lists take without showing them (`hidden` in src/backend/utils/misc/guc_tables.c).
const HIDDEN: &[&str] = &["debug", "info", "fatal", "panic", "archive", "hot_standby"];

impl Values {
    /// `bool`, `string`, `int 10..100`, `real 0..1 ms`, `enum on,off`, `on,off`.
    pub(super) fn read(text: &'static str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
        Some(match kind {
            "bool" => Values::Boolean,
            "string" => Values::Text,
            "int" | "real" => {
                let (range, unit) = rest.split_once(' ').unwrap_or((rest, ""));
                let (low, high) = range.split_once("..")?;
                let (low, high) = (low.parse().ok()?, high.parse().ok()?);
                match kind {
                    "int" => Values::Integer { low, high, unit },
                    _ => Values::Real { low, high, unit },
                }
            }
            "enum" => Values::Words(rest),
            words => Values::Words(words),
        })
    }

    /// Whether PostgreSQL is certain to refuse this text (`parse_and_validate_value` in
    /// src/backend/utils/misc/guc.c, `parse_one_reloption` in src/backend/access/common/reloptions.c).
    pub fn refuses(self, text: &str) -> bool {
        match self {
            Values::Text => false,
            Values::Boolean => !is_boolean(text),
            Values::Words(words) => {
                let listed = words.split(',').any(|word| word.eq_ignore_ascii_case(text));
                // Some lists take other words for on and off, and old words, which they do not show.
                let hidden = HIDDEN.iter().any(|word| word.eq_ignore_ascii_case(text));
                !listed && !hidden && !is_boolean(text)
            }
            Values::Integer { low, high, unit } | Values::Real { low, high, unit } => {
                let whole = matches!(self, Values::Integer { .. });
                match number(text) {
                    // The hidden units of a number are not converted.
                    Some((_, written)) if !written.is_empty() => {
                        unit.is_empty() || !is_unit(written, unit)
                    }
                    Some((value, _)) => {
                        let value = if whole { value.round() } else { value };
                        value < low || value > high
                    }
                    None => true,
                }
            }
        }
    }
}

/// `parse_bool`
fn is_boolean(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let starts = |word: &str, least: usize| text.len() >= least && word.starts_with(text.as_str());
    matches!(text.as_str(), "0" | "1")
        || starts("true", 1)
        || starts("false", 1)
        || starts("yes", 1)
        || starts("no", 1)
        || starts("on", 2)
        || starts("off", 2)
}

/// A number and what stands behind it.
fn number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        return Some((i64::from_str_radix(digits, 16).ok()? as f64, ""));
    }
    let end = text
        .char_indices()
        .find(|(at, letter)| {
            let exponent = matches!(letter, 'e' | 'E')
                && text[at + 1..].starts_with(|next: char| next.is_ascii_digit() || next == '-');
            !(letter.is_ascii_digit() || matches!(letter, '.' | '-' | '+') || exponent)
        })
        .map_or(text.len(), |(at, _)| at);
    let value = text[..end].parse().ok()?;
    Some((value, text[end..].trim()))
}

/// Sizes and times have units of their own (`memory_unit_conversion_table` and its like).
fn is_unit(written: &str, unit: &str) -> bool {
    let sizes = ["B", "kB", "MB", "GB", "TB"];
    let times = ["us", "ms", "s", "min", "h", "d"];
    match times.contains(&unit) {
        true => times.contains(&written),
        false => sizes.contains(&written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_values() {
        let refuses =
            |values: &'static str, text: &str| Values::read(values).unwrap().refuses(text);
        assert!(refuses("int 10..100", "9"));
        assert!(!refuses("int 10..100", "100"));
        assert!(refuses("int 10..100", "abc"));
        assert!(refuses("int 10..100", "50 ms"));
        assert!(!refuses("int 0..2147483647 ms", "2s"));
        assert!(refuses("int 0..2147483647 ms", "2 years"));
        assert!(!refuses("int 64..2147483647 kB", "8MB"));
        assert!(refuses("real 0..100", "-0.5"));
        assert!(!refuses("bool", "of"));
        assert!(refuses("bool", "maybe"));
        assert!(refuses("bool", "5"));
        assert!(!refuses("enum origin,replica,local", "Replica"));
        assert!(refuses("enum origin,replica,local", "nobody"));
        assert!(!refuses("local,cascaded", "cascaded"));
    }
}
