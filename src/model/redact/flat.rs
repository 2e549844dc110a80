//! A text without its line ends, so that what lies across lines is found.

use std::borrow::Cow;
use std::ops::Range;

pub(super) struct Flat<'t> {
    pub bytes: Cow<'t, [u8]>,
    /// Where something was left out, and how much up to there.
    cuts: Vec<(usize, usize)>,
}

impl<'t> Flat<'t> {
    /// Returns the text without its line ends and, where lines are indented, also without what indents them.
    pub fn of(text: &'t str) -> [Option<Self>; 2] {
        let bytes = text.as_bytes();
        let is_end = |byte: u8| byte == b'\n' || byte == b'\r';
        if !bytes.iter().any(|&byte| is_end(byte)) {
            return [Some(Self { bytes: Cow::Borrowed(bytes), cuts: Vec::new() }), None];
        }
        let flat = Self::without(bytes, is_end);
        let is_blank = |byte: u8| byte == b' ' || byte == b'\t';
        let mut is_indent = false;
        let indented = bytes.windows(2).any(|pair| is_end(pair[0]) && is_blank(pair[1])).then(|| {
            Self::without(bytes, |byte| {
                is_indent = is_end(byte) || is_indent && is_blank(byte);
                is_indent
            })
        });
        [Some(flat), indented]
    }

    fn without(bytes: &[u8], mut leave_out: impl FnMut(u8) -> bool) -> Self {
        let (mut kept, mut cuts) = (Vec::with_capacity(bytes.len()), Vec::new());
        for (at, &byte) in bytes.iter().enumerate() {
            if leave_out(byte) {
                let left_out = at + 1 - kept.len();
                match cuts.last_mut() {
                    Some((place, all)) if *place == kept.len() => *all = left_out,
                    _ => cuts.push((kept.len(), left_out)),
                }
            } else {
                kept.push(byte);
            }
        }
        Self { bytes: Cow::Owned(kept), cuts }
    }

    /// Returns where in the text a place is.
    pub fn place(&self, place: Range<usize>) -> Range<usize> {
        let end = place.end.checked_sub(1).map_or(0, |last| self.at(last) + 1);
        self.at(place.start)..end
    }

    fn at(&self, at: usize) -> usize {
        let before = self.cuts.partition_point(|(cut, _)| *cut <= at);
        at + before.checked_sub(1).map_or(0, |last| self.cuts[last].1)
    }
}
