//! Random numbers.

/// A small generator of random numbers. It is not for secrets.
pub struct Random(u64);

impl Random {
    /// Creates a generator that returns the same numbers in each run.
    pub fn with_seed(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Creates a generator that returns other numbers in each run.
    pub fn with_random_seed() -> Self {
        Self::with_seed(std::hash::BuildHasher::hash_one(
            &std::hash::RandomState::new(),
            0,
        ))
    }

    /// Returns a number from 0 to `sides - 1`.
    pub fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}
