//! `git_checkout`: a folder in which a branch, tag or commit of a git repository is checked out.

mod source;

use std::time::Duration;

use crate::kinds::shared::BESIDE;
use crate::kinds::shared::program::program;
use crate::model::{Arg, Changes, Expect, Probe, ProbeOutput, Row, Step, Value};
use crate::{expect, records, row, rows};

use crate::resource::batch::parse_first;
use crate::resource::{
    Attribute, Capabilities, Claim, Claims, Documentation, Erased, Fields, Kind, KnowsOthersBelow, Lane, Need,
    Observation, Planned, Resource, Shape, Space,
};

use source::{Revision, local_path, without_credentials};

/// A folder in which a branch, tag or commit of a git repository is checked out.
pub struct GitCheckout;

/// A checkout as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    url: String,
    revision: Revision,
    owner: Option<String>,
    depth: Option<i64>,
    submodules: bool,
    /// Local changes may be thrown away.
    force: bool,
    username: Option<String>,
    token: Option<Arg>,
    ssh_key: Option<String>,
    /// The files in it that other resources make or edit.
    others_below: Vec<String>,
}

/// A checkout as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    owner: String,
    /// Empty where nothing is checked out yet.
    commit: String,
    branch: Option<String>,
    url: String,
    /// The commit that should be checked out; `None` where it is not on the host yet.
    wanted: Option<String>,
    /// The branch that should be, where it follows one.
    wanted_branch: Option<String>,
    /// Commits that no remote has.
    own_commits: i64,
    /// Submodules that are not where the commit wants them.
    submodules: i64,
    /// Files that were changed.
    files: Vec<String>,
}

const PROBE: &str = concat!(include_str!("../shared/quoted.sh"), include_str!("git.sh"), include_str!("probe.sh"));
const APPLY: &str = program![
    BESIDE,
    include_str!("../shared/quoted.sh"),
    include_str!("../shared/hand_over.sh"),
    include_str!("git.sh"),
    include_str!("apply.sh")
];

/// Files of the system that git and ssh read on the way to a remote.
const READS: &[&str] =
    &["/etc/gitconfig", "/etc/gitattributes", "/etc/hosts", "/etc/ssh/ssh_config", "/etc/ssh/ssh_known_hosts"];

/// How long a fetch may take where the spec does not say.
const TIMEOUT: Duration = Duration::from_secs(900);

/// What git reads of the account that runs it, and what fetches for it.
const OWN_FILES: &[&str] =
    &[".gitconfig", ".config/git/config", ".config/git/attributes", ".config/git/ignore", ".netrc"];

/// How many changed files are named one by one.
const MOST_NAMED: usize = 10;

rows! {
    include_str!("git.sh") => struct Checkout {
        path, user, url, kind, r#ref, submodules, force, depth, key, username, token, is_local, others
    }
    include_str!("remove.sh") => struct Going { path }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        "folder" => Folder,
        "no-git" => NoGit,
        "no-user" => NoUser,
        "no-key" => NoKey,
        "no-remote" => NoRemote,
        "failed" => Failed { why },
        "present" => Present { verdict, owner, head, branch, there, wanted, wanted_branch, own, modules, files },
        "lacks" => Lacks { form, what },
        _ => Other { state },
    }
}

impl Kind for GitCheckout {
    const KIND: &'static str = "git_checkout";
    const SECTION: &'static str = "git_checkouts";
    const LANE: Lane = Lane::Beside;
    const HOLDS_DATA: bool = true;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required(
            "url",
            Shape::Text,
            "The repository: an https or ssh URL, `git@host:path`, or a path on the host.",
        ),
        Attribute::optional(
            "branch",
            Shape::Text,
            "The branch it follows; the remote's default branch where `branch`, `tag` and `commit` are left out.",
        ),
        Attribute::optional("tag", Shape::Text, "The tag that is checked out."),
        Attribute::optional("commit", Shape::Text, "The commit that is checked out, with all its hex digits."),
        Attribute::optional(
            "owner",
            Shape::Account,
            "The user that owns it and that git runs as; `as:`, or whoever owns the folder, where left out.",
        ),
        Attribute::optional(
            "depth",
            Shape::Integer { min: 1, max: i64::MAX },
            "How many commits of history are fetched; all where left out.",
        ),
        Attribute::default("submodules", Shape::Bool, "false", "Whether its submodules are checked out too."),
        Attribute::default(
            "force",
            Shape::Bool,
            "false",
            "Throws away local changes and commits; without it they refuse the plan.",
        ),
        Attribute::default("username", Shape::Text, "git", "The user name that goes with `token`."),
        Attribute::optional("token", Shape::Text, "The password or token for an https URL; it may be secret."),
        Attribute::optional("ssh_key", Shape::Path, "A private key on the host, for ssh."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A folder in which a branch, tag or commit of a git repository is checked out.",
        name: "The absolute path of the folder.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const IS_NAMED_BY_PATH: bool = true;
    const CAPABILITIES: Capabilities = Erased::<Self>::KNOWS_OTHERS_BELOW;

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let url = source::url(fields);
        let is_https = url.starts_with("https://") || url.starts_with("http://");
        let token = fields.arg("token");
        if token.is_some() && !url.is_empty() && !is_https {
            fields.error(
                "token",
                "`token` is for an https URL",
                "use `ssh_key` for ssh, or write the URL with https://",
            );
        }
        Desired {
            url,
            revision: source::revision(fields),
            owner: fields.text("owner"),
            depth: fields.integer("depth"),
            submodules: fields.bool("submodules").unwrap_or_default(),
            force: fields.bool("force").unwrap_or_default(),
            username: fields.text("username"),
            token,
            ssh_key: fields.text("ssh_key"),
            others_below: Vec::new(),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let desired = &resource.desired;
        let claims = Claims::new()
            .provides(Space::PATH, resource.name())
            .touches_below(resource.name())
            .requires(Space::PROGRAM, "git");
        if resource.is_absent() {
            return claims;
        }
        let local = local_path(&desired.url).map(str::to_string);
        // What decides how git reaches a server.
        let mut claims = READS.iter().fold(claims, |claims, path| claims.follows(Space::PATH, *path));
        if source::is_ssh(&desired.url) {
            claims = claims.requires(Space::PROGRAM, "ssh");
            // Keys too, and what the configuration there includes.
            claims = claims.follows_in_home(owner(resource), &[".ssh/"]);
        }
        // What .gitattributes names may be in there.
        claims = claims.follows(Space::PROGRAM, "git-lfs").follows_in_home(owner(resource), OWN_FILES);
        claims = claims.works_alone(owner(resource), resource.name()).needs_file(desired.ssh_key.as_ref());
        claims = claims.requires_some(Space::PATH, local.as_ref());
        local.into_iter().fold(claims, |claims, path| claims.needs(Need::Path(path)))
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all.iter().map(|resource| row(resource, owner(resource), kind(resource))).collect();
        Probe::new(PROBE, rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![
            ("url", without_credentials(&observed.url).into()),
            ("branch", observed.branch.clone().into()),
            ("commit", observed.commit.as_str().into()),
            ("owner", observed.owner.as_str().into()),
        ]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else {
            changes.push("url", Value::Null, desired.url.as_str());
            if let Some((attribute, name)) = desired.revision.named() {
                changes.push(attribute, Value::Null, name);
            }
            changes.compare_if("owner", Value::Null, owner(resource).cloned());
            return changes;
        };
        let commit = if observed.commit.is_empty() { Value::Null } else { observed.commit.as_str().into() };
        let there = without_credentials(&observed.url);
        if observed.url != desired.url {
            changes.push("url", there, desired.url.as_str());
        }
        changes.compare_if("branch", observed.branch.clone(), observed.wanted_branch.clone());
        match (&desired.revision, &observed.wanted) {
            // Where it is not on the host yet, only the fetch tells which commit it is.
            (Revision::Tag(tag), None) => changes.push("tag", commit, tag.as_str()),
            (_, wanted) => {
                changes.compare_if("commit", commit, wanted.clone());
            }
        }
        if !observed.files.is_empty() {
            changes.push("local changes", observed.files.clone(), Value::Null);
        }
        if observed.own_commits > 0 {
            changes.push("local commits", observed.own_commits, Value::Null);
        }
        if observed.submodules > 0 {
            changes.push(
                "submodules",
                format!("{} at another commit", observed.submodules),
                "as the commit wants them",
            );
        }
        changes.compare_if("owner", observed.owner.as_str(), owner(resource).cloned());
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::Present { verdict: "same", owner: owner(resource) }],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        // A step each: what git does takes long, and may fail alone.
        batch.iter().enumerate().map(|(at, planned)| step(at, planned)).collect()
    }
}

impl KnowsOthersBelow for GitCheckout {
    fn set_others_below(desired: &mut Desired, others: Vec<String>) {
        desired.others_below = others;
    }
}

fn step(at: usize, planned: &Planned<'_, GitCheckout>) -> Step {
    let resource = planned.resource;
    let name = resource.name();
    let timeout = resource.timeout.unwrap_or(TIMEOUT);
    if resource.is_absent() {
        let step = Step::new(program![BESIDE, include_str!("remove.sh")], vec![at], format!("remove {name}"));
        return step.rows(vec![row![Going { path: name }]]).timeout(timeout);
    }
    let found = planned.observed.found().map(|found| &found.owner);
    let only_owner = found.is_some() && planned.changes.iter().all(|change| change.attribute == "owner");
    let (kind, purpose) = match (only_owner, resource.desired.revision.named()) {
        (true, _) => ("", format!("hand over {name}")),
        (false, Some((attribute, revision))) => (kind(resource), format!("check out {attribute} {revision} in {name}")),
        (false, None) => (kind(resource), format!("check out the default branch in {name}")),
    };
    let user = owner(resource).or(found);
    Step::new(APPLY, vec![at], purpose).rows(vec![row(resource, user, kind)]).timeout(timeout)
}

/// Returns the row that both programs read.
fn row(resource: &Resource<Desired>, user: Option<&String>, kind: &str) -> Row {
    let desired = &resource.desired;
    if resource.is_absent() {
        return row![Checkout { path: resource.name(), kind, .. }];
    }
    row![Checkout {
        path: resource.name(),
        user,
        url: desired.url.as_str(),
        kind,
        r#ref: desired.revision.named().map(|(_, name)| name),
        submodules: desired.submodules,
        force: desired.force,
        depth: desired.depth.map(|depth| depth.to_string()),
        key: desired.ssh_key.as_ref(),
        username: desired.token.as_ref().and(desired.username.as_ref()),
        token: desired.token.clone(),
        is_local: local_path(&desired.url).is_some(),
        others: others(resource),
    }]
}

/// Returns the files in it that other resources make or edit, by their paths below it, a line each.
fn others(resource: &Resource<Desired>) -> String {
    let below = |path: &String| Some(path.strip_prefix(resource.name())?.trim_start_matches('/').to_string());
    resource.desired.others_below.iter().filter_map(below).collect::<Vec<_>>().join("\n")
}

/// Returns the word for what is to be checked out.
fn kind(resource: &Resource<Desired>) -> &'static str {
    match &resource.desired.revision {
        _ if resource.is_absent() => "absent",
        Revision::Default => "default",
        Revision::Branch(_) => "branch",
        Revision::Tag(_) => "tag",
        Revision::Commit(_) => "commit",
    }
}

/// Returns the user that owns it, where the spec names one.
fn owner(resource: &Resource<Desired>) -> Option<&String> {
    resource.desired.owner.as_ref().or(resource.run_as.as_ref())
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    let desired = &resource.desired;
    let later = |needs: Claim, reason: String| Observation::Later { needs, reason };
    let given = |text: &str| Some(text.to_string()).filter(|text| !text.is_empty());
    let observed = match seen {
        Seen::Absent => return Observation::Absent,
        Seen::Present { verdict: _, owner, head, branch, there, wanted, wanted_branch, own, modules, files } => {
            Observed {
                owner: owner.to_string(),
                commit: head.to_string(),
                branch: given(branch),
                url: there.to_string(),
                wanted: given(wanted),
                wanted_branch: given(wanted_branch),
                own_commits: own.parse().unwrap_or_default(),
                submodules: modules.parse().unwrap_or_default(),
                files: files.lines().map(str::to_string).collect(),
            }
        }
        Seen::NoGit if resource.is_absent() => {
            return Observation::Failed("without git on the host its local changes cannot be seen".into());
        }
        Seen::NoGit => return later(Claim::new(Space::PROGRAM, "git"), "git is not on the host".into()),
        Seen::NoUser => {
            let user = owner(resource).cloned().unwrap_or_default();
            return later(Claim::new(Space::USER, &user), format!("the user {user} does not exist"));
        }
        Seen::NoKey => {
            let key = desired.ssh_key.clone().unwrap_or_default();
            return later(Claim::path(&key), format!("the key {key} is not there"));
        }
        Seen::NoRemote => {
            let path = local_path(&desired.url).unwrap_or_default();
            return later(Claim::path(path), format!("the repository {path} is not there"));
        }
        Seen::Lacks { form, what } => {
            return Observation::Failed(format!("the probe told only that it lacks the {form} {what}"));
        }
        Seen::Failed { why } => return Observation::Failed(why.replace('\n', "; ")),
        Seen::Denied => {
            return Observation::Failed("it or a folder above it may not be searched by this account".into());
        }
        Seen::Folder => {
            return Observation::Failed(
                "a folder with files is there that is no git checkout; it is left alone: move it away, or use another path"
                    .into(),
            );
        }
        Seen::Other { state } => return Observation::Failed(format!("it is there, but as {state}, not a folder")),
    };
    match lost(&observed) {
        Some(lost) if !desired.force => Observation::Failed(format!(
            "{lost}, which would be lost: commit and push on the host, discard them there, or set `force: true`"
        )),
        _ => Observation::Present(observed),
    }
}

/// Names what exists only on the host.
fn lost(observed: &Observed) -> Option<String> {
    let count = observed.files.len();
    let named = observed.files.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let files = match count {
        0 => String::new(),
        1..=MOST_NAMED => format!("it has local changes in {named}"),
        _ => format!("it has local changes in {named} and {} more files", count - MOST_NAMED),
    };
    let commits = match observed.own_commits {
        0 => String::new(),
        1 => "it has 1 commit that no remote has".to_string(),
        own => format!("it has {own} commits that no remote has"),
    };
    let parts: Vec<String> = [files, commits].into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(", and "))
}
