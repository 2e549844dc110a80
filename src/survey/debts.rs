//! Restarts and reloads that earlier runs left owed.

use crate::model::{Address, Owed, OwedAction};

/// What hosts told of debts.
#[derive(Default)]
pub(super) struct Debts {
    known: Vec<(Address, OwedAction)>,
    /// A host, and the name of a record that does not hold any more what it is about.
    damaged: Vec<(String, String)>,
}

impl Debts {
    /// Takes what a host told.
    pub fn take(&mut self, host: &str, owed: Vec<Owed>, damaged: Vec<String>) {
        let address = |owed: &Owed| owed.resource.split_once(':').map(|(kind, name)| Address::new(host, kind, name));
        self.known.extend(owed.iter().filter_map(|owed| Some((address(owed)?, owed.action))));
        self.damaged.extend(damaged.into_iter().map(|record| (host.to_string(), record)));
    }

    /// Forgets what a host told.
    pub fn forget(&mut self, host: &str) {
        self.known.retain(|(address, _)| &*address.host != host);
        self.damaged.retain(|(of, _)| of != host);
    }

    /// Returns what is owed to a resource; a restart covers a reload.
    pub fn of(&self, address: &Address) -> Option<OwedAction> {
        let known = self.known.iter().filter(|(of, _)| of == address).map(|(_, action)| *action).max();
        let named = || {
            let action = |(host, record): &(String, String)| named(address, host, record);
            self.damaged.iter().filter_map(action).max()
        };
        if self.damaged.is_empty() { known } else { known.max(named()) }
    }

    /// Takes note that what is owed to a resource is done.
    pub fn pay(&mut self, address: &Address) {
        self.known.retain(|(of, _)| of != address);
        self.damaged.retain(|(host, record)| named(address, host, record).is_none());
    }
}

/// Returns what a record of this name says of a resource, if it is about it.
fn named(address: &Address, host: &str, record: &str) -> Option<OwedAction> {
    if &*address.host != host {
        return None;
    }
    let is_of = |action: &OwedAction| Owed { resource: address.local(), action: *action }.record() == record;
    [OwedAction::Restart, OwedAction::Reload].into_iter().find(is_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_record_is_owed_to_what_its_name_says_until_it_is_paid() {
        let mut debts = Debts::default();
        let owed = |name: &str, action| Owed { resource: format!("service:{name}"), action };
        let record = owed("app", OwedAction::Restart).record();
        debts.take("app1", vec![owed("other", OwedAction::Reload)], vec![record, "rest".into(), "restart-".into()]);
        let (app, other) = (Address::new("app1", "service", "app"), Address::new("app1", "service", "other"));
        assert_eq!(debts.of(&app), Some(OwedAction::Restart));
        assert_eq!(debts.of(&other), Some(OwedAction::Reload));
        assert_eq!(debts.of(&Address::new("app2", "service", "app")), None);
        debts.pay(&app);
        assert_eq!((debts.of(&app), debts.of(&other)), (None, Some(OwedAction::Reload)));
        debts.forget("app1");
        assert_eq!(debts.of(&other), None);
    }
}
