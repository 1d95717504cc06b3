//! Pieces of work that have one reason, and so one finding.

use super::context::Context;
use super::report::Report;
use crate::effects::Work;

/// The work of one reason.
pub struct Cause<'s> {
    /// The first piece that a test picked out.
    pub work: &'s Work,
    /// Indexes into `Effects::work` of all pieces of that reason.
    pub at: Vec<usize>,
}

impl Context<'_> {
    /// The reasons of work on existing relations that a test picks out, that somebody waits for, and that no
    /// rule has spoken of; in the order of the statement.
    pub fn blocking_causes<'s>(
        &'s self,
        report: &Report<'_>,
        wanted: impl Fn(&Work) -> bool,
    ) -> Vec<Cause<'s>> {
        let mut causes: Vec<Cause<'s>> = Vec::new();
        for (at, work) in self.work_where(report, wanted) {
            match causes
                .iter_mut()
                .find(|cause| cause.work.reason == work.reason)
            {
                Some(cause) => cause.at.push(at),
                None => causes.push(Cause { work, at: vec![at] }),
            }
        }
        causes.retain(|cause| {
            cause
                .at
                .iter()
                .any(|at| self.blocks(&self.effects.work[*at]))
        });
        causes
    }
}
