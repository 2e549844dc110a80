//! Many addresses, indexed so that a selector need not look at all of them.

use std::cell::OnceCell;

use rustc_hash::FxHashMap;

use crate::model::Address;

use super::Selector;

/// Addresses by host and kind, sorted by name where a glob asks for it.
#[derive(Debug)]
pub struct AddressIndex<'a> {
    addresses: Vec<&'a Address>,
    /// Made where a whole address is asked for.
    exact: OnceCell<FxHashMap<&'a Address, usize>>,
    groups: FxHashMap<(&'a str, &'a str), Group>,
}

/// The addresses of one kind on one host, as places in the list.
#[derive(Debug, Default)]
struct Group {
    members: Vec<usize>,
    by_name: OnceCell<Vec<usize>>,
}

impl<'a> AddressIndex<'a> {
    /// Indexes addresses; their places in the list are what selecting returns.
    pub fn new(addresses: Vec<&'a Address>) -> Self {
        let mut groups: FxHashMap<_, Group> = FxHashMap::default();
        for (place, address) in addresses.iter().enumerate() {
            groups.entry((&*address.host, &*address.kind)).or_default().members.push(place);
        }
        Self { addresses, exact: OnceCell::new(), groups }
    }

    /// Returns the place of an address.
    pub fn exact(&self, address: &Address) -> Option<usize> {
        let places = || self.addresses.iter().enumerate().map(|(place, address)| (*address, place)).collect();
        self.exact.get_or_init(places).get(address).copied()
    }

    /// Returns the places a selector picks, seen from a host, in the order of the list.
    pub fn select(&self, selector: &Selector, from: &str) -> Vec<usize> {
        if let (Some(host), Some(kind), Some(name)) =
            (selector.only_host(from), selector.only_kind(), selector.only_name())
        {
            return self.exact(&Address::new(host, kind, name)).into_iter().collect();
        }
        let mut found: Vec<usize> = self.candidates(selector, from).collect();
        found.sort_unstable();
        found
    }

    /// Returns whether a selector picks anything, seen from a host.
    pub fn selects_any(&self, selector: &Selector, from: &str) -> bool {
        match (selector.only_host(from), selector.only_kind(), selector.only_name()) {
            (Some(host), Some(kind), Some(name)) => self.exact(&Address::new(host, kind, name)).is_some(),
            _ => self.candidates(selector, from).next().is_some(),
        }
    }

    /// Walks the groups that a selector can reach, and in them the names that begin as it does.
    fn candidates<'s>(&'s self, selector: &'s Selector, from: &'s str) -> impl Iterator<Item = usize> + 's {
        let (host, kind) = (selector.only_host(from), selector.only_kind());
        let groups = match (host, kind) {
            (Some(host), Some(kind)) => self.groups.get(&(host, kind)).into_iter().collect::<Vec<_>>(),
            _ => self
                .groups
                .iter()
                .filter(|((of, named), _)| {
                    host.is_none_or(|host| host == *of) && kind.is_none_or(|kind| kind == *named)
                })
                .map(|(_, group)| group)
                .collect(),
        };
        let prefix = selector.name_prefix();
        groups
            .into_iter()
            .flat_map(move |group| self.named(group, prefix))
            .filter(move |&place| selector.matches(self.addresses[place], from))
    }

    /// Returns the members of a group whose names begin with a prefix.
    fn named<'s>(&'s self, group: &'s Group, prefix: &'s str) -> impl Iterator<Item = usize> + 's {
        let name = |place: usize| &*self.addresses[place].name;
        let members = match prefix {
            "" => group.members.as_slice(),
            _ => {
                let by_name = group.by_name.get_or_init(|| {
                    let mut by_name = group.members.clone();
                    by_name.sort_unstable_by_key(|&place| name(place));
                    by_name
                });
                let first = by_name.partition_point(|&place| name(place) < prefix);
                let reach = by_name[first..].partition_point(|&place| name(place).starts_with(prefix));
                &by_name[first..first + reach]
            }
        };
        members.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_selects_what_selectors_match() {
        let all: Vec<Address> = [
            "a/file:/etc/b",
            "a/file:/etc/app/x",
            "b/file:/etc/app/x",
            "a/file:/etc/app/y/z",
            "a/service:app",
            "b/service:app",
            "a/file:/etc/apple",
            "a/file:/etc/app/**",
            "a/package:app",
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
        let index = AddressIndex::new(all.iter().collect());
        for text in [
            "file:/etc/app/**",
            "file:/etc/app/*",
            "file:/etc/app/x",
            "*/file:/etc/app/*",
            "*/service:app",
            "*:app",
            "**:**",
            "b/file:/etc/app/x",
            "file:/none/**",
            "file:/none",
            "?/file:/etc/{b,apple}",
            "file:**",
            "x/service:app",
        ] {
            let selector = Selector::parse(text).unwrap();
            for from in ["a", "b", "c"] {
                let expected: Vec<usize> =
                    (0..all.len()).filter(|&place| selector.matches(&all[place], from)).collect();
                assert_eq!(index.select(&selector, from), expected, "{text} from {from}");
                assert_eq!(index.selects_any(&selector, from), !expected.is_empty(), "{text} from {from}");
            }
        }
        assert_eq!(index.exact(&all[3]), Some(3));
    }
}
