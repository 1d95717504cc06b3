//! Branches of a template that exclude each other: each runs as if the others were not there.

use std::ops::Range;

use super::held::Holding;
use super::run::Run;
use crate::catalog::{Catalog, Oid};
use crate::session::Session;

/// What a statement may change.
#[derive(Clone)]
struct State {
    catalog: Catalog,
    session: Session,
    holding: Holding,
    temporary: Vec<Oid>,
    dropped_on_commit: Vec<Oid>,
}

/// A group of branches that is being replayed.
pub(super) struct Fork {
    group: usize,
    branch: usize,
    before: State,
    /// What the first branch left behind; the statements after the group go on from there.
    after_first: Option<State>,
}

impl Run<'_> {
    /// The statement at this place of the file comes next.
    pub(super) fn enter_branch(&mut self, groups: &[Vec<Range<usize>>], at: usize) {
        let place = groups.iter().enumerate().find_map(|(group, branches)| {
            let branch = branches.iter().position(|range| range.contains(&at))?;
            Some((group, branch))
        });
        let known = self.fork.as_ref().map(|fork| (fork.group, fork.branch));
        if place == known {
            return;
        }
        let same_group = place.map(|it| it.0) == known.map(|it| it.0);
        if same_group && let (Some(mut fork), Some((_, branch))) = (self.fork.take(), place) {
            let done = self.state();
            fork.after_first.get_or_insert(done);
            fork.branch = branch;
            self.restore(fork.before.clone());
            self.fork = Some(fork);
            return;
        }
        self.leave_branches();
        self.fork = place.map(|(group, branch)| Fork {
            group,
            branch,
            before: self.state(),
            after_first: None,
        });
    }

    pub(super) fn leave_branches(&mut self) {
        if let Some(after) = self.fork.take().and_then(|fork| fork.after_first) {
            self.restore(after);
        }
    }

    fn state(&self) -> State {
        State {
            catalog: self.catalog.clone(),
            session: self.session.clone(),
            holding: self.holding.clone(),
            temporary: self.temporary.clone(),
            dropped_on_commit: self.dropped_on_commit.clone(),
        }
    }

    fn restore(&mut self, state: State) {
        self.catalog = state.catalog;
        self.session = state.session;
        self.holding = state.holding;
        self.temporary = state.temporary;
        self.dropped_on_commit = state.dropped_on_commit;
    }
}
