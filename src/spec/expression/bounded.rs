//! What the engine's own filters and methods make without looking at how much it gets.

use minijinja::value::{Kwargs, Rest, StringInput, Value as Template, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, filters};
use minijinja_contrib::pycompat;

/// How large a text may get that one filter makes, in bytes.
pub(super) const MOST: usize = 16 << 20;
/// How deep lists and mappings may lie in each other that are written as text.
const DEEPEST: usize = 100;
/// What a part of a list or mapping counts for besides its text, in bytes.
const PART: usize = 8;

/// Puts them in the place of the engine's, and adds the methods that texts, lists and mappings have in Python.
pub fn add(environment: &mut Environment<'_>) {
    environment.add_filter("format", format);
    environment.add_filter("join", join);
    environment.add_filter("string", string);
    environment.add_filter("tojson", tojson);
    environment.set_unknown_method_callback(method);
}

/// Says that a text gets too large.
pub(super) fn too_large() -> Error {
    Error::new(ErrorKind::InvalidOperation, "the text gets larger than 16 MiB")
}

/// Pays for going through so many bytes so many times.
pub(super) fn pay(state: &State<'_, '_>, bytes: usize, times: usize) -> Result<(), Error> {
    // The engine takes one step for 64 bytes.
    state.consume_fuel((bytes / 64).saturating_mul(times) as u64)
}

fn string(state: &State<'_, '_>, value: &Template) -> Result<Template, Error> {
    if value.kind() != ValueKind::String {
        weigh(state, value, 0, 0, &mut { MOST })?;
    }
    filters::string(state, value)
}

/// Joins items, whose texts may be one and the same many times over.
fn join(
    state: &mut State<'_, '_>,
    value: &Template,
    joiner: Option<StringInput<'_>>,
    attribute: Option<&str>,
    kwargs: Kwargs,
) -> Result<Template, Error> {
    let between = joiner.as_ref().map_or(0, |joiner| joiner.as_str().len());
    weigh(state, value, between, 0, &mut { MOST })?;
    filters::join(state, value, joiner, attribute, kwargs)
}

/// Formats as printf does. The engine looks at widths, not at how large arguments are.
fn format(state: &mut State<'_, '_>, format: &Template, arguments: Rest<ValueOrKwargs>) -> Result<Template, Error> {
    let places = format.as_str().unwrap_or_default().matches('%').count();
    let mut left = MOST;
    for argument in arguments.iter() {
        weigh(state, argument, 0, 0, &mut left)?;
    }
    fits(places, MOST - left)?;
    filters::format(state, format, arguments)
}

/// Refuses what is too large where all arguments may be in each place.
fn fits(places: usize, arguments: usize) -> Result<(), Error> {
    if places.saturating_mul(arguments) > MOST { Err(too_large()) } else { Ok(()) }
}

fn tojson(
    state: &State<'_, '_>,
    value: &Template,
    indent: Option<Template>,
    kwargs: Kwargs,
) -> Result<Template, Error> {
    let given = match &indent {
        Some(indent) => Some(indent.clone()),
        None => kwargs.get("indent")?,
    };
    let indentation = given.as_ref().and_then(Template::as_usize).unwrap_or(2);
    weigh(state, value, indentation, 1, &mut { MOST })?;
    filters::tojson(value, indent, kwargs)
}

/// Refuses what would be too large as a text. Lists may be in lists many times over, so that what is small in memory is
/// not as a text; each part is paid for.
fn weigh(
    state: &State<'_, '_>,
    value: &Template,
    indentation: usize,
    depth: usize,
    left: &mut usize,
) -> Result<(), Error> {
    if depth > DEEPEST {
        return Err(Error::new(ErrorKind::InvalidOperation, "its lists and mappings lie in each other too deep"));
    }
    state.consume_fuel(1)?;
    let own = value.as_str().map_or(0, str::len).saturating_add(PART);
    let cost = own.saturating_add(indentation.saturating_mul(depth));
    *left = left.checked_sub(cost).ok_or_else(too_large)?;
    if !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::Map) {
        return Ok(());
    }
    for item in value.try_iter()?.checked() {
        let item = item?;
        weigh(state, &item, indentation, depth + 1, left)?;
        if value.kind() == ValueKind::Map {
            weigh(state, &value.get_item(&item)?, indentation, depth + 1, left)?;
        }
    }
    Ok(())
}

/// Calls a method of Python's, if what it makes stays within bounds.
fn method(
    state: &mut State<'_, '_>,
    value: &Template,
    method: &str,
    arguments: &[Template],
) -> Result<Template, Error> {
    match (value.kind(), method, arguments) {
        (ValueKind::String, "format", _) => {
            let format = value.as_str().unwrap_or_default();
            if widths(format) > MOST {
                return Err(too_large());
            }
            let mut left = MOST;
            arguments.iter().try_for_each(|argument| weigh(state, argument, 0, 0, &mut left))?;
            fits(format.matches('{').count(), MOST - left)?;
        }
        (ValueKind::String, "join", [items]) => weigh(state, items, 0, 0, &mut { MOST })?,
        (ValueKind::Seq | ValueKind::Iterable, "count", _) => {
            state.consume_fuel(value.len().unwrap_or_default() as u64)?;
        }
        _ => {}
    }
    pycompat::unknown_method_callback(state, value, method, arguments)
}

/// Returns what all numbers in a format come to: they are widths, or small.
fn widths(format: &str) -> usize {
    let numbers = format.split(|one: char| !one.is_ascii_digit()).filter(|digits| !digits.is_empty());
    numbers.fold(0, |sum: usize, digits| sum.saturating_add(digits.parse().unwrap_or(usize::MAX)))
}

#[cfg(test)]
mod tests {
    use super::widths;

    #[test]
    fn widths_of_formats_are_added() {
        assert_eq!(widths("{} {0} {name}"), 0);
        assert_eq!(widths("{:10} {:>20.30f}"), 60);
        assert_eq!(widths("{:99999999999999999999999999}"), usize::MAX);
        assert_eq!(widths("{:18446744073709551615}{:9}"), usize::MAX);
    }
}
