//! Fixes as a patch.

use std::path::Path;

use similar::TextDiff;

/// A unified diff of one file, as `git apply` and `patch -p1` take it. `before` is none for a file that is not there yet.
pub fn patch(path: &Path, before: Option<&str>, after: &str) -> String {
    let shown = path.to_string_lossy().replace('\\', "/");
    let name = |prefix: &str| match path.is_absolute() {
        true => shown.clone(),
        false => format!("{prefix}/{shown}"),
    };
    let old = match before {
        Some(_) => name("a"),
        None => "/dev/null".to_owned(),
    };
    let diff = TextDiff::from_lines(before.unwrap_or_default(), after);
    diff.unified_diff().header(&old, &name("b")).to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::patch;

    #[test]
    fn a_patch_names_both_sides_and_keeps_line_ends() {
        assert_eq!(
            patch(Path::new("db/1.sql"), Some("a\r\nb\r\n"), "a\r\nc\r\n"),
            "--- a/db/1.sql\n+++ b/db/1.sql\n@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n"
        );
    }

    #[test]
    fn a_new_file_and_a_missing_last_line_end_are_marked() {
        assert_eq!(
            patch(Path::new("m.toml"), None, "x"),
            "--- /dev/null\n+++ b/m.toml\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n"
        );
    }
}
