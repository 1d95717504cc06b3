//! Tools' configuration files as lists of keys and values: properties, INI, TOML, YAML and JSON with comments. Only
//! plain values count; what a file cannot be read for is as if it were not there.

use std::ffi::OsStr;
use std::path::Path;

use crate::project::tree::Tree;

/// Keys, with a `.` between their parts, and values. A list is its elements with a `,` between.
pub type Pairs = Vec<(String, String)>;

/// No configuration file lies further above its migrations.
const HIGHEST: usize = 10;

/// Nor longer, in bytes, nor nested deeper.
const LONGEST: usize = 256 << 10;
const DEEPEST: usize = 16;

/// The texts of the files with one of these names in the directory and those above it, the nearest first, up to the top of the
/// repository. A name may have a directory before it.
pub fn above(directory: &Path, tree: &Tree, names: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for ancestor in directory.ancestors().take(HIGHEST) {
        for name in names {
            let path = ancestor.join(name);
            let (Some(parent), Some(file)) = (path.parent(), path.file_name()) else {
                continue;
            };
            // Hidden names are in no listing.
            let there = match name.starts_with('.') {
                true => path.is_file(),
                false => tree.list(parent).files.contains(OsStr::new(file)),
            };
            if there
                && let Ok(text) = tree.read(&path)
                && text.len() <= LONGEST
            {
                found.push(((*name).to_string(), text));
            }
        }
        if ancestor.join(".git").exists() {
            break;
        }
    }
    found
}

/// Whatever the name says that the text is.
pub fn pairs(name: &str, text: &str) -> Pairs {
    match name.rsplit('.').next() {
        Some("toml") => toml_pairs(text),
        Some("yml" | "yaml") => yaml(text),
        _ => properties(text),
    }
}

/// `key = value` and `key: value` lines; `#` and `!` begin comments.
pub fn properties(text: &str) -> Pairs {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.starts_with(['#', '!', ';', '[']))
        .filter_map(|line| {
            let at = line.find(['=', ':'])?;
            let (key, value) = (line[..at].trim(), line[at + 1..].trim());
            (!key.is_empty()).then(|| (key.to_string(), value.to_string()))
        })
        .collect()
}

/// The `key = value` lines of one section of an INI file.
pub fn section(text: &str, wanted: &str) -> Pairs {
    let header = |line: &str| {
        let inside = line.trim().strip_prefix('[')?.strip_suffix(']')?;
        Some(inside.trim().to_string())
    };
    let mut inside = false;
    let mut lines = String::new();
    for line in text.lines() {
        match header(line) {
            Some(name) => inside = name == wanted,
            None if inside => {
                lines.push_str(line);
                lines.push('\n');
            }
            None => {}
        }
    }
    properties(&lines)
}

fn toml_pairs(text: &str) -> Pairs {
    fn add(prefix: &str, value: &toml::Value, found: &mut Pairs) {
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Boolean(value) => value.to_string(),
            toml::Value::Integer(value) => value.to_string(),
            toml::Value::Array(values) => {
                let words = values.iter().filter_map(toml::Value::as_str);
                words.collect::<Vec<&str>>().join(",")
            }
            toml::Value::Table(table) => {
                for (key, value) in table {
                    add(&joined(prefix, key), value, found);
                }
                return;
            }
            toml::Value::Float(_) | toml::Value::Datetime(_) => return,
        };
        found.push((prefix.to_string(), text));
    }
    let mut found = Pairs::new();
    if let Ok(table) = toml::from_str::<toml::Table>(text) {
        add("", &toml::Value::Table(table), &mut found);
    }
    found
}

fn joined(prefix: &str, key: &str) -> String {
    match prefix {
        "" => key.to_string(),
        _ => format!("{prefix}.{key}"),
    }
}

/// Block mappings of scalars and lists, which is what settings are written as. Anchors, flow mappings and texts of
/// several lines are left out.
fn yaml(text: &str) -> Pairs {
    let mut found = Pairs::new();
    // The keys that the line stands below, each with its indentation.
    let mut open: Vec<(usize, String)> = Vec::new();
    for line in text.lines() {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        let content = without_comment(content);
        if content.starts_with("---") {
            // Another document may be another profile's.
            if !found.is_empty() {
                break;
            }
            continue;
        }
        if content.is_empty() {
            continue;
        }
        if let Some(element) = content.strip_prefix("- ") {
            let Some((_, key)) = open.last() else {
                continue;
            };
            let value = unquoted(element.trim());
            match found.last_mut().filter(|(last, _)| last == key) {
                Some((_, list)) => {
                    list.push(',');
                    list.push_str(value);
                }
                None => found.push((key.clone(), value.to_string())),
            }
            continue;
        }
        let Some((key, value)) = content.split_once(':') else {
            continue;
        };
        while open.last().is_some_and(|(above, _)| *above >= indent) {
            open.pop();
        }
        let prefix = open.last().map_or("", |(_, key)| key.as_str());
        let key = joined(prefix, unquoted(key.trim()));
        match value.trim() {
            "" if open.len() == DEEPEST => {}
            "" => open.push((indent, key)),
            value => {
                let list = value.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
                let value = list.map_or_else(
                    || unquoted(value).to_string(),
                    |list| {
                        let words = list.split(',').map(|word| unquoted(word.trim()));
                        words.collect::<Vec<&str>>().join(",")
                    },
                );
                found.push((key, value));
            }
        }
    }
    found
}

fn without_comment(line: &str) -> &str {
    let end = match line.starts_with('#') {
        true => 0,
        false => line.find(" #").unwrap_or(line.len()),
    };
    line[..end].trim_end()
}

fn unquoted(text: &str) -> &str {
    let inside = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

/// JSON that may hold comments and a comma too many.
pub fn json_with_comments(text: &str) -> Option<serde_json::Value> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            0
        };
        if skipped > 0 {
            rest = &rest[skipped..];
            continue;
        }
        let length = match first {
            '"' => string_length(rest),
            _ => first.len_utf8(),
        };
        if matches!(first, '}' | ']') {
            let kept = plain.trim_end().trim_end_matches(',').len();
            plain.truncate(kept);
        }
        plain.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    serde_json::from_str(&plain).ok()
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// A setting that is on or off.
pub fn switch(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The names of a list; those that only the environment knows are left out.
pub fn list(value: &str) -> Vec<String> {
    let names = value.split(',').map(str::trim);
    names
        .filter(|name| !name.is_empty() && !name.contains(['$', '{', '}']))
        .map(str::to_string)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{json_with_comments, list, pairs, section};

    fn found(name: &str, text: &str) -> Vec<(String, String)> {
        pairs(name, text)
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_string(), value.to_string())
    }

    #[test]
    fn properties_and_ini() {
        let text = "# a\nflyway.schemas = app, audit\n\nflyway.mixed:true\n=x\n";
        assert_eq!(
            found("flyway.conf", text),
            [
                pair("flyway.schemas", "app, audit"),
                pair("flyway.mixed", "true")
            ]
        );
        let ini = "[database]\nhost = x\n[data]\n# c\nprefix = foo\n[ssh-tunnel]\nhost = y\n";
        assert_eq!(section(ini, "data"), [pair("prefix", "foo")]);
    }

    #[test]
    fn toml_and_yaml() {
        let text = "[flyway]\nmixed = true\nschemas = [\"app\", \"audit\"]\n[flyway.placeholders]\nowner = \"me\"\n";
        assert_eq!(
            found("flyway.toml", text),
            [
                pair("flyway.mixed", "true"),
                pair("flyway.placeholders.owner", "me"),
                pair("flyway.schemas", "app,audit")
            ]
        );
        let yaml = "spring:\n  flyway: # here\n    default-schema: \"app\"\n    schemas:\n      - app\n      - audit\n    locations: [a, 'b']\n  datasource:\n    url: jdbc:postgresql://h/d\n---\nspring:\n  flyway:\n    default-schema: other\n";
        assert_eq!(
            found("application.yml", yaml),
            [
                pair("spring.flyway.default-schema", "app"),
                pair("spring.flyway.schemas", "app,audit"),
                pair("spring.flyway.locations", "a,b"),
                pair("spring.datasource.url", "jdbc:postgresql://h/d")
            ]
        );
        assert_eq!(list("app, ${OTHER},,b"), ["app", "b"]);
    }

    #[test]
    fn what_is_nested_without_end_is_left() {
        let deep: String = (0..20_000)
            .map(|at| format!("{}a:\n", " ".repeat(at % 200)))
            .collect();
        assert_eq!(found("a.yml", &deep), []);
        let lines: String = (0..200)
            .map(|at| format!("{}a:\n", " ".repeat(at)))
            .collect();
        let key = found("a.yml", &format!("{lines}{}b: 1\n", " ".repeat(200)));
        assert_eq!(key.len(), 1);
        assert!(key[0].0.len() < 100, "{}", key[0].0);
    }

    #[test]
    fn json_of_every_taste() {
        let text = "/* a */ { // b\n \"x\": [\"/* no */\", \"\\\"//\",],\n \"y\": 1, }";
        let value = json_with_comments(text).expect("it is read");
        assert_eq!(
            value,
            serde_json::json!({"x": ["/* no */", "\"//"], "y": 1})
        );
        assert_eq!(json_with_comments("{"), None);
    }

    proptest! {
        #[test]
        fn nothing_is_too_broken(text in "\\PC*", name in "(a\\.toml|a\\.yml|a\\.conf)") {
            let _ = pairs(&name, &text);
            let _ = json_with_comments(&text);
            let _ = section(&text, "data");
        }

        #[test]
        fn no_lines_are_too_broken(text in "([\"'#:\\[\\]{}/*, a\\-]|\n|é)*", name in "(a\\.toml|a\\.yml|a\\.conf)") {
            let _ = pairs(&name, &text);
            let _ = json_with_comments(&text);
        }
    }
}
