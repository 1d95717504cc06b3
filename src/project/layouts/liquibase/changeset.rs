//! The changesets of one file of formatted SQL.
//!
//! Read from liquibase/liquibase: the lines in `AbstractFormattedChangeLogParser.java` (09623fc), how they are split in
//! `StringUtil.java` (004a94a, `processMultiLineSQL`, `isDelimiter`), transactions in `ChangeSet.java` (0162e8f, `execute` and
//! `rollback`):
//!
//! - Without a delimiter of its own, a statement ends at a `;`, or at a line that is `/` or `GO` alone. `endDelimiter` takes
//!   the place of all of these; what stands between two of them is sent as it is, however many statements it holds.
//! - Comments are taken out before the text is split (`stripComments` is true by default), so that a delimiter that is a comment
//!   (`endDelimiter:--`) is never met: the whole changeset is one message.
//! - `runInTransaction` counts for the rollback, too.
//! - `--ignoreLines:start` up to `--ignoreLines:end`, and as many lines as `--ignoreLines:<number>` says, are not read.

use std::ops::Range;

use crate::project::layouts::files::Rewrite;
use crate::project::layouts::markers;
use crate::project::{Script, TransactionMode};

/// One changeset.
pub struct Changeset {
    /// `author:id`
    pub version: String,
    /// More than one where a delimiter of its own parts it.
    pub up: Vec<Script>,
    /// Its rollback, if it has one. It may be empty.
    pub down: Option<Script>,
}

/// Whether the text begins with `--liquibase formatted sql`: the parser asks for the first two words.
pub fn is_formatted(text: &str) -> bool {
    let head = text.trim_start_matches('\u{feff}').trim_start();
    let line = head.lines().next().unwrap_or_default();
    let rest = |line: &str, word: &str| {
        let line = line.trim_start();
        let head = line.get(..word.len())?;
        head.eq_ignore_ascii_case(word)
            .then(|| line[word.len()..].to_string())
    };
    let words = line.strip_prefix("--");
    let formatted = words
        .and_then(|it| rest(it, "liquibase"))
        .and_then(|it| rest(&it, "formatted"));
    formatted.is_some()
}

/// The changesets in order, without those for other databases.
pub fn changesets(text: &str) -> Vec<Changeset> {
    let ignored = ignored(text);
    let is_read = |line: &Range<usize>| !ignored.iter().any(|it| it.contains(&line.start));
    let heads: Vec<(Range<usize>, &str)> = markers::lines(text)
        .filter(is_read)
        .filter_map(|line| Some((line.clone(), directive(&text[line], "changeset")?)))
        .collect();
    let mut found = Vec::new();
    for (index, (line, head)) in heads.iter().enumerate() {
        let end = heads.get(index + 1).map_or(text.len(), |next| next.0.start);
        let attributes = Attributes::of(head);
        if attributes.is_for_postgres() {
            found.push(Changeset {
                version: attributes.version.clone(),
                up: attributes.up(text, line.end..end, &ignored),
                down: attributes.down(text, line.end..end),
            });
        }
    }
    found
}

/// The `--property name:x value:y` lines of a formatted file.
pub fn properties(text: &str) -> Vec<(String, String)> {
    if !is_formatted(text) || !text.contains("property") {
        return Vec::new();
    }
    let value = |line: &str, key: &str| {
        let rest = &line[line.find(key)? + key.len()..];
        let value = rest.split_whitespace().next()?;
        Some(value.to_string())
    };
    let lines = text.lines().filter_map(|line| directive(line, "property"));
    lines
        .filter(|line| !line.contains("dbms:") || line.contains("postgresql"))
        .filter_map(|line| Some((value(line, "name:")?, value(line, "value:")?)))
        .collect()
}

/// What `--ignoreLines` takes out, with its own lines.
fn ignored(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut lines = markers::lines(text);
    while let Some(line) = lines.next() {
        let Some(value) = ignore_lines(&text[line.clone()]) else {
            continue;
        };
        let mut end = line.end;
        if value == "start" {
            for next in lines.by_ref() {
                end = next.end;
                if ignore_lines(&text[next]) == Some("end") {
                    break;
                }
            }
        } else if let Ok(count) = value.parse() {
            end = lines.by_ref().take(count).last().map_or(end, |it| it.end);
        }
        found.push(line.start..end);
    }
    found
}

fn ignore_lines(line: &str) -> Option<&str> {
    let words = line.trim_end().strip_prefix("--")?.trim_start();
    let head = words.get(..12)?;
    head.eq_ignore_ascii_case("ignoreLines:")
        .then(|| &words[12..])
}

/// What follows `--<name>` at the beginning of a line, in any case.
fn directive<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let words = line.trim_start().strip_prefix("--")?.trim_start();
    let head = words.get(..name.len())?;
    let rest = &words[name.len()..];
    let ends =
        rest.is_empty() || rest.starts_with(|next: char| next.is_whitespace() || next == ':');
    (head.eq_ignore_ascii_case(name) && ends).then(|| rest.trim_start_matches(':').trim())
}

/// `author:id name:value ...`; both parts of the identity and all values may stand in quotes.
#[derive(Default)]
struct Attributes {
    version: String,
    alone: bool,
    whole: bool,
    rollback_whole: bool,
    keeps_comments: bool,
    delimiter: Option<String>,
    databases: String,
    ignored: bool,
}

impl Attributes {
    fn of(head: &str) -> Self {
        let mut attributes = Attributes::default();
        let (version, rest) = identity(head);
        attributes.version = version;
        for word in words(rest) {
            let Some((name, value)) = word.split_once(':') else {
                continue;
            };
            let is = |wanted: &str| value.eq_ignore_ascii_case(wanted);
            match name.to_ascii_lowercase().as_str() {
                "runintransaction" => attributes.alone = is("false"),
                "splitstatements" => attributes.whole = is("false"),
                "rollbacksplitstatements" => attributes.rollback_whole = is("false"),
                "stripcomments" => attributes.keeps_comments = is("false"),
                "enddelimiter" => attributes.delimiter = Some(value.to_string()),
                "dbms" => attributes.databases = value.to_ascii_lowercase(),
                "ignore" => attributes.ignored = is("true"),
                _ => {}
            }
        }
        attributes
    }

    fn is_for_postgres(&self) -> bool {
        let names: Vec<&str> = self.databases.split(',').map(str::trim).collect();
        let wanted = names
            .iter()
            .any(|it| matches!(*it, "" | "all" | "postgresql"));
        let others_only = names.iter().all(|it| it.starts_with('!'));
        let unwanted = names.contains(&"!postgresql");
        !self.ignored && !unwanted && (wanted || others_only)
    }

    fn up(&self, text: &str, range: Range<usize>, ignored: &[Range<usize>]) -> Vec<Script> {
        let transaction = match (self.alone, self.whole) {
            (false, _) => TransactionMode::File,
            (true, false) => TransactionMode::None,
            (true, true) => TransactionMode::Message,
        };
        let delimiter = self.delimiter.as_deref().filter(|it| *it != ";");
        let of_lines = |delimiter| {
            let lines = ends(text, range.clone(), delimiter);
            lines.filter(|line| !ignored.iter().any(|it| it.contains(&line.start)))
        };
        let (Some(delimiter), false) = (delimiter, self.whole) else {
            let mut rewrite = Rewrite::new(text, range.clone());
            take_out(&mut rewrite, &range, ignored);
            if !self.whole {
                for line in of_lines("/").chain(of_lines("go")) {
                    end_statement(&mut rewrite, line);
                }
            }
            return vec![Script {
                message: self.whole,
                text: rewrite.finish(),
                ..Script::new(range, transaction)
            }];
        };
        let as_message = |range: Range<usize>| {
            let mode = match self.alone {
                true => TransactionMode::Message,
                false => TransactionMode::File,
            };
            Script::new(range, mode).as_message()
        };
        // A comment is gone before the text is split.
        if delimiter.starts_with("--") && !self.keeps_comments {
            let mut rewrite = Rewrite::new(text, range.clone());
            take_out(&mut rewrite, &range, ignored);
            for line in of_lines(delimiter) {
                end_statement(&mut rewrite, line);
            }
            return vec![Script {
                text: rewrite.finish(),
                ..as_message(range)
            }];
        }
        let mut start = range.start;
        let mut scripts: Vec<Script> = Vec::new();
        let ends: Vec<Range<usize>> = of_lines(delimiter)
            .chain(std::iter::once(range.end..range.end))
            .collect();
        for end in ends {
            let piece = start..end.start;
            start = end.end;
            let last = end.start == range.end;
            if last && !scripts.is_empty() && text[piece.clone()].trim().is_empty() {
                continue;
            }
            let mut rewrite = Rewrite::new(text, piece.clone());
            take_out(&mut rewrite, &piece, ignored);
            scripts.push(Script {
                text: rewrite.finish(),
                joined: !self.alone && !scripts.is_empty(),
                ..as_message(piece)
            });
        }
        scripts
    }

    fn down(&self, text: &str, range: Range<usize>) -> Option<Script> {
        let transaction = match (self.alone, self.rollback_whole) {
            (false, _) => TransactionMode::File,
            (true, false) => TransactionMode::None,
            (true, true) => TransactionMode::Message,
        };
        let script = rollback(text, range)?;
        Some(Script {
            transaction,
            message: self.rollback_whole,
            ..script
        })
    }
}

/// `author:id`, each of which may stand in quotes, and what follows: the author is everything up to the first colon.
fn identity(head: &str) -> (String, &str) {
    let quoted = |text: &str| text.strip_prefix('"').and_then(|it| it.find('"'));
    let author = match quoted(head) {
        Some(end) => end + 2,
        None => head.find(':').unwrap_or(head.len()),
    };
    let (author, rest) = head.split_at(author);
    let rest = rest.strip_prefix(':').unwrap_or(rest).trim_start();
    let id = match quoted(rest) {
        Some(end) => end + 2,
        None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
    };
    let plain = |text: &str| text.trim().trim_matches('"').to_string();
    let (id, rest) = rest.split_at(id);
    (format!("{}:{}", plain(author), plain(id)), rest)
}

fn take_out(rewrite: &mut Rewrite, range: &Range<usize>, ignored: &[Range<usize>]) {
    for out in ignored {
        let both = out.start.max(range.start)..out.end.min(range.end);
        if both.start < both.end {
            rewrite.blank(both);
        }
    }
}

fn end_statement(rewrite: &mut Rewrite, delimiter: Range<usize>) {
    let at = delimiter.start;
    rewrite.blank(delimiter);
    rewrite.put(at, b';');
}

/// The words of a line; quotes hold blanks together and fall away.
fn words(head: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for character in head.chars() {
        match character {
            '"' => quoted = !quoted,
            blank if blank.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => word.push(other),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Where a delimiter ends a line. `/`, `GO`, a comment and what is written with a `\n` before it stand on a line of their own.
fn ends<'t>(
    text: &'t str,
    range: Range<usize>,
    delimiter: &'t str,
) -> impl Iterator<Item = Range<usize>> + 't {
    let plain = delimiter.trim_start_matches("\\n").trim_end_matches('$');
    let alone = plain.len() < delimiter.len()
        || plain.starts_with("--")
        || plain == "/"
        || plain.eq_ignore_ascii_case("go");
    let start = range.start;
    let mut quotes = 0usize;
    markers::lines(&text[range]).filter_map(move |line| {
        let content = text[start + line.start..start + line.end].trim_end();
        // A line of a body is none of the changeset's.
        let inside = quotes % 2 == 1;
        quotes += content.matches("$$").count();
        let tail = content.len().checked_sub(plain.len())?;
        let ends = content.is_char_boundary(tail) && content[tail..].eq_ignore_ascii_case(plain);
        let fits = match alone {
            true => content.trim_start().eq_ignore_ascii_case(plain),
            false => !content.trim_start().starts_with("--"),
        };
        let counts = !plain.is_empty() && ends && fits && !(alone && inside);
        counts.then(|| start + line.start + tail..start + line.start + content.len())
    })
}

/// The rollback of a changeset: everything but its SQL is blanked.
fn rollback(text: &str, range: Range<usize>) -> Option<Script> {
    let mut kept: Vec<Range<usize>> = Vec::new();
    for line in markers::lines(&text[range.clone()]) {
        let line = range.start + line.start..range.start + line.end;
        let Some(sql) = directive(&text[line.clone()], "rollback") else {
            continue;
        };
        let at = line.start + text[line.clone()].rfind(sql).unwrap_or_default();
        kept.push(match sql.to_ascii_lowercase().as_str() {
            "empty" | "not required" | "" => at..at,
            sql if sql.starts_with("changesetid") => at..at,
            _ => at..at + sql.len(),
        });
    }
    kept.extend(blocks(text, range));
    kept.sort_unstable_by_key(|it| it.start);
    let (first, last) = (kept.first()?.start, kept.last()?.end);
    let mut rewrite = Rewrite::new(text, first..last);
    let mut from = first;
    for keep in &kept {
        rewrite.blank(from..keep.start.max(from));
        from = keep.end.max(from);
    }
    Some(Script {
        text: rewrite.finish(),
        ..Script::new(first..last, TransactionMode::File)
    })
}

/// The insides of `/* liquibase rollback ... */`.
fn blocks(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let content = &text[range.clone()];
    let mut found = Vec::new();
    for (at, _) in content.match_indices("/*") {
        let inside = &content[at + 2..];
        let trimmed = inside.trim_start();
        let Some(rest) = trimmed.strip_prefix("liquibase rollback") else {
            continue;
        };
        let start = range.start + content.len() - rest.len();
        let length = rest.find("*/").unwrap_or(rest.len());
        found.push(start..start + length);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{changesets, is_formatted};
    use crate::project::TransactionMode::{File, Message, None as Alone};

    #[test]
    fn the_header_in_its_spellings() {
        for head in [
            "--liquibase formatted",
            "--liquibase formatted sql",
            "-- Liquibase formatted SQL",
            "\u{feff}\n--liquibase formatted sql\r\n",
        ] {
            assert!(is_formatted(head), "{head:?}");
        }
        assert!(!is_formatted("-- this is liquibase formatted sql"));
        assert!(!is_formatted("select 1; --liquibase formatted sql"));
    }

    #[test]
    fn changesets_have_their_own_transactions() {
        let text = "--liquibase formatted sql\n--changeset a:1\na;\n-- changeset b:\"2 x\" runInTransaction:false\nb;\n--changeset c:3 runInTransaction:false splitStatements:false\nc;\n";
        let found = changesets(text);
        let shown: Vec<_> = found
            .iter()
            .map(|it| {
                (
                    it.version.as_str(),
                    it.up[0].transaction,
                    &text[it.up[0].range.clone()],
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("a:1", File, "a;\n"),
                ("b:2 x", Alone, "b;\n"),
                ("c:3", Message, "c;\n")
            ]
        );
    }

    #[test]
    fn changesets_for_other_databases_are_left_out() {
        let count =
            |attributes: &str| changesets(&format!("--changeset a:1 {attributes}\na;\n")).len();
        assert_eq!(count("dbms:postgresql,h2"), 1);
        assert_eq!(count("dbms:!oracle"), 1);
        assert_eq!(count("dbms:mysql"), 0);
        assert_eq!(count("dbms:!postgresql"), 0);
        assert_eq!(count("ignore:true"), 0);
    }

    /// Mode, whether it is one message in the transaction before it, and the text.
    fn ups(text: &str) -> Vec<(crate::project::TransactionMode, bool, bool, String)> {
        let changeset = changesets(text).remove(0);
        let one = |it: &crate::project::Script| {
            let read = it.text.as_deref().unwrap_or(&text[it.range.clone()]);
            (it.transaction, it.message, it.joined, read.to_string())
        };
        changeset.up.iter().map(one).collect()
    }

    #[test]
    fn a_delimiter_of_its_own_parts_messages() {
        let text = "--changeset a:1 endDelimiter:/\na / 2; b;\n/\nc\n/\n";
        let expected = [
            (File, true, false, "a / 2; b;\n".to_string()),
            (File, true, true, "\nc\n".to_string()),
        ];
        assert_eq!(ups(text), expected);
        let text = "--changeset a:1 endDelimiter:@@ runInTransaction:false\na@@\nb@@\n";
        let expected = [
            (Message, true, false, "a".to_string()),
            (Message, true, false, "\nb".to_string()),
        ];
        assert_eq!(ups(text), expected);
    }

    #[test]
    fn a_comment_is_no_delimiter() {
        let text =
            "--changeset a:1 endDelimiter:-- runInTransaction:false\na\n--\n-- about b --\nb\n--\n";
        let read = "a\n; \n-- about b --\nb\n; \n".to_string();
        assert_eq!(ups(text), [(Message, true, false, read)]);
        let text = "--changeset a:1 endDelimiter:-- stripComments:false\na\n--\nb\n";
        assert_eq!(ups(text).len(), 2);
    }

    #[test]
    fn a_slash_and_go_alone_end_statements() {
        let text = "--changeset a:1\na\n/\nb\nGO\nc $$\n/\n$$;\n";
        let read = "a\n;\nb\n; \nc $$\n/\n$$;\n".to_string();
        assert_eq!(ups(text), [(File, false, false, read)]);
    }

    #[test]
    fn ignored_lines_are_not_read() {
        let text = "--changeset a:1\na;\n--ignoreLines:start\nb;\n--changeset a:2\n--ignoreLines:end\nc;\n-- ignoreLines:1\nd;\ne;\n";
        assert_eq!(changesets(text).len(), 1);
        let read: Vec<String> = ups(text)[0]
            .3
            .split_whitespace()
            .map(str::to_string)
            .collect();
        assert_eq!(read, ["a;", "c;", "e;"]);
    }

    #[test]
    fn a_rollback_has_the_transaction_of_its_changeset() {
        let of = |attributes: &str| {
            let text = format!("--changeset a:1 {attributes}\na;\n--rollback b;\n");
            let down = changesets(&text).remove(0).down.unwrap();
            (down.transaction, down.message)
        };
        assert_eq!(of(""), (File, false));
        assert_eq!(of("runInTransaction:false"), (Alone, false));
        assert_eq!(
            of("runInTransaction:false rollbackSplitStatements:false"),
            (Message, true)
        );
    }

    #[test]
    fn authors_may_hold_blanks() {
        for (head, version) in [
            ("John Doe:1 dbms:postgresql", "John Doe:1"),
            ("\"John: Doe\":\"2 x\"", "John: Doe:2 x"),
            ("a: 3", "a:3"),
        ] {
            let text = format!("--changeset {head}\na;\n");
            assert_eq!(changesets(&text)[0].version, version);
        }
    }

    #[test]
    fn rollback_lines_are_joined_and_keep_their_places() {
        let text = "--changeset a:1\na;\n--rollback alter table é\n--rollback drop column b;\nc;\n/* liquibase rollback\nd;\n*/\n";
        let down = changesets(text).remove(0).down.unwrap();
        let rewritten = down.text.unwrap();
        assert_eq!(rewritten.len(), down.range.len());
        for word in ["alter", "drop", "d;"] {
            let at = down.range.start + rewritten.find(word).unwrap();
            assert!(text[at..].starts_with(word), "{word}");
        }
        assert!(
            !rewritten.contains("rollback") && !rewritten.contains("c;"),
            "{rewritten}"
        );
    }

    #[test]
    fn a_rollback_may_be_empty() {
        for line in ["--rollback empty", "--rollback not required", "--rollback"] {
            let text = format!("--changeset a:1\na;\n{line}\n");
            let down = changesets(&text).remove(0).down.unwrap();
            assert_eq!(text[down.range.clone()].len(), 0, "{line}");
        }
        assert!(
            changesets("--changeset a:1\na;\n-- rollbacks are for cowards\n")[0]
                .down
                .is_none()
        );
    }
}
