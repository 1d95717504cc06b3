//! Random choices, all from one seed.

use std::fmt;

use proptest::prelude::{Rng, RngExt};
use proptest::strategy::{Just, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Where every choice comes from.
pub struct Chooser {
    rng: TestRng,
}

impl Chooser {
    pub fn new(rng: TestRng) -> Self {
        Chooser { rng }
    }

    /// At least 0, less than `count`, which is not 0.
    pub fn below(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count.max(1))
    }

    pub fn percent(&mut self, percent: u32) -> bool {
        self.rng.next_u32() % 100 < percent
    }

    /// One of several, of which there is at least one.
    pub fn pick<'t, T: ?Sized>(&mut self, several: &[&'t T]) -> &'t T {
        several[self.below(several.len())]
    }

    pub fn pick_one<'t, T>(&mut self, several: &'t [T]) -> Option<&'t T> {
        match several.is_empty() {
            true => None,
            false => several.get(self.below(several.len())),
        }
    }

    /// The text with this probability, else nothing.
    pub fn maybe<'t>(&mut self, percent: u32, text: &'t str) -> &'t str {
        match self.percent(percent) {
            true => text,
            false => "",
        }
    }
}

/// What a function makes of random choices, as a strategy.
pub fn strategy<T: fmt::Debug>(make: impl Fn(&mut Chooser) -> T) -> impl Strategy<Value = T> {
    Just(()).prop_perturb(move |(), rng| make(&mut Chooser::new(rng)))
}

/// The next value of a strategy.
pub fn next<T: fmt::Debug>(
    strategy: &impl Strategy<Value = T>,
    runner: &mut TestRunner,
) -> Result<T, String> {
    let tree = strategy
        .new_tree(runner)
        .map_err(|reason| reason.to_string())?;
    Ok(tree.current())
}

/// The same values for the same seed.
pub fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    TestRunner::new_with_rng(Config::default(), rng)
}
