use std::time::{Duration, Instant};

/// A moment after which waiting is given up.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// Makes a deadline that far from now.
    pub fn after(time: Duration) -> Self {
        Deadline(Instant::now() + time)
    }

    /// Returns the time left, zero once it has passed.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Tells whether it has passed.
    pub fn has_passed(self) -> bool {
        self.left().is_zero()
    }

    /// Asks again and again until there is an answer; `None` when the deadline came first.
    pub fn poll<T, E>(self, mut ask: impl FnMut() -> Result<Option<T>, E>) -> Result<Option<T>, E> {
        let mut pause = Duration::from_millis(2);
        loop {
            if let Some(answer) = ask()? {
                return Ok(Some(answer));
            }
            if self.has_passed() {
                return Ok(None);
            }
            std::thread::sleep(pause.min(self.left()));
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}
