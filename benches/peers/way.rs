//! A way that is long, and may be narrow: when what is sent arrives.
//!
//! A model of one direction of a TCP connection on which nothing is lost. Every byte arrives `delay` after it has left.
//! Where the way has a bandwidth, bytes leave in segments, one after another at that rate, and no more are under way than
//! the sender's window lets: ten segments at first (RFC 6928). Each one that is acknowledged while the sender waits for it
//! widens the window by itself, which doubles it in a round trip (slow start, RFC 5681); after a pause it is as narrow as at
//! first (RFC 5681, section 4.1, with the timeout of RFC 6298 as Linux bounds it).
//!
//! Not in the model: loss and what follows from it, headers, acknowledgements that are late or take room, and a window of
//! the receiver.

use std::collections::VecDeque;
use std::time::Duration;

/// What a segment carries on an Ethernet: 1,500 bytes less the headers of IP and TCP.
pub const SEGMENT: usize = 1460;

const INITIAL_WINDOW: usize = 10 * SEGMENT;

/// How much longer than a round trip a pause is after which the window is narrow again.
const PAUSE: Duration = Duration::from_millis(200);

/// How long and how narrow a way is, in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// How much later a byte arrives.
    pub delay: Duration,
    /// Bytes a second; without it, everything that is sent at once arrives at once.
    pub bandwidth: Option<u64>,
}

/// What one end of a connection sends.
#[derive(Debug)]
pub struct Flow {
    way: Way,
    window: usize,
    /// Segments that are not acknowledged: when they will be, and their sizes.
    under_way: VecDeque<(Duration, usize)>,
    /// When all that was sent has left.
    idle_from: Duration,
}

impl Flow {
    pub fn new(way: Way) -> Self {
        Flow { way, window: INITIAL_WINDOW, under_way: VecDeque::new(), idle_from: Duration::ZERO }
    }

    /// Sends bytes, and returns in which pieces and when they arrive. Times are counted from any moment, and never go back.
    pub fn send(&mut self, now: Duration, size: usize) -> Vec<(usize, Duration)> {
        let Some(bandwidth) = self.way.bandwidth else { return vec![(size, now + self.way.delay)] };
        let round_trip = self.way.delay * 2;
        if now > self.idle_from + round_trip + PAUSE {
            self.window = INITIAL_WINDOW;
        }
        // Nobody waited for these.
        while self.under_way.front().is_some_and(|(acknowledged, _)| *acknowledged <= now) {
            self.under_way.pop_front();
        }
        let mut pieces = Vec::new();
        let mut left = size;
        while left > 0 {
            let piece = left.min(SEGMENT);
            left -= piece;
            let mut leaves = now.max(self.idle_from);
            while self.under_way.iter().map(|(_, size)| size).sum::<usize>() + piece > self.window {
                let Some((acknowledged, size)) = self.under_way.pop_front() else { break };
                self.window += size;
                leaves = leaves.max(acknowledged);
            }
            let takes = Duration::from_nanos(piece as u64 * 1_000_000_000 / bandwidth);
            self.idle_from = leaves + takes;
            self.under_way.push_back((self.idle_from + round_trip, piece));
            pieces.push((piece, self.idle_from + self.way.delay));
        }
        pieces
    }
}
