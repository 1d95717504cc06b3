//! The PostgreSQL versions that humdrum models.

use std::fmt;
use std::str::FromStr;

/// A PostgreSQL major version from 12 to 18.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct PgVersion(u8);

impl PgVersion {
    pub const OLDEST: PgVersion = PgVersion(12);
    /// The newest released version that the parser's grammar knows; the default.
    pub const NEWEST: PgVersion = PgVersion(18);

    /// None when humdrum does not model that version.
    pub fn new(major: u8) -> Option<Self> {
        let version = PgVersion(major);
        (Self::OLDEST..=Self::NEWEST)
            .contains(&version)
            .then_some(version)
    }

    pub fn major(self) -> u8 {
        self.0
    }

    pub fn all() -> impl Iterator<Item = PgVersion> {
        (Self::OLDEST.0..=Self::NEWEST.0).map(PgVersion)
    }
}

impl Default for PgVersion {
    fn default() -> Self {
        Self::NEWEST
    }
}

impl fmt::Display for PgVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PgVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let major = text.split('.').next().unwrap_or(text);
        major.parse().ok().and_then(PgVersion::new).ok_or_else(|| {
            format!(
                "`{text}` is not a PostgreSQL version that humdrum knows: give {} to {}",
                Self::OLDEST,
                Self::NEWEST
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::PgVersion;

    #[test]
    fn minor_versions_are_accepted_and_forgotten() {
        assert_eq!("16.4".parse(), Ok(PgVersion(16)));
    }

    #[test]
    fn versions_outside_the_model_are_refused_with_the_range() {
        let error = "11".parse::<PgVersion>().unwrap_err();
        assert!(error.contains("12 to 18"), "{error}");
    }
}
