//! Where reports go: standard output, which may be closed early, or a file.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use super::failure::Failure;

/// Lets `write` fill the file, or standard output. A closed pipe (`| head`) is not an error: the
/// reader has seen enough.
pub fn write(
    file: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    match file {
        Some(path) => to_file(path, write)
            .map_err(|error| Failure::path(path, &format!("cannot be written: {error}"))),
        None => match to_stdout(write) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            done => done.map_err(|error| Failure::new(format!("standard output: {error}"))),
        },
    }
}

/// Remarks on standard error. When nobody reads it, nobody misses them.
pub fn notes(notes: &[String]) {
    let mut stderr = io::stderr().lock();
    for note in notes {
        let _ = writeln!(stderr, "note: {note}");
    }
}

fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    write(&mut file)?;
    file.flush()
}

fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut stdout = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write(&mut stdout)?;
    stdout.flush()
}
