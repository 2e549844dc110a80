//! What every command starts with: the environment, the spec, and how an error is shown.
#![allow(clippy::disallowed_methods, reason = "this is the edge: the environment and this machine's files enter here")]

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Sources, render_all};
use crate::render::visible_lines;
use crate::spec::{SecretState, Spec, load};
use crate::survey::{Scope, Survey, SurveyError};
use crate::ui::Terminal;

use super::DiskFiles;
use super::exit::Usage;
use super::options::SpecOptions;
use super::saved::RecordedFiles;

/// Mistakes in a spec, rendered.
#[derive(Debug, thiserror::Error)]
#[error("{rendered}")]
pub struct Mistakes {
    rendered: String,
}

/// A spec with what is needed to show places in it.
pub struct Loaded {
    pub spec: Spec,
    pub sources: Sources,
    pub files: RecordedFiles,
}

impl Loaded {
    /// Loads the spec that the options name.
    pub fn new(options: &SpecOptions, terminal: &Terminal) -> anyhow::Result<Self> {
        Self::with(options, RecordedFiles::default(), terminal)
    }

    /// Loads the spec that the options name, from these files.
    pub fn with(options: &SpecOptions, files: RecordedFiles, terminal: &Terminal) -> anyhow::Result<Self> {
        let environment_vars = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.to_str()?.strip_prefix("INFRA_VAR_")?.to_string(), value.into_string().ok()?))
            })
            .collect();
        let mut sources = Sources::default();
        let load_options = options.load_options(environment_vars);
        super::watchdog::watch(&load_options.evaluating, terminal);
        match load(&files, &load_options, &mut sources) {
            Ok(spec) if options.no_exec => {
                let refused = super::executes::refusals(&spec.executes(&DiskFiles));
                match refused.is_empty() {
                    true => Ok(Self { spec, sources, files }),
                    false => Err(mistakes(&refused, &sources, terminal).into()),
                }
            }
            Ok(spec) => Ok(Self { spec, sources, files }),
            Err(diagnostics) => Err(mistakes(&diagnostics, &sources, terminal).into()),
        }
    }

    /// Resolves the spec as far as it goes without hosts and secrets.
    pub fn survey(&self, terminal: &Terminal) -> anyhow::Result<Survey<'_>> {
        let secrets = super::secret_sources::unread(&self.spec);
        let survey = Survey::new(&self.spec, &self.files, self.sources.clone(), secrets, &Scope::default())
            .map_err(|error| self.explain(error, terminal))?;
        warn(&survey, terminal);
        Ok(survey)
    }

    /// Reads the secrets that come from this machine.
    pub fn secrets(&self, terminal: &Terminal) -> anyhow::Result<BTreeMap<String, SecretState>> {
        let secrets =
            super::secret_sources::read(&self.spec).map_err(|wrong| mistakes(&wrong, &self.sources, terminal))?;
        let short = super::secret_sources::short(&self.spec, &secrets);
        if !short.is_empty() {
            terminal.status(&mistakes(&short, &self.sources, terminal).rendered);
        }
        Ok(secrets)
    }

    /// Shows places for mistakes found later.
    pub fn explain(&self, error: SurveyError, terminal: &Terminal) -> anyhow::Error {
        match error {
            SurveyError::Spec { diagnostics, sources } => mistakes(&diagnostics, &sources, terminal).into(),
            other => Usage(other.to_string()).into(),
        }
    }
}

/// Renders mistakes of a spec.
pub fn mistakes(diagnostics: &[Diagnostic], sources: &Sources, terminal: &Terminal) -> Mistakes {
    Mistakes { rendered: render_all(diagnostics, sources, terminal.status_paint().color) }
}

/// Writes what is strange in a spec, but no mistake, to stderr.
pub fn warn(survey: &Survey<'_>, terminal: &Terminal) {
    if !survey.warnings().is_empty() {
        terminal.status(&mistakes(survey.warnings(), survey.sources(), terminal).rendered);
    }
}

/// Writes an error to stderr.
pub fn report(terminal: &Terminal, error: &anyhow::Error) {
    if let Some(mistakes) = error.downcast_ref::<Mistakes>() {
        terminal.status(mistakes.rendered.trim_end());
        return;
    }
    let head = terminal.status_paint().paint(crate::render::Role::Error, "error:");
    terminal.status(&format!("{head} {}", visible_lines(&format!("{error:#}"), "")));
}
