//! A timeline of a run: what took how long, on this machine and on each host.
//!
//! Whoever does something holds a [`Span`] while it lasts. What is written in the end is the Chrome trace event format
//! (JSON object format, "Trace Event Format", section 2.2), which Perfetto, chrome://tracing and speedscope open. A host
//! is a process of it, and what runs on it at the same time lies on lanes, its threads. Moments are when this machine
//! heard of something. Spans are named after what is done and to what, never after values.
#![allow(clippy::disallowed_methods, reason = "this is what reads the clock")]

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

/// The track of what this machine does.
pub const MACHINE: &str = "infra";

/// Where spans are kept. One that is off keeps nothing and reads no clock.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<Recorder>>);

struct Recorder {
    since: Instant,
    timeline: Mutex<Timeline>,
}

#[derive(Default)]
struct Timeline {
    done: Vec<Done>,
    /// By track: which lanes are in use.
    tracks: BTreeMap<Arc<str>, Vec<bool>>,
}

/// A span that has ended.
struct Done {
    place: Place,
    name: String,
    start: Duration,
    length: Duration,
}

#[derive(Clone)]
struct Place {
    track: Arc<str>,
    lane: usize,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Trace(on)" } else { "Trace(off)" })
    }
}

impl Trace {
    /// Starts the clock.
    pub fn start() -> Self {
        Self(Some(Arc::new(Recorder { since: Instant::now(), timeline: Mutex::default() })))
    }

    /// Begins something on a track: a host, or [`MACHINE`]. What begins while something else is on the track lies beside
    /// it, on the next lane.
    pub fn span(&self, track: &str, name: impl fmt::Display) -> Span {
        let open = self.0.as_ref().map(|recorder| {
            let mut timeline = recorder.timeline();
            let track = match timeline.tracks.get_key_value(track) {
                Some((known, _)) => known.clone(),
                None => Arc::from(track),
            };
            let lanes = timeline.tracks.entry(track.clone()).or_default();
            let lane = lanes.iter().position(|used| !used).unwrap_or(lanes.len());
            if lane == lanes.len() {
                lanes.push(true);
            } else {
                lanes[lane] = true;
            }
            drop(timeline);
            Open::new(recorder, Place { track, lane }, &name, true)
        });
        Span(open)
    }

    /// Writes all that has ended as JSON.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let Some(recorder) = &self.0 else { return Ok(()) };
        let timeline = recorder.timeline();
        // This machine first, then the hosts by name.
        let mut tracks: Vec<&Arc<str>> = timeline.tracks.keys().collect();
        tracks.sort_by_key(|track| (&***track != MACHINE, (*track).clone()));
        let process = |track: &Arc<str>| tracks.iter().position(|known| *known == track).unwrap_or_default() + 1;
        write!(to, "{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")?;
        let mut separator = "\n";
        let mut event = |value: serde_json::Value| {
            write!(to, "{separator}{value}")?;
            separator = ",\n";
            Ok::<(), io::Error>(())
        };
        for track in &tracks {
            let pid = process(track);
            event(json!({ "ph": "M", "name": "process_name", "pid": pid, "tid": 1, "args": { "name": &***track } }))?;
            event(
                json!({ "ph": "M", "name": "process_sort_index", "pid": pid, "tid": 1, "args": { "sort_index": pid } }),
            )?;
            for lane in 1..=timeline.tracks[*track].len() {
                let name = format!("lane {lane}");
                event(json!({ "ph": "M", "name": "thread_name", "pid": pid, "tid": lane, "args": { "name": name } }))?;
            }
        }
        for done in &timeline.done {
            event(json!({
                "ph": "X",
                "name": done.name,
                "cat": if &*done.place.track == MACHINE { "machine" } else { "host" },
                "pid": process(&done.place.track),
                "tid": done.place.lane + 1,
                "ts": microseconds(done.start),
                "dur": microseconds(done.length),
            }))?;
        }
        writeln!(to, "\n]}}")
    }
}

impl Recorder {
    fn timeline(&self) -> MutexGuard<'_, Timeline> {
        self.timeline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that lasts until this is dropped.
#[derive(Default)]
#[must_use = "a span ends when it is dropped"]
pub struct Span(Option<Open>);

struct Open {
    recorder: Arc<Recorder>,
    place: Place,
    name: String,
    start: Duration,
    /// It has a lane of its own, not that of what it is part of.
    holds_lane: bool,
}

impl Open {
    fn new(recorder: &Arc<Recorder>, place: Place, name: &dyn fmt::Display, holds_lane: bool) -> Self {
        let start = recorder.since.elapsed();
        Self { recorder: recorder.clone(), place, name: name.to_string(), start, holds_lane }
    }
}

impl Span {
    /// Begins a part of it.
    pub fn part(&self, name: impl fmt::Display) -> Self {
        Self(self.0.as_ref().map(|whole| Open::new(&whole.recorder, whole.place.clone(), &name, false)))
    }

    /// Ends it.
    pub fn end(self) {}
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Span").field(&self.0.as_ref().map(|open| &open.name)).finish()
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let Some(Open { recorder, place, name, start, holds_lane }) = self.0.take() else { return };
        let length = recorder.since.elapsed().saturating_sub(start);
        let mut timeline = recorder.timeline();
        if holds_lane
            && let Some(lanes) = timeline.tracks.get_mut(&place.track)
            && let Some(lane) = lanes.get_mut(place.lane)
        {
            *lane = false;
        }
        timeline.done.push(Done { place, name, start, length });
    }
}

/// Returns a time in microseconds, to the nanosecond.
fn microseconds(time: Duration) -> f64 {
    // Exact for a run of a hundred days.
    time.as_nanos() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    fn written(trace: &Trace) -> Vec<Json> {
        let mut text = Vec::new();
        trace.write(&mut text).unwrap();
        let whole: Json = serde_json::from_slice(&text).unwrap();
        whole["traceEvents"].as_array().unwrap().clone()
    }

    fn spans(events: &[Json]) -> Vec<(&str, u64, u64)> {
        let spans = events.iter().filter(|event| event["ph"] == "X");
        spans
            .map(|span| (span["name"].as_str().unwrap(), span["pid"].as_u64().unwrap(), span["tid"].as_u64().unwrap()))
            .collect()
    }

    #[test]
    fn parts_lie_within_and_what_runs_at_once_side_by_side() {
        let trace = Trace::start();
        let load = trace.span(MACHINE, "load");
        load.end();
        let frame = trace.span("app1", "frame");
        let step = frame.part(format_args!("write {} files", 3));
        let beside = trace.span("app1", "observe");
        step.end();
        frame.end();
        let again = trace.span("app1", "frame 2");
        drop((beside, again));
        let events = written(&trace);
        assert_eq!(
            spans(&events),
            [("load", 1, 1), ("write 3 files", 2, 1), ("frame", 2, 1), ("observe", 2, 2), ("frame 2", 2, 1)]
        );
        let names: Vec<&str> = events.iter().filter_map(|event| event["args"]["name"].as_str()).collect();
        assert_eq!(names, ["infra", "lane 1", "app1", "lane 1", "lane 2"]);
        let time = |name: &str| {
            let event = events.iter().find(|event| event["name"] == name && event["ph"] == "X").unwrap();
            let start = event["ts"].as_f64().unwrap();
            (start, start + event["dur"].as_f64().unwrap())
        };
        let (whole, part) = (time("frame"), time("write 3 files"));
        assert!(whole.0 <= part.0 && part.1 <= whole.1, "{whole:?} {part:?}");
    }

    #[test]
    fn nothing_is_kept_where_nobody_asked() {
        let trace = Trace::default();
        trace.span("app1", "frame").part("step").end();
        let mut text = Vec::new();
        trace.write(&mut text).unwrap();
        assert!(text.is_empty());
    }
}
