//! Reaches hosts and feeds the survey with what they tell.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::host::{Host, HostError, Options, Stats, Target, Transport};
use crate::model::{Observed, Probe, Secret, Who};
use crate::plan::HostFailure;
use crate::spec::{self, HostSpec};
use crate::survey::{Scope, Survey, SurveyError};
use crate::trace::MACHINE;

use super::event::{Event, Events};

/// The most logins under way at once to one SSH server: one that is configured as usual turns some away from the eleventh
/// on (MaxStartups, sshd_config(5)).
const MOST_LOGINS: usize = 8;

/// The hosts of a run, connected.
#[derive(Default)]
pub struct Hosts {
    connected: BTreeMap<String, Host>,
    /// How they were reached.
    reach: Option<Reach>,
    /// Those that could not be observed.
    unreachable: Vec<HostFailure>,
}

impl Hosts {
    pub fn get(&self, name: &str) -> Option<&Host> {
        self.connected.get(name)
    }

    /// Connects to one more host of the survey, as the others were connected to; who asks closes it.
    pub async fn connect(&self, survey: &Survey<'_>, name: &str, events: &Events) -> Result<Host, HostFailure> {
        match &self.reach {
            Some(reach) if survey.is_listed(name) => connect(survey, name, reach, events).await,
            _ => Err(HostFailure { host: name.into(), message: "the run does not reach it".into(), help: None }),
        }
    }

    /// Returns the hosts that could not be observed, by name.
    pub fn unreachable(&self) -> &[HostFailure] {
        &self.unreachable
    }

    /// Returns who runs this.
    pub fn who(&self) -> &Who {
        static NOBODY: LazyLock<Who> = LazyLock::new(Who::default);
        self.reach.as_ref().map_or(&NOBODY, |reach| &reach.options.who)
    }

    /// Returns the names of all hosts.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.connected.keys().cloned()
    }

    /// Lets the run go on without the hosts that could not be observed; fails where no other is left.
    async fn give_up(&mut self, survey: &mut Survey<'_>) -> Result<(), ObserveError> {
        self.unreachable.sort_by(|a, b| a.host.cmp(&b.host));
        for failure in &self.unreachable {
            survey.lose(&failure.host);
            if let Some(host) = self.connected.remove(&failure.host) {
                host.close().await;
            }
        }
        match self.unreachable.is_empty() || !survey.hosts().is_empty() {
            true => Ok(()),
            false => Err(ObserveError::Hosts(std::mem::take(&mut self.unreachable))),
        }
    }

    /// Ends all shells and returns what the run has cost each host.
    pub async fn close(self) -> Vec<(String, Stats)> {
        let stats = self.stats();
        for host in self.connected.into_values() {
            host.close().await;
        }
        stats
    }

    /// Returns what the run has cost each host so far.
    pub fn stats(&self) -> Vec<(String, Stats)> {
        self.connected.iter().map(|(name, host)| (name.clone(), host.stats())).collect()
    }
}

/// Why observing ended early.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    #[error(transparent)]
    Survey(#[from] SurveyError),
    #[error("{} could not be observed", names(.0))]
    Hosts(Vec<HostFailure>),
}

fn names(failures: &[HostFailure]) -> String {
    failures.iter().map(|failure| failure.host.as_str()).collect::<Vec<_>>().join(", ")
}

impl From<HostError> for HostFailure {
    fn from(error: HostError) -> Self {
        Self { host: error.host.clone(), message: error.problem.to_string(), help: error.help() }
    }
}

/// How a run reaches its hosts.
#[derive(Clone, Debug)]
pub struct Reach {
    pub options: Options,
    /// How many hosts are worked on at once.
    pub parallel: usize,
    /// What sudo is told if it asks, by host.
    pub passwords: BTreeMap<String, Secret>,
}

/// Connects to all hosts of the survey and observes until nothing more can be learnt: one request a host, more only
/// where what is asked depends on what was told. What cannot be observed is left out, unless that is all.
pub async fn observe(
    survey: &mut Survey<'_>,
    scope: &Scope,
    reach: &Reach,
    events: &Events,
) -> Result<Hosts, ObserveError> {
    let mut hosts = Hosts { reach: Some(reach.clone()), ..Hosts::default() };
    let first = survey.hosts();
    ask_all(survey, scope, reach, &mut hosts, first, events).await?;
    Ok(hosts)
}

/// Observes hosts of the run once more, all that is asked of them: another run has changed them meanwhile.
pub async fn observe_again(
    survey: &mut Survey<'_>,
    scope: &Scope,
    hosts: &mut Hosts,
    names: &[String],
    events: &Events,
) -> Result<(), ObserveError> {
    let Some(reach) = hosts.reach.clone() else { return Ok(()) };
    for name in names {
        survey.forget_host(name);
        if let Some(host) = hosts.get(name) {
            host.forget();
        }
    }
    ask_all(survey, scope, &reach, hosts, names.to_vec(), events).await?;
    // Secrets that are kept there may be others now.
    Ok(survey.resolve(scope)?)
}

/// Asks hosts, and then whichever has more to tell, until nothing more can be learnt.
async fn ask_all(
    survey: &mut Survey<'_>,
    scope: &Scope,
    reach: &Reach,
    hosts: &mut Hosts,
    first: Vec<String>,
    events: &Events,
) -> Result<(), ObserveError> {
    let mut first = Some(first);
    loop {
        // Only what waits for something can turn out to need facts.
        let facts = survey.waits();
        let mut wanted = survey.wanted();
        let asked = match first.take() {
            Some(first) => first,
            None if wanted.is_empty() => break,
            None => wanted.keys().cloned().collect(),
        };
        let side_by_side = asked.len() <= few_hosts();
        let options = Options { facts, side_by_side, ..reach.options.clone() };
        let places = Arc::new(Semaphore::new(reach.parallel));
        let mut logins: BTreeMap<String, Arc<Semaphore>> = BTreeMap::new();
        let mut work = JoinSet::new();
        for name in asked {
            let Some(host) = survey.spec().hosts.iter().find(|host| host.name == name) else { continue };
            let sections = wanted.remove(&name).unwrap_or_default();
            let known = hosts.get(&name).cloned();
            let target = target(host, reach.passwords.get(&name).cloned());
            let login_server = login_server(&host.address, &host.transport)
                .map(|name| logins.entry(name).or_insert_with(|| Semaphore::new(MOST_LOGINS).into()).clone());
            let (options, events, places) = (options.clone(), events.clone(), places.clone());
            work.spawn(async move {
                // The semaphore is never closed.
                let _place = places.acquire().await;
                ask(known, target, login_server, options, sections, &events).await
            });
        }
        while let Some(answer) = work.join_next().await {
            // A task that panicked is a bug; its panic message has been printed.
            let Ok(answer) = answer else { continue };
            match answer {
                Ok((host, observed)) => {
                    survey.take(host.name(), observed);
                    hosts.connected.insert(host.name().to_string(), host);
                }
                Err(error) => hosts.unreachable.push(HostFailure::from(error)),
            }
        }
        hosts.give_up(survey).await?;
        if !survey.waits() {
            // Nothing more comes of what was told.
            break;
        }
        let resolving = reach.options.trace.span(MACHINE, "resolve");
        survey.resolve(scope)?;
        resolving.end();
    }
    Ok(())
}

/// Returns how many hosts are so few that each is to answer as soon as it can. A login takes this machine about 75 ms of a
/// processor; two lanes save a host about 15 ms of waiting and take 5 ms of work. With more hosts than processors, this
/// machine is busy with the other logins meanwhile.
fn few_hosts() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Connects to one host of the survey, and asks it nothing.
pub async fn connect(survey: &Survey<'_>, name: &str, reach: &Reach, events: &Events) -> Result<Host, HostFailure> {
    let Some(host) = survey.spec().hosts.iter().find(|host| host.name == name) else {
        return Err(HostFailure { host: name.to_string(), message: "the spec has no such host".into(), help: None });
    };
    events.send(Event::Connecting { host: name.to_string() });
    let options = Options { facts: false, ..reach.options.clone() };
    let host = Host::connect(target(host, reach.passwords.get(name).cloned()), options).await?;
    events.send(Event::Connected { host: name.to_string() });
    Ok(host)
}

/// Connects where there is no connection yet, and asks.
async fn ask(
    known: Option<Host>,
    target: Target,
    login_server: Option<Arc<Semaphore>>,
    options: Options,
    sections: Vec<(String, Probe)>,
    events: &Events,
) -> Result<(Host, Observed), HostError> {
    let name = target.name.clone();
    let host = match known {
        Some(host) => host,
        None => {
            let _place = match &login_server {
                // The semaphore is never closed.
                Some(login_server) => login_server.acquire().await.ok(),
                None => None,
            };
            events.send(Event::Connecting { host: name.clone() });
            let host = Host::connect(target, options).await?;
            events.send(Event::Connected { host: name.clone() });
            host
        }
    };
    let resources = sections.iter().map(|(_, probe)| probe.rows.len()).sum();
    events.send(Event::Observing { host: name.clone(), resources });
    let observed = host.observe(sections).await?;
    events.send(Event::Observed { host: name });
    Ok((host, observed))
}

/// Names the SSH server that sees a host's login first: the nearest jump host, or the host itself. What ssh's own
/// configuration says beyond that is not known; a server that turns logins away is asked again.
fn login_server(address: &str, transport: &spec::Transport) -> Option<String> {
    let spec::Transport::Ssh(ssh) = transport else { return None };
    Some(match ssh.jump.first() {
        Some(jump) => jump.clone(),
        None => format!("{address} {}", ssh.port.unwrap_or_default()),
    })
}

/// Turns a host of a spec into what the host layer connects to.
fn target(host: &HostSpec, password: Option<Secret>) -> Target {
    let transport = match &host.transport {
        spec::Transport::Local => Transport::Local,
        spec::Transport::Ssh(ssh) => Transport::Ssh(ssh.clone()),
    };
    Target {
        name: host.name.clone(),
        address: host.address.clone(),
        user: host.user.clone(),
        become_root: host.r#become,
        password,
        transport,
    }
}

#[cfg(test)]
mod tests {
    use super::login_server;
    use crate::model::SshOptions;
    use crate::spec::Transport;

    #[test]
    fn logins_that_one_server_sees_share_its_places() {
        let over = |address: &str, jump: &[&str], port: Option<u16>| {
            let ssh =
                SshOptions { jump: jump.iter().map(ToString::to_string).collect(), port, ..SshOptions::default() };
            login_server(address, &Transport::Ssh(ssh))
        };
        assert_eq!(over("a", &["bastion"], None), over("b", &["bastion", "inner"], Some(22)));
        assert_ne!(over("a", &[], None), over("b", &[], None));
        assert_ne!(over("a", &[], Some(2201)), over("a", &[], Some(2202)));
        assert_eq!(over("a", &[], Some(22)), over("a", &[], Some(22)));
        assert_eq!(login_server("a", &Transport::Local), None);
    }
}
