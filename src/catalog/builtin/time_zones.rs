//! Time zones whose offset has always been zero: under them `timestamp` and `timestamptz` are the same bits,
//! and a change between the two rewrites nothing (`TimestampTimestampTzRequiresRewrite` in
//! src/backend/utils/adt/timestamp.c).

use super::table::Table;

static TABLE: Table<&str> = Table::new(include_str!("time_zones.tsv"), |mut row| row.text());

/// Whether this value of the setting `TimeZone` is a fixed offset of zero. Zones that are at zero today and were
/// not always (`Africa/Abidjan`, `WET`) are not; neither is a value that PostgreSQL refuses.
pub fn zero_offset_time_zone(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !TABLE.find(&name).is_empty() || is_zero_hours(&name) || is_posix_zero(&name)
}

/// A plain number is an offset in hours.
fn is_zero_hours(value: &str) -> bool {
    value.parse::<f64>().is_ok_and(|hours| hours == 0.0)
}

/// A POSIX rule without daylight saving: an abbreviation of letters or in angle brackets, then an offset.
fn is_posix_zero(value: &str) -> bool {
    let offset = match value.strip_prefix('<') {
        Some(rest) => match rest.split_once('>') {
            Some((abbreviation, offset)) if !abbreviation.is_empty() => offset,
            _ => return false,
        },
        None => value.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()),
    };
    let digits = offset.strip_prefix(['+', '-']).unwrap_or(offset);
    let parts: Vec<&str> = digits.split(':').collect();
    parts.len() <= 3 && parts.iter().all(|part| matches!(*part, "0" | "00"))
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{assert_sorted, rows};
    use super::*;
    use crate::version::PgVersion;

    #[test]
    fn the_table_is_in_order_and_the_same_for_every_version() {
        assert_sorted(&TABLE);
        for (line, row) in rows(&TABLE) {
            assert_eq!(
                (row.versions.first, row.versions.last),
                (PgVersion::OLDEST, PgVersion::NEWEST),
                "{line}"
            );
        }
    }

    #[test]
    fn names_in_any_case() {
        for zone in ["UTC", "utc", "GMT", "Etc/UTC", "Zulu", "greenwich"] {
            assert!(zero_offset_time_zone(zone), "{zone}");
        }
    }

    #[test]
    fn numbers_and_posix_rules() {
        for zone in ["0", "+00", "-0.00", "<+00>-00", "UTC0", "XYZ+00:00"] {
            assert!(zero_offset_time_zone(zone), "{zone}");
        }
    }

    #[test]
    fn zones_that_are_or_were_elsewhere() {
        for zone in [
            "Africa/Abidjan",
            "Iceland",
            "WET",
            "Europe/London",
            "1",
            "-3",
            "GMT0BST",
            "UTC+1",
            "XYZ",
            "<>0",
            "<X",
            "<X>",
            "",
            "nan",
        ] {
            assert!(!zero_offset_time_zone(zone), "{zone}");
        }
    }

    /// The measured values that are no zone's name: the rules above must agree without the table.
    #[test]
    fn the_rules_cover_what_was_measured() {
        for (line, mut row) in rows(&TABLE) {
            let zone = row.text().unwrap();
            if zone.starts_with(|first: char| first.is_ascii_alphabetic()) && !zone.contains('0')
                || zone.contains('/')
                || zone == "0x0"
            {
                continue;
            }
            assert!(is_zero_hours(zone) || is_posix_zero(zone), "{line}");
        }
    }
}
