//! What the fields of rows and records are called: said once, for the program and for who writes and reads them.
//!
//! A program names the fields of its rows in a line of its own, `columns path mode`, and those of its records in comments,
//! `# Record: "present", owner, mode`, a line for each form that a record may have: a word in quotes is the field itself.
//! [`rows!`](crate::rows) and [`records!`](crate::records) declare the same beside the kind. Where the two differ, nothing
//! compiles; a row of another number of fields cannot be made, and a record of another number is never read.

use super::{Expect, Record};

/// One form that a record may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub name: &'static str,
    /// Its first field, where that says which form it is.
    pub word: Option<&'static str>,
    /// What the other fields are called; all of them, where there is no word.
    pub fields: &'static [&'static str],
}

/// What a program writes about a row; made by [`records!`](crate::records).
pub trait Records<'a>: Sized {
    const FORMS: &'static [Form];

    /// Reads a record; nothing where it has none of the forms.
    fn find(record: &'a Record) -> Option<Self>;

    /// Reads several records, or says why one cannot be read.
    fn read_all(records: &[&'a Record]) -> Result<Vec<Self>, String> {
        records.iter().map(|record| Self::read(record)).collect()
    }

    /// Reads a record, or says why it cannot be read. Nothing of what it holds is said but its first word.
    fn read(record: &'a Record) -> Result<Self, String> {
        Self::find(record).ok_or_else(|| {
            let mut words = Self::FORMS.iter().filter_map(|form| form.word);
            let known = words.find(|word| record.fields.first().is_some_and(|first| first == word));
            let word = known.map_or(String::new(), |word| format!(" `{word}`"));
            format!("the probe's answer{word} has {} fields, which is no form that it may have", record.fields.len())
        })
    }
}

/// A record as it is, for what reads many forms by itself.
impl<'a> Records<'a> for &'a Record {
    const FORMS: &'static [Form] = &[];

    fn find(record: &'a Record) -> Option<Self> {
        Some(record)
    }
}

/// Returns the pattern for a record of a form: what its fields must be, by their names; what is not named may be anything.
pub fn pattern<const COUNT: usize>(form: &Form, fields: [(usize, Expect); COUNT]) -> Vec<Expect> {
    let mut pattern: Vec<Expect> = form.word.map(|word| Expect::Is(word.to_string())).into_iter().collect();
    let first = pattern.len();
    pattern.resize(first + form.fields.len(), Expect::Any);
    for (at, expect) in fields {
        pattern[first + at] = expect;
    }
    // What may be anything need not be there.
    while pattern.len() > 1 && pattern.last() == Some(&Expect::Any) {
        pattern.pop();
    }
    pattern
}

/// Finds a form by its name; another name does not compile.
pub const fn form(forms: &'static [Form], name: &str) -> &'static Form {
    let mut at = 0;
    while at < forms.len() {
        if same(forms[at].name, name) {
            return &forms[at];
        }
        at += 1;
    }
    panic!("no form of a record is called so")
}

/// Finds a field of a form by its name; another name does not compile.
pub const fn place(form: &Form, field: &str) -> usize {
    let mut at = 0;
    while at < form.fields.len() {
        if same(form.fields[at], field) {
            return at;
        }
        at += 1;
    }
    panic!("the form has no field of this name")
}

/// Checks that a program has a line `columns` with these names, those of what the rows begin with first; anything else does not
/// compile. The line is a comment where the fields are not read by their names.
pub const fn check_row(program: &str, first: &[&str], names: &[&str]) {
    let program = program.as_bytes();
    let mut at = 0;
    while at < program.len() {
        let mut start = at;
        while start < program.len() && (program[start] == b' ' || program[start] == b'#') {
            start += 1;
        }
        if starts(program, start, b"columns ") && is_row(program, start + 7, first, names) {
            return;
        }
        at = next_line(program, at);
    }
    panic!("the program has no line `columns` with these names, which are its fields in their order");
}

/// Returns whether these names stand here, each after a blank, and nothing else up to the end of the line.
const fn is_row(program: &[u8], mut here: usize, first: &[&str], names: &[&str]) -> bool {
    let mut name = 0;
    while name < first.len() + names.len() {
        let wanted = if name < first.len() { first[name] } else { names[name - first.len()] };
        if !starts(program, here, b" ") {
            return false;
        }
        here = match name_at(program, here + 1, wanted) {
            Some(end) => end,
            None => return false,
        };
        name += 1;
    }
    here == program.len() || program[here] == b'\n'
}

/// Checks that a program's lines `# Record:` have these forms, in this order; anything else does not compile.
pub const fn check_records(program: &str, forms: &[Form]) {
    let program = program.as_bytes();
    let (mut at, mut form) = (0, 0);
    while at < program.len() {
        if starts(program, at, b"# Record: ") {
            assert!(form < forms.len(), "the program has more lines `# Record:`");
            let mut here = at + 10;
            if let Some(word) = forms[form].word {
                assert!(starts(program, here, b"\""), "a word of a record stands in quotes");
                here = required_name_at(program, here + 1, word);
                assert!(starts(program, here, b"\""), "a word of a record stands in quotes");
                here += 1;
            }
            let mut field = 0;
            while field < forms[form].fields.len() {
                if field > 0 || forms[form].word.is_some() {
                    assert!(starts(program, here, b", "), "the program's line `# Record:` has fewer names");
                    here += 2;
                }
                here = required_name_at(program, here, forms[form].fields[field]);
                field += 1;
            }
            assert!(here == program.len() || program[here] == b'\n', "the program's line `# Record:` has more names");
            form += 1;
        }
        at = next_line(program, at);
    }
    assert!(form == forms.len(), "the program has fewer lines `# Record:`");
}

/// Returns where a name ends that stands here. A keyword of Rust has a mark there that the program has not.
const fn name_at(program: &[u8], at: usize, name: &str) -> Option<usize> {
    let name = name.as_bytes();
    let mut from = if starts(name, 0, b"r#") { 2 } else { 0 };
    let mut here = at;
    while from < name.len() {
        if here >= program.len() || program[here] != name[from] {
            return None;
        }
        from += 1;
        here += 1;
    }
    Some(here)
}

const fn required_name_at(program: &[u8], at: usize, name: &str) -> usize {
    match name_at(program, at, name) {
        Some(end) => end,
        None => panic!("the program has another name there"),
    }
}

const fn starts(text: &[u8], at: usize, with: &[u8]) -> bool {
    let mut one = 0;
    while one < with.len() {
        if at + one >= text.len() || text[at + one] != with[one] {
            return false;
        }
        one += 1;
    }
    true
}

const fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && starts(one.as_bytes(), 0, other.as_bytes())
}

const fn next_line(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && text[at] != b'\n' {
        at += 1;
    }
    at + 1
}

/// Declares what the fields of a program's rows are called, in their order; [`row!`](crate::row) makes rows of them. `after`
/// says what the rows begin with, where that is declared elsewhere, `; more` that fields without names follow, and `_` in the place
/// of the program that it is compared elsewhere.
///
/// ```ignore
/// rows! { PROGRAM => struct Wanted { name, path } }
///
/// let row = row![Wanted { name: resource.name(), path: &desired.path }];
/// ```
#[macro_export]
macro_rules! rows {
    (_ => $($struct:tt)*) => { $crate::rows!(@declare $($struct)*); };
    ($($program:expr => $(#[$meta:meta])* $vis:vis struct $name:ident $(after $first:ident)? {
        $($field:ident),* $(; $more:ident)?
    })+) => {$(
        $crate::rows!(@declare $(#[$meta])* $vis struct $name { $($field),* });

        const _: () = {
            const FIRST: &[&str] = $crate::rows!(@first $($first)?);
            $crate::model::columns::check_row($program, FIRST, &[$(stringify!($field),)* $(stringify!($more))?])
        };
    )+};
    (@declare $(#[$meta:meta])* $vis:vis struct $name:ident { $($field:ident),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Default)]
        $vis struct $name {
            $($vis $field: $crate::model::Arg),*
        }

        impl $name {
            /// What its fields are called.
            #[allow(dead_code)]
            $vis const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            /// Returns its fields in the order of the program.
            $vis fn into_row(self) -> $crate::model::Row {
                vec![$(self.$field),*]
            }
        }
    };
    (@first) => { &[] };
    (@first $first:ident) => { $first::NAMES };
}

/// Declares what the records of a program may be: a line for each form, with the word that it begins with, or `_` where its
/// first field may be any text. Of two forms that fit, the first counts.
///
/// ```ignore
/// records! {
///     PROGRAM => enum Seen {
///         "absent" => Absent,
///         "present" => Present { owner, mode },
///         _ => Other { r#type },
///     }
/// }
/// ```
#[macro_export]
macro_rules! records {
    (_ => $($enum:tt)*) => { $crate::records!(@declare $($enum)*); };
    ($($program:expr => $(#[$meta:meta])* $vis:vis enum $name:ident { $($forms:tt)* })+) => {$(
        $crate::records!(@declare $(#[$meta])* $vis enum $name { $($forms)* });

        const _: () =
            $crate::model::columns::check_records($program, <$name<'_> as $crate::model::Records<'_>>::FORMS);
    )+};
    (@declare $(#[$meta:meta])* $vis:vis enum $name:ident {
        $($(#[$of_form:meta])* $word:tt => $form:ident $({ $($field:ident),* $(,)? })?),* $(,)?
    }) => {
        $(#[$meta])*
        // A record may say more than its readers want to know; forms are called like their words, and some are long.
        #[allow(dead_code, clippy::enum_variant_names, clippy::large_enum_variant)]
        #[derive(Clone, Copy, Debug)]
        $vis enum $name<'a> {
            $($(#[$of_form])* $form $({ $($field: &'a str),* })?,)*
            /// Lends the lifetime to enums without fields; there is none of it.
            #[doc(hidden)]
            Never(std::convert::Infallible, std::marker::PhantomData<&'a ()>),
        }

        impl<'a> $crate::model::Records<'a> for $name<'a> {
            const FORMS: &'static [$crate::model::columns::Form] = &[$($crate::model::columns::Form {
                name: stringify!($form),
                word: $crate::records!(@word $word),
                fields: &[$($(stringify!($field)),*)?],
            }),*];

            fn find(record: &'a $crate::model::Record) -> Option<Self> {
                let fields: &'a [String] = &record.fields;
                $(
                    let rest = match $crate::records!(@word $word) {
                        None => Some(fields),
                        Some(word) => fields.split_first().filter(|(first, _)| *first == word).map(|(_, rest)| rest),
                    };
                    if let Some([$($($field),*)?]) = rest {
                        return Some(Self::$form $({ $($field),* })?);
                    }
                )*
                None
            }
        }
    };
    (@word _) => { None::<&'static str> };
    (@word $word:literal) => { Some($word) };
}

/// Makes what a record must be after a step ([`Kind::expected`](crate::resource::Kind::expected)): a form, and what those of its
/// fields must be that are named.
#[macro_export]
macro_rules! expect {
    ($records:ident :: $form:ident $({ $($field:ident : $value:expr),* $(,)? })?) => {{
        const FORM: &$crate::model::columns::Form = $crate::model::columns::form(
            <$records<'_> as $crate::model::Records<'_>>::FORMS,
            stringify!($form),
        );
        $crate::model::columns::pattern(FORM, [$($((
            const { $crate::model::columns::place(FORM, stringify!($field)) },
            $crate::model::Expect::from($value),
        )),*)?])
    }};
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row;

    const PROGRAM: &str = "# Record: \"absent\"\n# Record: \"present\", owner, type\n# Record: cpus, memory, arch, id\n\
                           # About rows.\ncolumns path mode\n";

    rows! {
        PROGRAM =>
        /// A row.
        struct Wanted { path, mode }
    }

    records! {
        PROGRAM => enum Seen {
            "absent" => Absent,
            "present" => Present { owner, r#type },
            _ => Host { cpus, memory, arch, id },
        }
    }

    fn record(fields: &[&str]) -> Record {
        Record { index: 0, fields: fields.iter().map(|field| field.to_string()).collect() }
    }

    #[test]
    fn records_are_read_by_the_names_of_their_fields() {
        assert!(matches!(Seen::read(&record(&["absent"])), Ok(Seen::Absent)));
        assert!(matches!(
            Seen::read(&record(&["present", "root", "file"])),
            Ok(Seen::Present { owner: "root", r#type: "file" })
        ));
        assert!(matches!(
            Seen::read(&record(&["2", "", "amd64", "x"])),
            Ok(Seen::Host { cpus: "2", memory: "", arch: "amd64", id: "x" })
        ));
    }

    #[test]
    fn a_record_of_another_number_of_fields_is_not_read() {
        let wrong = |fields: &[&str]| Seen::read(&record(fields)).unwrap_err();
        assert_eq!(
            wrong(&["absent", "why"]),
            "the probe's answer `absent` has 2 fields, which is no form that it may have"
        );
        assert!(wrong(&["present", "root"]).contains("`present` has 2 fields"));
        assert!(wrong(&["secret", "text"]).starts_with("the probe's answer has 2 fields"));
        assert!(wrong(&[]).contains("0 fields"));
    }

    #[test]
    fn rows_have_the_order_of_their_columns() {
        let path = "/srv";
        assert_eq!(row![Wanted { mode: Some("0755"), path }], row!["/srv", "0755"]);
        assert_eq!(row![Wanted { mode: true, .. }], row!["", "1"]);
    }

    #[test]
    fn what_is_expected_is_said_by_name() {
        let is = |text: &str| Expect::Is(text.to_string());
        assert_eq!(expect![Seen::Absent], [is("absent")]);
        assert_eq!(expect![Seen::Present { r#type: "file" }], [is("present"), Expect::Any, is("file")]);
        assert_eq!(expect![Seen::Present { owner: None::<String> }], [is("present")]);
        assert_eq!(expect![Seen::Host { memory: "1" }], [Expect::Any, is("1")]);
    }

    #[test]
    fn a_program_says_the_same() {
        let fails = |check: fn()| std::panic::catch_unwind(check).is_err();
        check_row("columns a b", &[], &["a", "b"]);
        check_row(":\n# columns a b\n", &["a"], &["b"]);
        check_records("# Record: \"a\", type\n:\n", &[Form { name: "A", word: Some("a"), fields: &["r#type"] }]);
        assert!(fails(|| check_row("columns b a\n", &["a"], &["b"])));
        assert!(fails(|| check_row("columns a\n", &["a"], &["b"])));
        assert!(fails(|| check_row("columns a b c\n", &["a"], &["b"])));
        assert!(fails(|| check_row("columns a bc\n", &["a"], &["b"])));
        assert!(fails(|| check_row("xcolumns a b\n", &["a"], &["b"])));
        check_row("columns c\n    columns a b\n", &["a"], &["b"]);
        const ONE: &[Form] = &[Form { name: "A", word: Some("a"), fields: &["b", "c"] }];
        assert!(fails(|| check_records("# Record: \"a\", c, b\n", ONE)));
        assert!(fails(|| check_records("# Record: \"a\", b\n", ONE)));
        assert!(fails(|| check_records("# Record: \"a\", b, c, d\n", ONE)));
        assert!(fails(|| check_records("# Record: a, b, c\n", ONE)));
        assert!(fails(|| check_records("# Record: \"a\", b, c\n# Record: \"b\"\n", ONE)));
        assert!(fails(|| check_records("emit\n", ONE)));
    }
}
