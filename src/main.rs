//! Arguments in, exit code out.

mod cli;

use std::process::ExitCode;

/// Links mimalloc, whose `malloc` and `free` then stand in for the C library's, in C and in Rust alike. As Rust's
/// global allocator it would be asked through functions for any alignment, which are slower.
#[cfg(target_os = "linux")]
#[used]
static ALLOCATOR: unsafe extern "C" fn(usize) -> *mut std::ffi::c_void = libmimalloc_sys::mi_malloc;

fn main() -> ExitCode {
    cli::main()
}
