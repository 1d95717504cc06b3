//! Settings (`pg_settings`): which there are, who may set them, and what they take.

use super::table::{Row, Table, Versions};
use super::values::Values;
use crate::version::PgVersion;

static TABLE: Table<Setting> = Table::new(include_str!("settings.tsv"), Setting::read);

/// A setting of the server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    pub name: &'static str,
    /// `user`, `superuser`, `sighup`, `postmaster`, `internal`, `backend`, `superuser-backend`.
    pub context: &'static str,
    pub values: Values,
    pub versions: Versions,
}

impl Setting {
    fn read(mut row: Row) -> Option<Self> {
        Some(Setting {
            name: row.text()?,
            context: row.text()?,
            values: Values::read(row.text()?)?,
            versions: row.versions,
        })
    }
}

/// The setting of that name, in whatever case, if this version has it.
pub fn setting(name: &str, version: PgVersion) -> Option<Setting> {
    let lower = name.to_ascii_lowercase();
    let name = match lower.as_str() {
        "datestyle" => "DateStyle",
        "intervalstyle" => "IntervalStyle",
        "timezone" => "TimeZone",
        other => renamed(other),
    };
    let mut found = TABLE.find(name).iter();
    found
        .find(|setting| setting.versions.contains(version))
        .copied()
}

/// `map_old_guc_names`
fn renamed(name: &str) -> &str {
    match name {
        "sort_mem" => "work_mem",
        "vacuum_mem" => "maintenance_work_mem",
        "ssl_ecdh_curve" => "ssl_groups",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::rows;
    use super::*;

    #[test]
    fn every_row_is_read() {
        for (line, row) in rows(&TABLE) {
            assert!(Setting::read(row).is_some(), "{line}");
        }
    }

    #[test]
    fn names_are_found_in_any_case() {
        let at = |name, major| setting(name, PgVersion::new(major).unwrap());
        assert!(at("timezone", 12).is_some());
        assert!(at("LOCK_TIMEOUT", 12).is_some());
        assert!(at("transaction_timeout", 16).is_none());
        assert!(at("transaction_timeout", 17).is_some());
        assert!(at("nosuch", 18).is_none());
    }
}
