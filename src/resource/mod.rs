//! Resource kinds: a folder each, none knowing another.
//!
//! A kind says what its section of a spec may hold ([`Attribute`]), what it provides and requires ([`Claims`]), how all
//! resources of the kind on a host are observed by one program ([`crate::model::Probe`]), how desired and observed
//! differ, and which steps make them equal. It is pure: it takes values and returns values.
//! `docs/adding-a-resource.md` walks through one.

mod account;
mod attribute;
mod batch;
mod certificate;
mod claim;
mod database_engine;
mod docker;
mod erased;
mod fields;
mod kind;
mod owned_file;
mod registry;
mod unit_name;

pub mod acme_order;
pub mod authorized_key;
pub mod backup;
pub mod block;
pub mod bucket;
pub mod cert;
pub mod check;
pub mod command;
pub mod compose_project;
pub mod cron;
pub mod database;
pub mod database_user;
pub mod dhparam;
pub mod directory;
pub mod docker_engine;
pub mod docker_image;
pub mod docker_login;
pub mod docker_network;
pub mod docker_volume;
pub mod download;
pub mod file;
pub mod firewall_rule;
pub mod git_checkout;
pub mod group;
pub mod logrotate;
pub mod migration;
pub mod nginx_site;
pub mod npm_package;
pub mod npm_project;
pub mod package;
pub mod package_repository;
pub mod pm2_app;
pub mod python_env;
pub mod requirement;
pub mod secret;
pub mod seed;
pub mod service;
pub mod setting;
pub mod symlink;
pub mod sysctl;
pub mod tree;
pub mod unit;
pub mod user;

pub use attribute::{Attribute, COMMON, ON, Shape};
pub use claim::{Claim, Claims, Phase, Space};
pub use erased::{AnyObserved, AnyResource, Common, ErasedPlanned, KindObject};
pub use fields::{Deferral, Fields};
pub(crate) use fields::{not_a_path, parse_duration, parse_size};
pub use kind::{
    Documentation, Kind, Lane, Observation, Planned, Refusal, Resource, State, Style, Trigger, TriggerSource,
};
pub use registry::{by_name, by_section, companions, kinds};
