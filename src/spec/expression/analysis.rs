//! What a text with expressions uses, found without running it.

use std::collections::HashSet;
use std::ops::Range;

use minijinja::machinery::ast::{CallArg, Expr, ForLoop, Stmt};
use minijinja::machinery::{self, Token};
use minijinja::syntax::SyntaxConfig;

use crate::diagnostic::did_you_mean;

use super::vocabulary::{FILTERS, FUNCTIONS, TESTS, other_word};

/// How many tokens one expression or block tag may have. The engine recurses over what is chained (`a + b + …`), so
/// this bounds its stack.
const MAX_TOKENS: usize = 500;
/// How many `elif` one text may have; each lies in the one before.
const MAX_ELIF: usize = 200;

/// One use of a name that the text does not set itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// `vars` of `vars.a.b`.
    pub root: String,
    pub root_range: Range<usize>,
    pub path: Vec<Step>,
    /// The last step may be missing: `is defined`, `| default(…)`.
    pub optional: bool,
}

/// A step of a reference after its root.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Name(String, Range<usize>),
    /// `vars[name]`: only running it tells.
    Computed,
}

/// A mistake in a text itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub range: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

/// What a text uses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analysis {
    pub references: Vec<Reference>,
    pub problems: Vec<Problem>,
    /// Other template files it takes in, with the place of their name.
    pub templates: Vec<(String, Range<usize>)>,
    /// The parts of a text in which there are only `{{ … }}`, no blocks.
    pub parts: Option<Vec<Part>>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// It is taken as it is.
    Raw(Range<usize>),
    /// What is between the braces.
    Expression(Range<usize>),
}

impl Analysis {
    /// Analyses a text.
    pub fn of(text: &str, syntax: &SyntaxConfig) -> Self {
        let mut walker = Walker { text, found: Self::default(), scopes: vec![HashSet::new()] };
        let expressions = match scan(text, syntax) {
            Ok(expressions) => expressions,
            Err(problem) => {
                walker.found.problems.push(problem);
                return walker.found;
            }
        };
        match machinery::parse(text, "text", syntax.clone()) {
            Ok(tree) => {
                walker.found.parts = parts(text, &tree, expressions);
                walker.statement(&tree);
            }
            Err(error) => walker.found.problems.push(syntax_problem(text, &error)),
        }
        walker.found
    }
}

/// Takes a text apart where nothing in it is a block; `expressions` are the ranges between braces.
fn parts(text: &str, tree: &Stmt<'_>, expressions: Vec<Range<usize>>) -> Option<Vec<Part>> {
    let Stmt::Template(template) = tree else { return None };
    let mut expressions = expressions.into_iter();
    let mut parts = Vec::with_capacity(template.children.len());
    for child in &template.children {
        parts.push(match child {
            Stmt::EmitExpr(_) => Part::Expression(expressions.next()?),
            Stmt::EmitRaw(raw) => {
                // It is a slice of the text.
                let start = (raw.raw.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
                let range = start..start + raw.raw.len();
                (text.get(range.clone())? == raw.raw).then_some(Part::Raw(range))?
            }
            _ => return None,
        });
    }
    expressions.next().is_none().then_some(parts)
}

/// Goes through the tokens of a text: counts them, and returns the ranges between `{{` and `}}`.
fn scan(text: &str, syntax: &SyntaxConfig) -> Result<Vec<Range<usize>>, Problem> {
    let mut count = 0;
    let mut branches = 0;
    let mut start = 0;
    let mut expressions = Vec::new();
    for token in machinery::tokenize(text, false, syntax.clone()) {
        let (token, span) = token.map_err(|error| syntax_problem(text, &error))?;
        match token {
            Token::VariableStart => {
                start = span.end_offset as usize;
                count = 0;
            }
            Token::VariableEnd => expressions.push(start..span.start_offset as usize),
            Token::BlockStart | Token::TemplateData(_) => count = 0,
            Token::Ident("elif") => branches += 1,
            _ => count += 1,
        }
        let (message, help) = if count > MAX_TOKENS {
            ("this expression is too long", "split it into several `vars:`")
        } else if branches > MAX_ELIF {
            ("there are too many `elif` in this text", "look the value up in a mapping instead")
        } else {
            continue;
        };
        let range = span.start_offset as usize..span.end_offset as usize;
        return Err(Problem { range, message: message.into(), help: Some(help.into()) });
    }
    Ok(expressions)
}

fn syntax_problem(text: &str, error: &minijinja::Error) -> Problem {
    let detail = error.detail().unwrap_or("it cannot be read");
    Problem {
        range: characters(text, error.range().unwrap_or(0..0)),
        message: format!("this expression is not valid: {detail}"),
        help: detail.contains("unexpected end").then(|| "is a `}}` or `%}` missing?".to_string()),
    }
}

struct Walker<'a> {
    text: &'a str,
    found: Analysis,
    /// Names that the text itself sets, innermost last.
    scopes: Vec<HashSet<String>>,
}

impl<'a> Walker<'a> {
    fn scoped(&mut self, walk: impl FnOnce(&mut Self)) {
        self.scopes.push(HashSet::new());
        walk(self);
        self.scopes.pop();
    }

    fn set(&mut self, name: &str) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_string());
        }
    }

    fn is_set(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.contains(name))
    }

    fn assign(&mut self, target: &Expr<'a>) {
        match target {
            Expr::Var(var) => self.set(var.id),
            Expr::List(list) => list.items.iter().for_each(|item| self.assign(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.assign(item)),
            // `{% set ns.x = … %}` writes into a namespace the text made.
            other => self.expression(other, false),
        }
    }

    fn statements(&mut self, all: &[Stmt<'a>]) {
        for statement in all {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt<'a>) {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitExpr(emit) => self.expression(&emit.expr, false),
            Stmt::EmitRaw(_) => {}
            Stmt::ForLoop(each) => self.for_loop(each),
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr, false);
                // A branch can set a name for what follows.
                self.statements(&condition.true_body);
                self.statements(&condition.false_body);
            }
            Stmt::WithBlock(with) => self.scoped(|walker| {
                for (target, value) in &with.assignments {
                    walker.expression(value, false);
                    walker.assign(target);
                }
                walker.statements(&with.body);
            }),
            Stmt::Set(set) => {
                self.expression(&set.expr, false);
                self.assign(&set.target);
            }
            Stmt::SetBlock(set) => {
                if let Some(filter) = &set.filter {
                    self.expression(filter, false);
                }
                self.scoped(|walker| walker.statements(&set.body));
                self.assign(&set.target);
            }
            Stmt::AutoEscape(block) => {
                self.expression(&block.enabled, false);
                self.scoped(|walker| walker.statements(&block.body));
            }
            Stmt::FilterBlock(block) => {
                self.expression(&block.filter, false);
                self.scoped(|walker| walker.statements(&block.body));
            }
            Stmt::Block(block) => self.scoped(|walker| {
                walker.set("super");
                walker.statements(&block.body);
            }),
            Stmt::Extends(extends) => self.template(&extends.name),
            Stmt::Include(include) => self.template(&include.name),
            Stmt::Import(import) => {
                self.template(&import.expr);
                self.assign(&import.name);
            }
            Stmt::FromImport(import) => {
                self.template(&import.expr);
                for (name, alias) in &import.names {
                    self.assign(alias.as_ref().unwrap_or(name));
                }
            }
            Stmt::Macro(define) => {
                self.set(define.name);
                self.scoped(|walker| {
                    walker.set("caller");
                    define.args.iter().for_each(|argument| walker.assign(argument));
                    define.defaults.iter().for_each(|default| walker.expression(default, false));
                    walker.statements(&define.body);
                });
            }
            Stmt::CallBlock(block) => {
                self.call(&block.call);
                self.scoped(|walker| {
                    block.macro_decl.args.iter().for_each(|argument| walker.assign(argument));
                    walker.statements(&block.macro_decl.body);
                });
            }
            Stmt::Do(statement) => self.call(&statement.call),
        }
    }

    fn for_loop(&mut self, each: &ForLoop<'a>) {
        self.expression(&each.iter, false);
        self.scoped(|walker| {
            walker.set("loop");
            walker.assign(&each.target);
            if let Some(filter) = &each.filter_expr {
                walker.expression(filter, false);
            }
            walker.statements(&each.body);
        });
        self.scoped(|walker| walker.statements(&each.else_body));
    }

    fn template(&mut self, name: &Expr<'a>) {
        let range = range(name.span());
        match name {
            Expr::Const(constant) if constant.value.as_str().is_some() => {
                let name = constant.value.as_str().unwrap_or_default().to_string();
                self.found.templates.push((name, range));
            }
            _ => self.problem(range, "the template's name must be written out", None),
        }
    }

    fn expression(&mut self, expression: &Expr<'a>, optional: bool) {
        match expression {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.path(expression, optional),
            Expr::Const(_) => {}
            Expr::UnaryOp(operation) => self.expression(&operation.expr, false),
            Expr::BinOp(operation) => {
                self.expression(&operation.left, false);
                self.expression(&operation.right, false);
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr, false);
                compare.ops.iter().for_each(|operation| self.expression(&operation.expr, false));
            }
            Expr::IfExpr(condition) => {
                self.expression(&condition.test_expr, false);
                self.expression(&condition.true_expr, false);
                if let Some(otherwise) = &condition.false_expr {
                    self.expression(otherwise, false);
                }
            }
            Expr::Filter(filter) => {
                let optional = matches!(filter.name, "default" | "d");
                if let Some(value) = &filter.expr {
                    self.expression(value, optional);
                }
                self.arguments(&filter.args);
                self.known("filter", filter.name, FILTERS, filter.expr.as_ref(), range(filter.span()));
            }
            Expr::Test(test) => {
                self.expression(&test.expr, matches!(test.name, "defined" | "undefined"));
                self.arguments(&test.args);
                self.known("test", test.name, TESTS, Some(&test.expr), range(test.span()));
            }
            Expr::Slice(slice) => {
                self.expression(&slice.expr, false);
                for part in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.expression(part, false);
                }
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => list.items.iter().for_each(|item| self.expression(item, false)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expression(item, false)),
            Expr::Map(map) => {
                map.keys.iter().chain(&map.values).for_each(|part| self.expression(part, false));
            }
        }
    }

    fn call(&mut self, call: &machinery::ast::Call<'a>) {
        match &call.expr {
            Expr::Var(var) if !self.is_set(var.id) => {
                if !FUNCTIONS.contains(&var.id) {
                    let message = format!("there is no function `{}`", var.id);
                    let help = other_word(var.id).or_else(|| did_you_mean(var.id, FUNCTIONS.iter().copied()));
                    self.problem(range(var.span()), message, help);
                }
            }
            // `vars.list.append(…)`: the method's name is no part of the path.
            Expr::GetAttr(method) => self.expression(&method.expr, false),
            other => self.expression(other, false),
        }
        self.arguments(&call.args);
    }

    fn arguments(&mut self, arguments: &[CallArg<'a>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(value)
                | CallArg::Kwarg(_, value)
                | CallArg::PosSplat(value)
                | CallArg::KwargSplat(value) => {
                    self.expression(value, false);
                }
            }
        }
    }

    /// Reads `root.name["name"][…]` from its end to its root.
    fn path(&mut self, expression: &Expr<'a>, optional: bool) {
        let mut steps = Vec::new();
        let mut at = expression;
        loop {
            match at {
                Expr::GetAttr(attribute) => {
                    let end = attribute.span().end_offset as usize;
                    steps.push(Step::Name(attribute.name.to_string(), end.saturating_sub(attribute.name.len())..end));
                    at = &attribute.expr;
                }
                Expr::GetItem(item) => {
                    match &item.subscript_expr {
                        Expr::Const(constant) if constant.value.as_str().is_some() => {
                            let name = constant.value.as_str().unwrap_or_default().to_string();
                            steps.push(Step::Name(name, range(constant.span())));
                        }
                        computed => {
                            self.expression(computed, false);
                            steps.push(Step::Computed);
                        }
                    }
                    at = &item.expr;
                }
                Expr::Var(var) => {
                    if !self.is_set(var.id) {
                        steps.reverse();
                        self.found.references.push(Reference {
                            root: var.id.to_string(),
                            root_range: range(var.span()),
                            path: steps,
                            optional,
                        });
                    }
                    return;
                }
                other => return self.expression(other, false),
            }
        }
    }

    fn known(
        &mut self,
        what: &str,
        name: &str,
        known: &[&'static str],
        before: Option<&Expr<'a>>,
        whole: Range<usize>,
    ) {
        if known.contains(&name) {
            return;
        }
        // The name stands after what it is applied to.
        let from = before.map_or(whole.start, |before| before.span().end_offset as usize);
        let place = self
            .text
            .get(from..)
            .and_then(|rest| rest.find(name))
            .map_or(whole, |at| from + at..from + at + name.len());
        let named = known.iter().copied().filter(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()));
        let help = other_word(name).or_else(|| did_you_mean(name, named));
        self.problem(place, format!("there is no {what} `{name}`"), help);
    }

    fn problem(&mut self, range: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.found.problems.push(Problem { range, message: message.into(), help });
    }
}

/// Widens a range to whole characters: the engine's ranges can end within one.
pub(super) fn characters(text: &str, range: Range<usize>) -> Range<usize> {
    let mut start = range.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = range.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

fn range(span: machinery::Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}
