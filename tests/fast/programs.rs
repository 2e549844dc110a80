//! What programs say of the fields of rows and records, and what they do with them. That it is what the kinds declare is seen by
//! the compiler (`rows!`, `records!`); that the shell keeps to it is seen here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of a kind, or of what kinds share.
#[derive(Default)]
struct Folder {
    programs: Vec<(PathBuf, String)>,
    code: Vec<(PathBuf, String)>,
}

fn collect(folder: &Path, into: &mut Folder) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = || fs::read_to_string(&path).unwrap();
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => collect(&path, into),
            Some("sh") => into.programs.push((path.clone(), text())),
            Some("rs") if !path.ends_with("tests.rs") => into.code.push((path.clone(), text())),
            _ => {}
        }
    }
}

/// Returns all folders of kinds, and `shared`, by name.
fn folders() -> BTreeMap<String, Folder> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let read = |path: PathBuf| {
        let mut folder = Folder::default();
        collect(&path, &mut folder);
        (path.file_name().unwrap().to_str().unwrap().to_string(), folder)
    };
    folders.map(read).collect()
}

fn name(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds");
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// One form of a program's records: the word that it begins with, if any, and the names of its other fields.
#[derive(Debug)]
struct Form {
    word: Option<String>,
    fields: Vec<String>,
}

impl Form {
    fn read(line: &str) -> Self {
        let mut names: Vec<String> = line.split(", ").map(String::from).collect();
        let word = names[0].strip_prefix('"').map(|word| word.trim_end_matches('"').to_string());
        if word.is_some() {
            names.remove(0);
        }
        Self { word, fields: names }
    }

    /// Returns whether what is written has this form. What is a variable alone is called as the field that it is written to.
    fn fits(&self, written: &[Written]) -> bool {
        let mut rest = written;
        if let Some(word) = &self.word {
            let Some((first, others)) = rest.split_first() else { return false };
            match first {
                Written::Word(text) if text != word => return false,
                _ => rest = others,
            }
        }
        let is_so = |(name, written): (&String, &Written)| match written {
            Written::Variable(variable) => variable == name,
            // In awk a variable may be called otherwise, but not as another field.
            Written::Name(variable) => variable == name || !self.fields.contains(variable),
            Written::Word(_) | Written::Other => true,
        };
        rest.len() == self.fields.len() && self.fields.iter().zip(rest).all(is_so)
    }
}

/// One field of a record as a program writes it.
#[derive(Debug, PartialEq)]
enum Written {
    Word(String),
    /// A variable of the shell, alone.
    Variable(String),
    /// A variable of awk, alone.
    Name(String),
    Other,
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

fn is_name(text: &str) -> bool {
    is_word(text) && !text.contains('-') && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// Splits a text at a separator that is in no quotes and no brackets, up to what ends it.
fn split(text: &str, separator: char, ends: &[char]) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut quote, mut depth) = (None, 0);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(mark), _) if c == mark => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None | Some('"'), '(' | '{') if c == '(' || parts.last().is_some_and(|part| part.ends_with('$')) => {
                depth += 1
            }
            (None | Some('"'), ')' | '}') if depth > 0 => depth -= 1,
            (None, '\\') if chars.peek() == Some(&'\n') => {
                chars.next();
                continue;
            }
            (None, _) if depth == 0 && ends.contains(&c) => break,
            (None, _) if depth == 0 && c == separator => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    parts.into_iter().map(|part| part.trim().to_string()).filter(|part| !part.is_empty()).collect()
}

/// Reads a word of the shell.
fn word(text: &str) -> Written {
    let plain = text.trim_matches(['"', '\'']);
    match plain.strip_prefix('$') {
        Some(variable) if is_name(variable) => Written::Variable(variable.to_string()),
        None if plain.is_empty() || is_word(plain) => Written::Word(plain.to_string()),
        _ => Written::Other,
    }
}

/// Reads an expression of awk.
fn expression(text: &str) -> Written {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) if text.is_empty() || is_word(text) => Written::Word(text.to_string()),
        None if is_name(text) => Written::Name(text.to_string()),
        _ => Written::Other,
    }
}

/// Finds all records that a program writes; without the index of the row.
fn written(program: &str) -> Vec<(String, Vec<Written>)> {
    let mut found = Vec::new();
    for (start, call) in [("emit ", false), ("print r, ", true)] {
        for (at, _) in program.match_indices(start) {
            let line_start = program[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let before = &program[line_start..at];
            if before.trim_start().starts_with('#') || before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &program[at + start.len()..];
            // What a server has selected; its names stand beside the SQL.
            if call && rest.starts_with("$0") {
                continue;
            }
            let fields: Vec<Written> = match call {
                false => split(rest, ' ', &[';', '\n', '|', '&', ')']).iter().skip(1).map(|text| word(text)).collect(),
                true => split(rest, ',', &[';', '\n', '}']).iter().skip(1).map(|text| expression(text)).collect(),
            };
            found.push((rest.lines().next().unwrap_or_default().to_string(), fields));
        }
    }
    found
}

/// Says what a program writes that is no record which it says it does.
fn strangers(folder: &Folder) -> Vec<String> {
    let forms_of = |text: &str| -> Vec<Form> {
        text.lines().filter_map(|line| line.strip_prefix("# Record: ")).map(Form::read).collect()
    };
    let of_folder: Vec<Form> = folder.programs.iter().flat_map(|(_, text)| forms_of(text)).collect();
    let mut strangers = Vec::new();
    for (path, text) in &folder.programs {
        let own = forms_of(text);
        let forms = if own.is_empty() { &of_folder } else { &own };
        for (line, fields) in written(text) {
            if !forms.iter().any(|form| form.fits(&fields)) {
                strangers.push(format!("{} writes what is none of its records: {line}", name(path)));
            }
        }
    }
    strangers
}

/// Says which fields of rows no program of the folder reads.
fn unread(folder: &Folder, shared: &Folder) -> Vec<String> {
    let mut unread = Vec::new();
    let reads = |text: &str, field: &str| {
        let uses = [format!("${field}"), format!("${{{field}"), format!("[{field}]"), format!("({field})")];
        let mut lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        lines.any(|line| {
            let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            uses.iter().any(|one| line.match_indices(one).any(|(at, _)| ends(&line[at + one.len()..])))
        })
    };
    for (path, text) in &folder.programs {
        for columns in text.lines().filter_map(|line| line.trim_start().strip_prefix("columns ")) {
            // What looks at files reads these by itself.
            for field in columns.strip_prefix("path hash most").unwrap_or(columns).split_whitespace() {
                if !folder.programs.iter().chain(&shared.programs).any(|(_, text)| reads(text, field)) {
                    unread.push(format!("{}: nothing reads the field `{field}` of its rows", name(path)));
                }
            }
        }
    }
    unread
}

/// Says where fields are told by their numbers.
fn numbered(folder: &Folder) -> Vec<String> {
    let marked = |path: &Path, text: &str, marks: &[&str]| -> Vec<String> {
        let lines = text.lines().enumerate().filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)));
        lines.map(|(number, line)| format!("{}:{}: {}", name(path), number + 1, line.trim())).collect()
    };
    let mut numbered = Vec::new();
    for (path, text) in &folder.programs {
        numbered.extend(marked(path, text, &["split_row", "row%%\"$US\"", "row#*\"$US\""]));
    }
    for (path, text) in &folder.code {
        let text = text.split("#[cfg(test)]").next().unwrap();
        numbered.extend(marked(
            path,
            text,
            &["record.field(", "first.field(", ".field(0)", ".field(1)", "Expect::Is("],
        ));
        for (at, _) in text.match_indices("row![") {
            let rest = text[at + 5..].trim_start();
            let after = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
            if !after.starts_with(" {") && !after.starts_with('!') {
                numbered.push(format!("{}: row![{}", name(path), rest.lines().next().unwrap_or_default()));
            }
        }
    }
    numbered
}

#[test]
fn programs_keep_to_the_fields_that_they_name() {
    let folders = folders();
    assert!(folders.len() > 40, "the search for kinds found only {}", folders.len());
    let mut wrong = Vec::new();
    for folder in folders.values() {
        wrong.extend(numbered(folder));
        wrong.extend(strangers(folder));
        wrong.extend(unread(folder, &folders["shared"]));
    }
    assert!(wrong.is_empty(), "fields of rows and records are told by their names:\n{}", wrong.join("\n"));
}

#[test]
fn no_program_writes_a_line_that_looks_like_a_comment() {
    // Comments are not sent, and what a program writes into a file is given to it as data.
    let mut wrong = Vec::new();
    for (path, text) in folders().values().flat_map(|folder| &folder.programs) {
        let mut end = None;
        for line in text.lines() {
            match end {
                Some(word) if line.trim_start() == word => end = None,
                Some(_) if line.trim_start().starts_with('#') => wrong.push(format!("{}: {line}", name(path))),
                Some(_) => {}
                None => end = line.split_once("<<").map(|(_, word)| word.trim_start_matches('-').trim_matches('\'')),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_program_writes_is_found() {
    let fields = |text: &str| written(text).into_iter().flat_map(|(_, fields)| fields).collect::<Vec<_>>();
    let is = |text: &str| Written::Word(text.to_string());
    let variable = |text: &str| Written::Variable(text.to_string());
    assert_eq!(
        fields("  [ -n \"$a\" ] || emit \"$i\" present \"$mode\" \"$(x ; y)\" '' ; :"),
        [is("present"), variable("mode"), Written::Other, is(""),]
    );
    assert_eq!(
        fields("emit 0 a \\\n    \"${b%% *}\" \"$c\"\n# emit 0 d\nreemit 0 e"),
        [is("a"), Written::Other, variable("c")]
    );
    assert_eq!(fields("x) emit \"$i\" absent ;;"), [is("absent")]);
    assert_eq!(
        fields("{ print r, at, \"present\", gid[name[at]], size }"),
        [is("present"), Written::Other, Written::Name("size".into()),]
    );
}

#[test]
fn what_differs_from_a_form_is_no_record_of_it() {
    let form = Form::read("\"present\", owner, mode");
    let fits = |text: &str| written(text).iter().all(|(_, fields)| form.fits(fields));
    assert!(fits("emit 0 present \"$owner\" \"$mode\""));
    assert!(fits("emit 0 \"$state\" root \"${mode:-0644}\""));
    for wrong in ["present \"$mode\" \"$owner\"", "present \"$owner\"", "absent \"$owner\" \"$mode\"", "present a b c"]
    {
        assert!(!fits(&format!("emit 0 {wrong}")), "{wrong}");
    }
    assert!(fits("print r, at, \"present\", user, octal"));
    assert!(!fits("print r, at, \"present\", mode, owner"));
}
