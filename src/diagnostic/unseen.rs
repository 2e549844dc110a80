//! Characters that act on what is around them, or are not seen at all.

/// Returns whether a character is not shown itself: it drives a terminal, turns the direction of the text around it, which
/// can make that read as something else, or has no width, so that two texts look alike and are not.
///
/// Directions are the explicit marks, embeddings, overrides and isolates of Unicode UAX #9; what has no width is the rest of
/// its `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt), but for the variation selectors, which choose how the
/// character before them looks, and the separators of lines and paragraphs.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200d}'
            | '\u{2028}'..='\u{2029}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e00ff}'
            | '\u{e01f0}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_direction_and_what_has_no_width_are_unseen() {
        let unseen = "\0\t\n\u{1b}\u{7f}\u{9b}\u{61c}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\u{202a}\u{202e}\
                      \u{2060}\u{2066}\u{2069}\u{feff}\u{ad}\u{e0041}";
        for c in unseen.chars() {
            assert!(is_unseen(c), "{c:?}");
        }
        for c in "aß 名\u{a0}é\u{301}\u{fe0f}👍\u{1f3fd}שעربا\u{202f}\u{3000}\u{fffd}".chars() {
            assert!(!is_unseen(c), "{c:?}");
        }
    }
}
