//! Finding known secrets in texts that are about to be shown, in whatever form programs print them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::super::{Secret, Value};
use super::flat::Flat;
use super::forms;

/// Shorter texts are not searched for: they would be found in ordinary words.
pub(super) const SHORTEST: usize = 4;

/// More bytes than any form of one character has.
const LONGEST_FORM: usize = 24;

/// What is shown instead of a secret.
pub(super) const HIDDEN: &str = "(sensitive)";

/// Knows the secrets of a run and hides them wherever they turn up: in old contents, in what commands print.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    needles: Vec<Needle>,
    /// Places in `needles` by the first byte, so that a text is walked once however many there are.
    by_start: Vec<Vec<usize>>,
    /// Which two bytes any of them begins with, a bit each.
    pairs: Vec<u64>,
    /// The bytes of the longest.
    pub(super) longest: usize,
}

/// Where the characters that were found so far end, kept so that looking takes no memory each time.
#[derive(Default)]
struct Work {
    ends: Vec<usize>,
    next: Vec<usize>,
}

/// A text that is looked for.
#[derive(Clone, Debug)]
struct Needle {
    text: Secret,
    /// It is a middle part of base64: the characters beside it hold bits of the secret, too.
    is_base64: bool,
}

impl Redactor {
    /// Takes the secrets known so far. A secret of several lines is also looked for line by line.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut known = Self { by_start: vec![Vec::new(); 256], pairs: vec![0; 1024], ..Self::default() };
        let mut seen = HashSet::new();
        for secret in secrets {
            let text = secret.expose();
            let lines = || text.lines().map(str::trim).filter(|line| line.len() >= SHORTEST);
            for line in lines() {
                known.add(line, false, &mut seen);
            }
            for whole in lines().chain(Some(text).filter(|text| text.len() >= SHORTEST)) {
                known.add_encoded(whole.as_bytes(), &mut seen);
            }
        }
        for alike in &mut known.by_start {
            // Longest first, so that a secret which contains another is hidden whole.
            alike.sort_by_key(|&at| std::cmp::Reverse(known.needles[at].text.expose().len()));
        }
        known
    }

    fn add(&mut self, text: &str, is_base64: bool, seen: &mut HashSet<Secret>) {
        let &[first, second, ..] = text.as_bytes() else { return };
        let text = Secret::new(text);
        if text.expose().len() < SHORTEST || !seen.insert(text.clone()) {
            return;
        }
        let pair = usize::from(first) << 8 | usize::from(second);
        self.pairs[pair / 64] |= 1 << (pair % 64);
        self.longest = self.longest.max(text.expose().len());
        self.by_start[usize::from(first)].push(self.needles.len());
        self.needles.push(Needle { text, is_base64 });
    }

    /// Looks for bytes as hexadecimal digits and as base64 too, alone or in the midst of something longer.
    fn add_encoded(&mut self, bytes: &[u8], seen: &mut HashSet<Secret>) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.add(&hex, false, seen);
        self.add(&hex.to_uppercase(), false, seen);
        for (before, cut) in [(0, 0), (1, 2), (2, 3)] {
            let mut shifted = vec![0; before];
            shifted.extend_from_slice(bytes);
            let text = STANDARD_NO_PAD.encode(&shifted);
            // The characters that hold nothing but bits of it.
            let Some(core) = text.get(cut..shifted.len() * 8 / 6).filter(|core| core.len() >= SHORTEST + 2) else {
                continue;
            };
            self.add(core, true, seen);
            self.add(&core.replace('+', "-").replace('/', "_"), true, seen);
        }
    }

    /// Replaces every known secret by `(sensitive)`.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.hide(text, 0, false) {
            Some(hidden) => Cow::Owned(hidden),
            None => Cow::Borrowed(text),
        }
    }

    /// Returns what is to be shown of a text from this place on, if anything in it is to be hidden. More may come: then what
    /// may be the start of a secret is hidden at its end.
    pub(super) fn hide(&self, text: &str, from: usize, more: bool) -> Option<String> {
        let places: Vec<_> = self.places(text, more).into_iter().filter(|place| place.end > from).collect();
        if places.is_empty() {
            return None;
        }
        let mut shown = String::with_capacity(text.len() - from);
        // What begins inside of another goes with it.
        let (mut end, mut is_first) = (from, true);
        for place in places {
            if place.start >= end || is_first {
                shown.push_str(&text[end..place.start.max(end)]);
                shown.push_str(HIDDEN);
            }
            (end, is_first) = (end.max(place.end), false);
        }
        shown.push_str(&text[end..]);
        Some(shown)
    }

    /// Returns where secrets stand in a text, in order; they may overlap.
    fn places(&self, text: &str, more: bool) -> Vec<Range<usize>> {
        // Nearly always there is no secret, and then nothing is to be looked for.
        if self.needles.is_empty() {
            return Vec::new();
        }
        let whole = |place| on_characters(text, place);
        let mut places = Vec::new();
        for flat in Flat::of(text).iter().flatten() {
            places.extend(self.found(&flat.bytes, more).map(|place| whole(flat.place(place))));
        }
        places.sort_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
        places
    }

    /// Returns where secrets stand, of several that begin at one place the longest.
    fn found(&self, bytes: &[u8], more: bool) -> impl Iterator<Item = Range<usize>> {
        let mut work = Work::default();
        bytes.iter().enumerate().filter_map(move |(start, &first)| {
            if !self.may_begin(first, bytes.get(start + 1).copied(), more) {
                return None;
            }
            let mut longest: Option<Range<usize>> = None;
            for byte in forms::first_bytes(bytes, start) {
                for &at in &self.by_start[usize::from(byte)] {
                    let place = self.needles[at].find(bytes, start, more, &mut work);
                    longest = place.into_iter().chain(longest).max_by_key(|place| place.end);
                }
            }
            longest
        })
    }

    /// Tells at once of most places that nothing begins there.
    fn may_begin(&self, first: u8, second: Option<u8>, more: bool) -> bool {
        if forms::begins_a_form(first) {
            return true;
        }
        if self.by_start[usize::from(first)].is_empty() {
            return false;
        }
        match second {
            None => more,
            Some(second) if forms::begins_a_form(second) => true,
            Some(second) => {
                let pair = usize::from(first) << 8 | usize::from(second);
                self.pairs[pair / 64] >> (pair % 64) & 1 == 1
            }
        }
    }

    /// Returns whether a value holds a known secret anywhere.
    pub fn is_in(&self, value: &Value) -> bool {
        if self.needles.is_empty() {
            return false;
        }
        match value {
            Value::Text(text) => self.is_in_text(text),
            Value::List(items) => items.iter().any(|item| self.is_in(item)),
            Value::Map(entries) => entries.values().any(|value| self.is_in(value)),
            Value::Content(content) => {
                content.bytes().is_some_and(|bytes| self.is_in_text(&String::from_utf8_lossy(bytes)))
            }
            _ => false,
        }
    }

    fn is_in_text(&self, text: &str) -> bool {
        Flat::of(text).iter().flatten().any(|flat| self.found(&flat.bytes, false).next().is_some())
    }
}

impl Needle {
    /// Returns where it stands if it begins here: all of it, or, where more may come, as much as there is so far.
    fn find(&self, text: &[u8], start: usize, more: bool, work: &mut Work) -> Option<Range<usize>> {
        let Work { ends, next } = work;
        ends.clear();
        ends.push(start);
        next.clear();
        let mut is_cut = false;
        for (count, character) in self.text.expose().chars().enumerate() {
            is_cut |= more && count >= SHORTEST && ends.iter().any(|&at| is_over(text, at));
            ends.iter().for_each(|&at| forms::ends(character, text, at, next));
            if next.is_empty() {
                return is_cut.then_some(start..text.len());
            }
            next.sort_unstable();
            next.dedup();
            std::mem::swap(ends, next);
            next.clear();
        }
        let (mut start, mut end) = (start, *ends.last()?);
        if self.is_base64 {
            let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
            start -= usize::from(start > 0 && is_base64(&text[start - 1]));
            end += usize::from(text.get(end).is_some_and(is_base64));
            end += text[end..].iter().take(2).take_while(|&&byte| byte == b'=').count();
        }
        Some(start..end)
    }
}

/// Returns whether nothing follows but what may be the start of an escaped character.
fn is_over(text: &[u8], at: usize) -> bool {
    let rest = &text[at..];
    rest.len() < LONGEST_FORM && rest.first().is_none_or(|&first| forms::begins_a_form(first))
}

/// Widens a place to whole characters.
fn on_characters(text: &str, place: Range<usize>) -> Range<usize> {
    let start = (0..=place.start).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let end = (place.end..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    start..end
}
