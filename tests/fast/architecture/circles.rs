//! No file needs another that needs it, directly or over others: each can be read, and moved, after those it stands on.
//!
//! What a file needs is told by its paths: those of its `use` lines, and those inline. A name is followed through
//! re-exports to the file that defines it, so that a `mod.rs` that only declares and re-exports is in no circle.
//! One with items of its own is, where a child uses these and it uses the child.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::fs;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use super::code;
use super::source::{Token, tokens, without_tests};

/// A module's path from the crate's root.
type Module = Vec<String>;

/// What a file has.
struct File {
    /// Its path from `src`.
    path: String,
    /// Names that it defines.
    items: BTreeSet<String>,
    /// Names that it has from elsewhere, with the path there.
    imports: BTreeMap<String, Vec<String>>,
    /// All paths it names, with the line.
    paths: Vec<(usize, Vec<String>)>,
}

/// All files of a crate, by their module.
struct Crate {
    files: BTreeMap<Module, File>,
    /// Macros are at the crate's root, wherever they are defined.
    macros: BTreeMap<String, Module>,
}

/// A file needs another: the line that says so, and its path.
struct Need {
    from: String,
    line: usize,
    path: String,
    to: String,
}

/// Returns the module that a file is.
fn module(path: &str) -> Module {
    let path = path.strip_suffix(".rs").unwrap();
    let mut module: Module = path.split('/').map(String::from).collect();
    if module.last().is_some_and(|name| name == "mod") || module == ["lib"] {
        module.pop();
    }
    module
}

impl File {
    fn read(path: &str, text: &str) -> (Self, Vec<String>) {
        let tokens = without_tests(&tokens(text));
        let mut file = Self { path: path.into(), items: BTreeSet::new(), imports: BTreeMap::new(), paths: Vec::new() };
        let mut macros = Vec::new();
        let mut reexports = Vec::new();
        let mut used = BTreeSet::new();
        let mut depth = 0;
        let mut at = 0;
        while at < tokens.len() {
            let word = |n: usize| tokens.get(at + n).map_or("", |token: &Token| token.text.as_str());
            let before = at.checked_sub(1).map_or("", |at| tokens[at].text.as_str());
            match word(0) {
                "{" => depth += 1,
                "}" => depth -= 1,
                // `use<..>` in a type is no import.
                "use" if word(1) != "<" => {
                    let is_public = before == "pub" || before == ")";
                    let mut tree = Vec::new();
                    let end = import(&tokens, at + 1, &[], &mut tree);
                    for (path, name) in tree {
                        // What is only passed on is not needed, unless its name is used here too.
                        if is_public {
                            reexports.push((tokens[at].line, path.clone(), name.clone()));
                        } else {
                            file.paths.push((tokens[at].line, path.clone()));
                        }
                        file.imports.insert(name, path);
                    }
                    at = end;
                    continue;
                }
                "macro_rules" => {
                    file.items.insert(word(2).into());
                    macros.push(word(2).to_string());
                }
                "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "union"
                    if depth == 0 && tokens.get(at + 1).is_some_and(Token::is_name) =>
                {
                    let name = if word(1) == "mut" { word(2) } else { word(1) };
                    file.items.insert(name.into());
                }
                _ if tokens[at].is_name() && word(1) == "::" && before != "::" => {
                    let mut path = vec![word(0).to_string()];
                    while word(2 * path.len() - 1) == "::" && tokens[at + 2 * path.len()].is_name() {
                        path.push(word(2 * path.len()).to_string());
                    }
                    file.paths.push((tokens[at].line, path));
                }
                _ => {}
            }
            // A module or a field of that name is another thing.
            if before != "mod" && before != "." && word(1) != ":" {
                used.insert(word(0).to_string());
            }
            at += 1;
        }
        for (line, path, name) in reexports {
            if used.contains(&name) {
                file.paths.push((line, path));
            }
        }
        (file, macros)
    }
}

/// Reads the tree of a `use`: each path with the name that it binds. Returns where the tree ends.
fn import(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<(Vec<String>, String)>) -> usize {
    let mut path = prefix.to_vec();
    loop {
        match tokens[at].text.as_str() {
            "{" => {
                at += 1;
                while tokens[at].text != "}" {
                    at = import(tokens, at, &path, found);
                    if tokens[at].text == "," {
                        at += 1;
                    }
                }
                return at + 1;
            }
            "::" => {}
            "as" => {
                found.push((path, tokens[at + 1].text.clone()));
                return at + 2;
            }
            "self" if !path.is_empty() => {}
            "*" => panic!("line {}: what `use ..::*` needs cannot be told", tokens[at].line),
            _ if tokens[at].is_name() => path.push(tokens[at].text.clone()),
            _ => {
                let name = path.last().unwrap().clone();
                found.push((path, name));
                return at;
            }
        }
        at += 1;
    }
}

impl Crate {
    fn read(files: &[(String, String)]) -> Self {
        let mut read = Self { files: BTreeMap::new(), macros: BTreeMap::new() };
        for (path, text) in files {
            let (file, macros) = File::read(path, text);
            let module = module(path);
            read.macros.extend(macros.into_iter().map(|name| (name, module.clone())));
            read.files.insert(module, file);
        }
        read
    }

    /// Returns the module whose file defines what a path in `from` leads to; none where that is another crate's, or a
    /// module as such.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => match rest {
                [name] if self.macros.contains_key(name) => return self.macros.get(name).cloned(),
                _ => vec![],
            },
            "self" => from.clone(),
            "super" => from.split_last()?.1.to_vec(),
            _ => return self.find(from, path, depth),
        };
        let mut rest = rest;
        while let Some(("super", more)) = rest.split_first().map(|(first, more)| (first.as_str(), more)) {
            at.pop();
            rest = more;
        }
        self.find(&at, rest, depth)
    }

    /// Follows a path from the module that its first name is looked up in.
    fn find(&self, module: &Module, path: &[String], depth: usize) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let file = self.files.get(module)?;
        let child: Module = module.iter().chain([first]).cloned().collect();
        if self.files.contains_key(&child) && (!rest.is_empty() || !file.items.contains(first)) {
            return self.find(&child, rest, depth);
        }
        if file.items.contains(first) {
            return Some(module.clone());
        }
        let import = file.imports.get(first).filter(|import| depth < 16 && import[..] != path[..])?;
        let whole: Vec<String> = import.iter().chain(rest).cloned().collect();
        self.resolve(module, &whole, depth + 1)
    }

    fn needs(&self) -> Vec<Need> {
        let mut needs = Vec::new();
        for (module, file) in &self.files {
            for (line, path) in &file.paths {
                let Some(other) = self.resolve(module, path, 0).filter(|other| other != module) else { continue };
                let to = self.files[&other].path.clone();
                needs.push(Need { from: file.path.clone(), line: *line, path: path.join("::"), to });
            }
        }
        needs
    }
}

/// Files that need each other, and the lines that say so.
struct Circle<'a> {
    files: Vec<&'a str>,
    needs: Vec<&'a Need>,
}

impl Display for Circle<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        writeln!(to, "{} files: {}", self.files.len(), self.files.join(", "))?;
        self.needs
            .iter()
            .try_for_each(|need| writeln!(to, "  {}:{} {} in {}", need.from, need.line, need.path, need.to))
    }
}

fn circles(needs: &[Need]) -> Vec<Circle<'_>> {
    let graph: DiGraphMap<&str, ()> = needs.iter().map(|need| (need.from.as_str(), need.to.as_str())).collect();
    let found = tarjan_scc(&graph).into_iter().filter(|files| files.len() > 1);
    let circle = |mut files: Vec<_>| {
        files.sort_unstable();
        let is_inside = |file: &str| files.contains(&file);
        let needs = needs.iter().filter(|need| is_inside(&need.from) && is_inside(&need.to)).collect();
        Circle { files, needs }
    };
    found.map(circle).collect()
}

#[test]
fn no_file_needs_one_that_needs_it() {
    let files: Vec<(String, String)> =
        code().into_iter().map(|(name, path)| (name, fs::read_to_string(path).unwrap())).collect();
    let needs = Crate::read(&files).needs();
    let known: BTreeSet<(&str, &str)> = needs.iter().map(|need| (need.from.as_str(), need.to.as_str())).collect();
    assert!(known.len() > 1000, "only {} needs were found between {} files", known.len(), files.len());
    // Over a re-export, over a module's name, and inline.
    for need in [("apply/drive.rs", "host/session.rs"), ("host/shells.rs", "host/shell.rs")] {
        assert!(known.contains(&need), "{need:?} was not found");
    }
    let told: Vec<String> = circles(&needs).iter().map(Circle::to_string).collect();
    assert!(told.is_empty(), "files need each other:\n{}", told.join("\n"));
}

/// Returns the files of each circle of a small crate.
fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let files: Vec<(String, String)> = files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect();
    let needs = Crate::read(&files).needs();
    let files_of = |circle: &Circle<'_>| circle.files.iter().map(ToString::to_string).collect();
    circles(&needs).iter().map(files_of).collect()
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let a = ("m/a.rs", "pub struct A; pub fn f() { super::b::g(); }");
    for b in [
        "use super::a::A; pub fn g() {}",
        "use crate::m::a::{self, A}; pub fn g() { a::f() }",
        "use super::{a}; pub fn g() { a::f() }",
        "use super::A; pub fn g() {}",
        "use super::Renamed; pub fn g() {}",
        "use crate::Far; pub fn g() {}",
        "pub fn g() -> super::super::m::A { todo!() }",
        "pub fn g() { use super::a; a::f(); }",
        "pub fn g() { crate::named!() }",
    ] {
        let a = (a.0, format!("{} macro_rules! named {{ () => {{}} }}", a.1));
        let parent = ("m/mod.rs", "mod a; mod b; pub use a::A; pub use a::A as Renamed;");
        let root = ("lib.rs", "pub mod m; pub use m::A as Far;");
        assert_eq!(found(&[root, parent, (a.0, &a.1), ("m/b.rs", b)]), [["m/a.rs", "m/b.rs"]], "{b}");
    }
}

#[test]
fn a_circle_over_several_files_is_one() {
    let files = [("m/a.rs", "use super::b::B;"), ("m/b.rs", "use super::c::C; pub struct B;")];
    let parent = ("m/mod.rs", "mod a; mod b; mod c;");
    let last = ("m/c.rs", "pub struct C(super::a::A);");
    assert!(found(&[parent, files[0], files[1], last]).is_empty(), "nothing defines what is named there");
    let first = ("m/a.rs", "use super::b::B; pub struct A(B);");
    assert_eq!(found(&[parent, first, files[1], last]), [["m/a.rs", "m/b.rs", "m/c.rs"]]);
}

#[test]
fn a_parent_is_in_a_circle_where_it_uses_the_child_that_uses_it() {
    let child = ("m/a.rs", "use super::Own; pub struct A(Own);");
    let uses = ("m/mod.rs", "mod a; pub struct Own; fn f(_: a::A) {}");
    assert_eq!(found(&[uses, child]), [["m/a.rs", "m/mod.rs"]]);
    let reexports_and_uses = ("m/mod.rs", "mod a; pub use a::A; pub struct Own; fn f(_: A) {}");
    assert_eq!(found(&[reexports_and_uses, child]), [["m/a.rs", "m/mod.rs"]]);
    let only_reexports = ("m/mod.rs", "mod a; pub use a::A; pub struct Own;");
    assert!(found(&[only_reexports, child]).is_empty());
}

#[test]
fn what_is_no_code_of_the_crate_makes_no_circle() {
    let a = ("m/a.rs", "pub struct A; pub fn f() { super::b::g(); }");
    for b in [
        "// use super::a::A;\npub fn g() {}",
        "/* super::a::f() */ pub fn g() {}",
        "pub fn g() { print(\"super::a::f()\", r#\"super::a::A \" \"#, '\"'); }",
        "pub fn g() {} #[cfg(test)] mod tests { use super::super::a::A; }",
        "pub fn g() {} #[cfg(test)] #[allow(x)] use super::a::{A, f};",
        "use std::a::A; pub fn g() -> impl Sized + use<'_> {}",
    ] {
        assert!(found(&[("m/mod.rs", "mod a; mod b;"), a, ("m/b.rs", b)]).is_empty(), "{b}");
    }
}
