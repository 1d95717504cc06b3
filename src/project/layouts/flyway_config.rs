//! Flyway's configuration, as far as it lies in files: `flyway.conf`, `flyway.toml` and Spring Boot's application
//! properties, in the migration directory or above it.
//!
//! Read from the manual ("Configuration", "Configuration files") and from flyway/flyway: the names of `postgresql.transactional.lock`
//! in `PostgreSQLConfigurationExtension.java` (196c21b), what a default schema does to `search_path` in
//! `PostgreSQLConnection.java` (5753965, `changeCurrentSchemaTo`), `mixed` in `ParserSqlScript.java` (0b08973: one statement
//! that cannot be wrapped is enough to leave the transaction out), `group` in `DbMigrate.java` (00afcc5: all pending
//! migrations in one transaction. Here each file counts as a deployment of its own).

use super::Directory;
use super::config_files::{above, list, pairs, switch};
use crate::project::ToolSettings;

const FILES: [&str; 8] = [
    "flyway.toml",
    "flyway.conf",
    "conf/flyway.toml",
    "conf/flyway.conf",
    "application.properties",
    "application.yml",
    "application.yaml",
    "resources/application.properties",
];

/// What the files say. The nearest one that says something of a setting counts.
#[derive(Debug, Default)]
pub struct FlywayConfig {
    pub mixed: bool,
    pub execute_in_transaction: Option<bool>,
    pub tool: ToolSettings,
}

impl FlywayConfig {
    pub fn of(directory: &Directory) -> Self {
        let files = above(directory.path, directory.tree, &FILES);
        let settings: Vec<(String, String)> = files
            .iter()
            .flat_map(|(name, text)| pairs(name, text))
            .filter_map(|(key, value)| Some((setting(&key)?.to_string(), value)))
            .collect();
        Self::from_settings(&settings)
    }

    fn from_settings(settings: &[(String, String)]) -> Self {
        let said = |wanted: &str| {
            let mut of_key = settings.iter().filter(|(key, _)| plain(key) == wanted);
            of_key.next().map(|(_, value)| value.as_str())
        };
        let switched = |wanted| said(wanted).and_then(switch);
        let mut tool = ToolSettings {
            transactional_lock: switched("postgresql.transactional.lock")
                .or_else(|| switched("postgresql.transactionallock")),
            ..ToolSettings::default()
        };
        let schemas = said("schemas")
            .or_else(|| said("environments.default.schemas"))
            .map(list)
            .unwrap_or_default();
        let named = said("defaultschema").map(list).unwrap_or_default();
        // Where the connection starts.
        tool.search_path = said("url").map(current_schemas).unwrap_or_default();
        if let Some(default) = named.first().or(schemas.first()) {
            tool.before_default = tool.search_path.is_empty();
            tool.search_path.insert(0, default.clone());
            tool.placeholders
                .insert("flyway:defaultSchema".to_string(), default.clone());
        }
        if switched("createschemas") != Some(false) {
            tool.creates = schemas;
            tool.creates.extend(named);
        }
        for (key, value) in settings {
            let Some((group, name)) = key.split_once('.') else {
                continue;
            };
            // What only the environment knows is not known.
            if group == "placeholders" && !value.contains("${") {
                let known = &mut tool.placeholders;
                known
                    .entry(name.to_string())
                    .or_insert_with(|| value.clone());
            }
        }
        FlywayConfig {
            mixed: switched("mixed") == Some(true),
            execute_in_transaction: switched("executeintransaction"),
            tool,
        }
    }
}

/// The parameter `currentSchema` of a JDBC address, a list of schemas (pgjdbc, "Initializing the driver").
fn current_schemas(url: &str) -> Vec<String> {
    let Some((_, rest)) = url.split_once("currentSchema=") else {
        return Vec::new();
    };
    list(rest.split('&').next().unwrap_or_default())
}

/// A setting of Flyway's, without its prefix, or the address of Spring Boot's connection.
fn setting(key: &str) -> Option<&str> {
    if key == "spring.datasource.url" {
        return Some("url");
    }
    let key = key.strip_prefix("spring.").unwrap_or(key);
    match key.strip_prefix("flyway.") {
        Some(rest) => Some(rest),
        None => key.starts_with("environments.").then_some(key),
    }
}

/// Spring Boot takes `default-schema`, `defaultSchema` and `DEFAULT_SCHEMA` for the same.
fn plain(key: &str) -> String {
    let letters = key.chars().filter(|it| !matches!(it, '-' | '_'));
    letters.collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::FlywayConfig;

    fn config(settings: &[(&str, &str)]) -> FlywayConfig {
        let own = settings
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()));
        FlywayConfig::from_settings(&own.collect::<Vec<_>>())
    }

    #[test]
    fn the_first_schema_is_the_default() {
        let found = config(&[("schemas", "app,audit")]);
        assert_eq!(found.tool.search_path, ["app"]);
        assert_eq!(found.tool.creates, ["app", "audit"]);
        let found = config(&[
            ("default-schema", "x"),
            ("schemas", "app"),
            ("create-schemas", "false"),
        ]);
        assert_eq!(found.tool.search_path, ["x"]);
        assert!(found.tool.creates.is_empty());
    }

    #[test]
    fn the_connection_may_start_in_a_schema() {
        let url = (
            "url",
            "jdbc:postgresql://h/d?user=x&currentSchema=app,public&ssl=true",
        );
        let found = config(&[url]).tool;
        assert_eq!(
            (found.search_path, found.before_default),
            (vec!["app".into(), "public".into()], false)
        );
        let found = config(&[("default-schema", "x"), url]).tool;
        assert_eq!(found.search_path, ["x", "app", "public"]);
        let found = config(&[("url", "jdbc:postgresql://h/d?currentSchema=${SCHEMA}")]).tool;
        assert!(found.search_path.is_empty());
    }

    #[test]
    fn the_nearest_setting_counts_in_each_spelling() {
        let lock = |key| {
            config(&[(key, "false"), (key, "true")])
                .tool
                .transactional_lock
        };
        assert_eq!(lock("postgresql.transactional.lock"), Some(false));
        assert_eq!(lock("postgresql.transactional-lock"), Some(false));
        assert_eq!(lock("postgresql.transactionalLock"), Some(false));
        assert_eq!(lock("oracle.lock"), None);
        let found = config(&[
            ("placeholders.a", "1"),
            ("placeholders.a", "2"),
            ("placeholders.b", "${X}"),
        ]);
        assert_eq!(
            found.tool.placeholders.get("a").map(String::as_str),
            Some("1")
        );
        assert!(!found.tool.placeholders.contains_key("b"));
    }
}
