//! Throwaway hosts: real systemd machines with sshd, booted from a cached Debian tree in a second or two.
//!
//! A host is an overlay over a base tree, booted by `systemd-nspawn` on a private bridge. Hosts come in *labs*, named
//! groups that share a key and an inventory. All state lives in one folder; several processes may work on it at once.
//!
//! | file | holds |
//! |---|---|
//! | `recipe` | what of this machine goes into a base: mirrors, certificates, proxies |
//! | `base` | making and caching the base tree of a release |
//! | `layer` | packages put onto a base once, for hosts that have them from the start |
//! | `state`, `record`, `files` | the state folder: labs, hosts, their records and locks |
//! | `guest` | the files that make a tree one particular host |
//! | `tree`, `mounts` | the tree of a host, mounted over its base |
//! | `machine` | the running side of a host: `systemd-nspawn`, control groups |
//! | `network` | the bridge, its addresses, the way out |
//! | `ssh` | keys, known hosts, the inventory file, commands over ssh |
//! | `options` | what is asked of the operations |
//! | `operations` | `up`, `down`, `list`, `reboot`, put together from the others |

#![allow(
    clippy::disallowed_methods,
    reason = "this module is I/O: it starts programs, reads and writes the state folder, and waits"
)]

mod base;
mod files;
mod guest;
mod layer;
mod lock;
mod machine;
mod mounts;
mod name_servers;
mod network;
mod operations;
mod options;
mod program;
mod progress;
mod recipe;
mod record;
mod release;
mod ssh;
mod state;
mod tree;
mod wait;

pub use machine::Halt;
pub use operations::{Lab, LabHost};
pub use options::{Lifetime, Selection, Settings, UpOptions};
pub use progress::Progress;
pub use record::HostId;
pub use release::Release;
pub use ssh::Account;
