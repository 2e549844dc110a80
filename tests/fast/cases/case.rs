//! What a case file holds.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value as Json;

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the kind does here, as the end of a sentence: "makes a missing folder".
    pub name: String,
    /// Name and body of each resource, as in a spec. In a body, `{ $secret: text }` is a secret, `{ $secret: text,
    /// $previous: text }` one that is being rotated, `{ $unknown: address }` a value known after that resource is applied;
    /// the content of a template, source or folder is given in place.
    pub resources: IndexMap<String, Json>,
    /// Other sections of the spec, for what the resources refer to.
    #[serde(default)]
    pub around: serde_json::Map<String, Json>,
    /// Paths below a resource that others of its host provide, for kinds that ask for them.
    #[serde(default)]
    pub others_below: IndexMap<String, Vec<String>>,
    /// The rows the probe must be given.
    pub probe: Option<Vec<Vec<Json>>>,
    /// What the probe writes: the row's index, then fields.
    #[serde(default)]
    pub records: Vec<Vec<Json>>,
    /// Which variant the host has, for kinds that leave it to the host; the first of the kind's table where left out. It is
    /// what the probe reports behind `records` and `after`.
    pub variant: Option<String>,
    /// What the probe's tools say beside it.
    #[serde(default)]
    pub messages: Vec<String>,
    /// How the probe ends: 0 (where left out), another exit status, or `timeout`.
    pub status: Option<Json>,
    /// For each resource in order: `absent`, `present`, `later` or `failed`; `later SPACE NAME` and `failed WORDS` say
    /// more closely what is waited for, and words of the reason.
    pub observed: Option<Vec<String>>,
    /// What each resource provides (`provides path /etc/x`), shares, reads, requires, needs (`needs folder /etc/x`) and follows; those named must be among them.
    #[serde(default)]
    pub claims: IndexMap<String, Vec<String>>,
    /// For each resource that differs, the attributes with before and after, in order. Those not named have none.
    pub changes: Option<IndexMap<String, IndexMap<String, [Json; 2]>>>,
    /// Words of why a resource may not be changed, though it was observed, and the way out.
    #[serde(default)]
    pub refused: IndexMap<String, String>,
    /// Resources that are owed a `restart` or `reload`.
    #[serde(default)]
    pub owed: IndexMap<String, String>,
    /// The steps that are made, in order.
    pub steps: Option<Vec<Step>>,
    /// What the probe writes once the steps have run: then nothing may be left to do.
    pub after: Option<Vec<Vec<Json>>>,
    /// Words of each diagnostic of the spec, in order. Such a case holds nothing about a host.
    #[serde(default)]
    pub errors: Vec<String>,
}

/// A step as it must be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub purpose: String,
    pub rows: Option<Vec<Vec<Json>>>,
    /// The texts on its standard input; of an archive, those of its files.
    pub input: Option<Vec<String>>,
    pub run_as: Option<String>,
}

/// Reads YAML as specs do: `0640` and `yes` are texts.
pub fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
    }
}
