//! The calls into libpg_query that the `pg_query` crate does not offer: parsing that says where a
//! syntax error is, and checking a text without handing out its tree. The only `unsafe` code.

#![expect(unsafe_code, reason = "calls into C")]

use std::ffi::{CStr, c_char, c_int};

/// `standard_conforming_strings = off`: a backslash in `'...'` escapes (`pg_query.h`).
pub const BACKSLASH_ESCAPES: c_int = 32 | 64;

/// What the parser refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawError {
    pub message: String,
    /// How many *characters* of the text precede the place; `None` when the parser names no place.
    pub characters: Option<usize>,
}

#[repr(C)]
struct PgQueryError {
    message: *mut c_char,
    funcname: *mut c_char,
    filename: *mut c_char,
    lineno: c_int,
    cursorpos: c_int,
    context: *mut c_char,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct PgQueryProtobuf {
    len: usize,
    data: *mut c_char,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct PgQueryProtobufParseResult {
    parse_tree: PgQueryProtobuf,
    stderr_buffer: *mut c_char,
    error: *mut PgQueryError,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct PgQueryIsUtilityResult {
    length: c_int,
    items: *mut bool,
    error: *mut PgQueryError,
}

unsafe extern "C" {
    fn pg_query_parse_protobuf_opts(
        input: *const c_char,
        options: c_int,
    ) -> PgQueryProtobufParseResult;
    fn pg_query_free_protobuf_parse_result(result: PgQueryProtobufParseResult);
    fn pg_query_is_utility_stmt(input: *const c_char) -> PgQueryIsUtilityResult;
    fn pg_query_free_is_utility_result(result: PgQueryIsUtilityResult);
}

/// A parse tree in libpg_query's protobuf encoding; freed when dropped.
pub struct Encoded(PgQueryProtobufParseResult);

impl Encoded {
    pub fn bytes(&self) -> &[u8] {
        let tree = &self.0.parse_tree;
        if tree.data.is_null() {
            return &[];
        }
        // SAFETY: libpg_query owns `len` bytes at `data` until the result is freed, which only
        // `drop` does.
        unsafe { std::slice::from_raw_parts(tree.data.cast::<u8>(), tree.len) }
    }
}

impl Drop for Encoded {
    fn drop(&mut self) {
        // SAFETY: the result came from `pg_query_parse_protobuf_opts` and is freed only here.
        unsafe { pg_query_free_protobuf_parse_result(self.0) }
    }
}

// SAFETY: the result is plain memory from malloc that nothing else points to; `free` may be called
// on any thread, and `bytes` only reads.
unsafe impl Sync for Encoded {}

/// Parses `text`. `options` is 0 or [`BACKSLASH_ESCAPES`].
pub fn parse(text: &CStr, options: c_int) -> Result<Encoded, RawError> {
    // SAFETY: `text` ends with a NUL byte and outlives the call; libpg_query keeps its state per
    // thread and answers errors as values.
    let result = unsafe { pg_query_parse_protobuf_opts(text.as_ptr(), options) };
    let encoded = Encoded(result);
    // SAFETY: `error` is null or points to an error that lives as long as `encoded`.
    match unsafe { result.error.as_ref() } {
        None => Ok(encoded),
        Some(error) => Err(describe(error)),
    }
}

/// Parses `text` and throws the tree away: the number of statements, or why it does not parse.
pub fn check(text: &CStr) -> Result<usize, RawError> {
    // SAFETY: as in `parse`.
    let result = unsafe { pg_query_is_utility_stmt(text.as_ptr()) };
    // SAFETY: `error` is null or points to an error that lives until the result is freed below.
    let answer = match unsafe { result.error.as_ref() } {
        None => Ok(usize::try_from(result.length).unwrap_or(0)),
        Some(error) => Err(describe(error)),
    };
    // SAFETY: `result` is freed once, and `describe` has copied what it needs.
    unsafe { pg_query_free_is_utility_result(result) };
    answer
}

fn describe(error: &PgQueryError) -> RawError {
    let message = if error.message.is_null() {
        "syntax error".to_owned()
    } else {
        // SAFETY: libpg_query's messages are NUL-terminated copies made with strdup.
        unsafe { CStr::from_ptr(error.message) }
            .to_string_lossy()
            .into_owned()
    };
    RawError {
        message,
        characters: usize::try_from(error.cursorpos)
            .ok()
            .and_then(|position| position.checked_sub(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::{BACKSLASH_ESCAPES, check, parse};

    #[test]
    fn the_place_of_an_error_counts_characters() {
        let error = parse(c"SELECT 'éé' FROM FROM", 0).err().unwrap();
        assert_eq!(error.message, r#"syntax error at or near "FROM""#);
        assert_eq!(error.characters, Some("SELECT 'ee' FROM ".len()));
    }

    #[test]
    fn a_tree_comes_back_encoded() {
        assert!(parse(c"SELECT 1", 0).unwrap().bytes().len() > 10);
        assert!(parse(c"SELECT 1", 0).unwrap().bytes() != parse(c"SELECT 22", 0).unwrap().bytes());
    }

    #[test]
    fn an_empty_text_has_no_statements() {
        assert_eq!(check(c" -- nothing"), Ok(0));
        assert!(parse(c"", 0).is_ok());
    }

    #[test]
    fn checking_counts_statements_and_places_errors() {
        assert_eq!(check(c"SELECT 1; SELECT 2"), Ok(2));
        let error = check(c"INSERT INTO t VALUES (1), (").unwrap_err();
        assert_eq!(error.message, "syntax error at end of input");
        assert_eq!(error.characters, Some("INSERT INTO t VALUES (1), (".len()));
    }

    #[test]
    fn backslashes_escape_only_when_asked() {
        assert!(parse(cr"SELECT 'it\'s'", 0).is_err());
        assert!(parse(cr"SELECT 'it\'s'", BACKSLASH_ESCAPES).is_ok());
        assert!(parse(cr"SELECT 'it\'s'", 0).is_err());
    }
}
