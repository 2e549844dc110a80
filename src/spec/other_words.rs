//! Words of other tools, and what says the same here.

/// Keys of tasks and resources elsewhere. Where the kind has an attribute of the name, the word is not another tool's.
const KEYS: &[(&[&str], &str)] = &[
    (
        &["become", "become_user", "become_method", "sudo"],
        "which account works is a matter of the host: `become: true` there; `as` names whom a resource's commands run as",
    ),
    (&["notify", "listen", "handlers"], "what restarts a service stands there: `restart_on: [\"file:/etc/app/**\"]`"),
    (
        &["with_items", "with_list", "with_dict", "with_sequence", "with_fileglob", "loop", "loop_control"],
        "write `for_each`, with `each.key` and `each.value`",
    ),
    (
        &["present", "ensure", "exists"],
        "write `state: absent` for what should go; `present` holds where it is left out",
    ),
    (
        &["require", "requires", "before", "after", "needs"],
        "write `depends_on`, where the order does not follow by itself",
    ),
    (&["name", "title"], "the name is the key that this stands below"),
    (&["path", "dest"], "the path is the key that this stands below"),
    (&["src"], "a file beside the spec is `source`, or `template` where it is rendered"),
    (&["enable"], "write `enabled`"),
    (&["started", "active"], "write `running: true`"),
    (&["perms", "permissions", "chmod"], "write `mode: \"0644\"`"),
    (&["hosts", "delegate_to", "run_once"], "write `on`, with the names of hosts or their labels"),
    (
        &["register", "changed_when", "failed_when", "ignore_errors"],
        "a plan says what changes; a `command` says with `unless`, `creates` or `only_if` whether it must run",
    ),
    (&["tags"], "a part of a spec is chosen with `--target` and `--host`"),
];

/// Words for `state`.
const STATES: &[(&[&str], &str)] = &[
    (&["started", "running", "up"], "write `running: true`"),
    (&["stopped", "down"], "write `running: false`"),
    (&["restarted"], "a service restarts when what `restart_on` names changes"),
    (&["reloaded"], "a service reloads when what `reload_on` names changes"),
    (&["enabled"], "write `enabled: true`"),
    (&["disabled"], "write `enabled: false`"),
    (&["installed", "file", "exists", "touch"], "leave it out: `present` holds then"),
    (&["latest"], "leave it out; a `version` says which one is wanted"),
    (&["directory"], "a folder stands in the section `directories`"),
    (&["link", "hard"], "a symbolic link stands in the section `symlinks`"),
    (&["removed", "purged", "uninstalled"], "write `absent`"),
];

/// Names in expressions.
const NAMES: &[(&[&str], &str)] = &[
    (&["item", "ansible_loop"], "write `each.value`"),
    (&["inventory_hostname", "inventory_hostname_short"], "write `host.name`"),
    (&["ansible_host"], "write `host.address`"),
    (&["ansible_facts", "facts"], "write `host.facts`"),
    (&["hostvars"], "write `hosts.NAME`"),
    (&["groups", "group_names"], "labels say what a host is: `host.labels`"),
];

fn find(table: &[(&[&str], &'static str)], word: &str) -> Option<String> {
    let found = table.iter().find(|(words, _)| words.contains(&word));
    found.map(|(_, ours)| ours.to_string())
}

/// Says what does here what a key of another tool does.
pub(super) fn key(word: &str) -> Option<String> {
    find(KEYS, word)
}

/// Says how a state of another tool is asked for here.
pub(super) fn state(word: &str) -> Option<String> {
    find(STATES, word)
}

/// Says what a name in another tool's expressions is called here.
pub(super) fn name(word: &str) -> Option<String> {
    let fact = || word.starts_with("ansible_").then(|| "facts are in `host.facts`: `host.facts.os.family`".to_string());
    find(NAMES, word).or_else(fact)
}
