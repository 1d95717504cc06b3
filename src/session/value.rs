//! The values of settings as text: timeouts with units, lists of schemas, time zones.

use std::time::Duration;

use pg_query::protobuf::a_const::Val;
use pg_query::{Node, NodeEnum};

use crate::catalog::truncate_name;

/// A timeout in text (`parse_int` and `convert_to_base_unit` in src/backend/utils/misc/guc.c): a
/// number and one of `us`, `ms` (also when none is given), `s`, `min`, `h`, `d`, rounded to
/// milliseconds. None when PostgreSQL refuses it.
pub fn timeout(text: &str) -> Option<Duration> {
    let text = text.trim_start();
    let (number, rest) = number(text)?;
    let factor = match rest.trim() {
        "" | "ms" => 1.0,
        "us" => 0.001,
        "s" => 1000.0,
        "min" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    };
    let milliseconds = (number * factor).round_ties_even();
    (0.0..=f64::from(i32::MAX))
        .contains(&milliseconds)
        .then(|| Duration::from_millis(milliseconds as u64))
}

/// The number that a text begins with, as `strtol` with base 0 or else `strtod` reads it.
fn number(text: &str) -> Option<(f64, &str)> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let negative = text.starts_with('-');
    let (value, rest) = match unsigned.strip_prefix("0x").or(unsigned.strip_prefix("0X")) {
        Some(digits) => integer(digits, 16)?,
        None => decimal_or_octal(unsigned)?,
    };
    Some((if negative { -value } else { value }, rest))
}

fn decimal_or_octal(text: &str) -> Option<(f64, &str)> {
    let whole = text.bytes().take_while(u8::is_ascii_digit).count();
    let is_float = matches!(text.as_bytes().get(whole), Some(b'.' | b'e' | b'E'));
    if !is_float {
        let octal = whole > 1 && text.starts_with('0');
        return integer(text, if octal { 8 } else { 10 });
    }
    let fraction = match text[whole..].strip_prefix('.') {
        Some(rest) => 1 + rest.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    let end = whole + fraction + exponent(&text[whole + fraction..]);
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// The length of `e5`, `E-3` at the start, 0 when it is none.
fn exponent(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(['e', 'E']) else {
        return 0;
    };
    let unsigned = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return 0;
    }
    text.len() - unsigned.len() + digits
}

fn integer(text: &str, radix: u32) -> Option<(f64, &str)> {
    let digits = text
        .chars()
        .take_while(|letter| letter.is_digit(radix))
        .count();
    if digits == 0 {
        return None;
    }
    let value = text[..digits]
        .chars()
        .filter_map(|letter| letter.to_digit(radix))
        .fold(0.0, |value, digit| {
            value * f64::from(radix) + f64::from(digit)
        });
    Some((value, &text[digits..]))
}

/// A list of schemas as `set_config` takes it (`SplitIdentifierString` in
/// src/backend/utils/adt/varlena.c). None when PostgreSQL refuses it.
pub fn search_path(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text.trim();
    if rest.is_empty() {
        return Some(names);
    }
    loop {
        let (name, after) = identifier(rest)?;
        names.push(name);
        rest = after.trim_start();
        if rest.is_empty() {
            return Some(searched(names));
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

/// A name, folded to lower case unless quoted, and what follows it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text
            .find(|letter: char| letter == ',' || letter.is_ascii_whitespace())
            .unwrap_or(text.len());
        let name = text[..end].to_ascii_lowercase();
        return (end > 0).then_some((name, &text[end..]));
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('"')?;
        name.push_str(part);
        let Some(again) = after.strip_prefix('"') else {
            return Some((name, after));
        };
        name.push('"');
        rest = again;
    }
}

/// The schemas that a search path makes PostgreSQL look into (see [`super::Settings::search_path`]).
pub fn searched(names: Vec<String>) -> Vec<String> {
    let mut path = Vec::new();
    for name in names {
        let name = truncate_name(&name);
        // pg_catalog is looked into first in any case; at the start of the path it is also where things are made.
        let counts = match name {
            "" | "$user" => false,
            "pg_catalog" => path.is_empty(),
            _ => true,
        };
        if counts && !path.iter().any(|other| other == name) {
            path.push(name.to_owned());
        }
    }
    path
}

/// A value of TimeZone. A plain number is an offset in hours east of UTC; it becomes the name that
/// SHOW prints.
pub fn time_zone(text: &str) -> String {
    match text.trim_start().parse::<f64>() {
        Ok(hours) if hours.is_finite() && hours.abs() < 168.0 => fixed_offset(hours),
        Ok(_) | Err(_) => text.to_owned(),
    }
}

/// `INTERVAL '-08:00' HOUR TO MINUTE`, `INTERVAL '2 hours'`: an offset. None for other intervals.
pub fn interval_time_zone(text: &str) -> Option<String> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let hours = match unsigned.split_once(':') {
        Some((hours, minutes)) => {
            let minutes = minutes.strip_suffix(":00").unwrap_or(minutes);
            hours.parse::<f64>().ok()? + minutes.parse::<f64>().ok()? / 60.0
        }
        None => {
            let (hours, unit) = unsigned.split_once(' ').unwrap_or((unsigned, "hours"));
            if !matches!(unit.trim(), "h" | "hr" | "hrs" | "hour" | "hours") {
                return None;
            }
            hours.parse::<f64>().ok()?
        }
    };
    let east = if text.starts_with('-') { -hours } else { hours };
    east.is_finite().then(|| fixed_offset(east))
}

/// `<+05:30>-05:30` (`pg_tzset_offset` in src/timezone/pgtz.c): POSIX counts west of UTC.
fn fixed_offset(hours: f64) -> String {
    let seconds = (hours.abs() * 3600.0).round() as u64;
    let mut offset = format!("{:02}", seconds / 3600);
    if !seconds.is_multiple_of(3600) {
        offset.push_str(&format!(":{:02}", seconds / 60 % 60));
    }
    if !seconds.is_multiple_of(60) {
        offset.push_str(&format!(":{:02}", seconds % 60));
    }
    // Zero prints as east, as in pg_tzset_offset.
    if hours < 0.0 && seconds != 0 {
        format!("<-{offset}>+{offset}")
    } else {
        format!("<+{offset}>-{offset}")
    }
}

/// A constant of type boolean: `true`, `'t'`, `'on'`.
pub fn boolean(node: &Node) -> Option<bool> {
    let constant = match node.node.as_ref()? {
        NodeEnum::AConst(constant) => constant,
        NodeEnum::TypeCast(cast) => return boolean(cast.arg.as_deref()?),
        _ => return None,
    };
    match constant.val.as_ref()? {
        Val::Boolval(boolean) => Some(boolean.boolval),
        Val::Sval(text) => boolean_word(&text.sval),
        Val::Ival(_) | Val::Fval(_) | Val::Bsval(_) => None,
    }
}

/// `parse_bool` in src/backend/utils/adt/bool.c
pub fn boolean_word(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Some(true),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Some(false),
        _ => None,
    }
}
