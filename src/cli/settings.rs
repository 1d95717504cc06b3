//! Finding and reading `humdrum.toml`.

use std::path::{Path, PathBuf};

use humdrum::config::{Config, FILE_NAME, Known};
use humdrum::project;

use super::failure::Failure;

/// The nearest `humdrum.toml` at or above a directory. The path is relative when it is below the
/// current directory, so that messages are short.
pub fn find(directory: &Path) -> Option<PathBuf> {
    let start = std::path::absolute(directory).ok()?;
    let start = start.canonicalize().unwrap_or(start);
    let found = start
        .ancestors()
        .map(|directory| directory.join(FILE_NAME))
        .find(|file| file.is_file())?;
    Some(shortened(found))
}

fn shortened(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    match here
        .ok()
        .and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf))
    {
        Some(below) => below,
        None => path,
    }
}

/// # Errors
/// The file cannot be read, or says something that cannot be meant.
pub fn read(file: &Path, known: &Known<'_>) -> Result<Config, Failure> {
    let text = project::read(file).map_err(|message| Failure::path(file, &message))?;
    Ok(Config::parse(file, &text, known)?)
}
