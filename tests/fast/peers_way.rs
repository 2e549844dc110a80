//! The model of a long and narrow way that `benches/peers` has: a bench cannot hold its tests.

#[path = "../../benches/peers/way.rs"]
mod way;

use std::time::Duration;

use way::{Flow, SEGMENT, Way};

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A way on which a segment takes a millisecond.
const NARROW: Way = Way { delay: ms(80), bandwidth: Some(SEGMENT as u64 * 1000) };

/// Sends segments at a moment, and returns when they arrive, in milliseconds.
fn arrivals(flow: &mut Flow, now: Duration, segments: usize) -> Vec<u128> {
    let pieces = flow.send(now, segments * SEGMENT);
    assert!(pieces.iter().all(|(size, _)| *size == SEGMENT));
    pieces.iter().map(|(_, at)| at.as_millis()).collect()
}

#[test]
fn a_way_without_a_bandwidth_is_only_long() {
    let mut flow = Flow::new(Way { delay: ms(80), bandwidth: None });
    assert_eq!(flow.send(ms(5), 1_000_000), [(1_000_000, ms(85))]);
    assert_eq!(flow.send(ms(6), 1), [(1, ms(86))]);
}

#[test]
fn bytes_leave_one_segment_after_another() {
    let mut flow = Flow::new(NARROW);
    assert_eq!(flow.send(ms(0), SEGMENT + SEGMENT / 2), [(SEGMENT, ms(81)), (SEGMENT / 2, ms(81) + ms(1) / 2)]);
    // What is sent meanwhile waits for its turn.
    assert_eq!(arrivals(&mut flow, ms(1), 1), [82]);
    assert_eq!(flow.send(ms(2), 0), []);
}

#[test]
fn the_window_doubles_in_a_round_trip() {
    let mut flow = Flow::new(NARROW);
    let arrived = arrivals(&mut flow, ms(0), 70);
    assert_eq!(arrived[..10], (81..=90).collect::<Vec<_>>());
    // The first acknowledgement is there after 161 ms, and then one in each millisecond, each of which lets two leave.
    assert_eq!(arrived[10..30], (242..=261).collect::<Vec<_>>());
    assert_eq!(arrived[30..70], (403..=442).collect::<Vec<_>>());
}

#[test]
fn a_window_that_nobody_waits_for_stays() {
    let mut flow = Flow::new(NARROW);
    for round in 0..5 {
        arrivals(&mut flow, ms(200) * round, 5);
    }
    let arrived = arrivals(&mut flow, ms(1000), 11);
    assert_eq!((arrived[9] - arrived[0], arrived[10] - arrived[0]), (9, 161));
}

#[test]
fn a_window_is_narrow_again_after_a_pause() {
    let mut flow = Flow::new(NARROW);
    arrivals(&mut flow, ms(0), 70);
    let soon = arrivals(&mut flow, ms(600), 40);
    assert_eq!(soon[39] - soon[0], 39);
    let later = arrivals(&mut flow, ms(2000), 11);
    assert_eq!((later[9] - later[0], later[10] - later[0]), (9, 161));
}

#[test]
fn a_wide_window_never_holds_anything_back() {
    let mut flow = Flow::new(Way { delay: ms(1), bandwidth: Some(SEGMENT as u64 * 1000) });
    assert_eq!(arrivals(&mut flow, ms(0), 1000), (2..=1001).collect::<Vec<_>>());
}
