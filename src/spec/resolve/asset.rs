//! Loading what attributes name beside the spec.

use crate::diagnostic::Span;
use crate::model::{Content, Value};

use super::super::check::Asset;
use super::super::evaluate::{Reported, Scope, asset_path};
use super::super::expression::template_key;
use super::super::names::Site;
use super::super::namespace::Namespace;
use super::Resolver;

impl<'a> Resolver<'a, '_> {
    /// Loads what an attribute names. Without a scope a template is only checked.
    pub(super) fn load(
        &mut self,
        asset: Asset,
        path: &str,
        span: Span,
        namespace: &'a Namespace,
        render: Option<&Scope>,
        each: bool,
    ) -> Option<Value> {
        let full = asset_path(namespace, path);
        let loaded = match asset {
            Asset::Source => self.assets.content(self.files, &full).map(Value::Content),
            Asset::Folder => self.assets.folder(self.files, &full),
            Asset::Template => match self.assets.text(self.files, &full) {
                Ok(text) => {
                    let key = (full.clone(), std::ptr::from_ref(namespace), each);
                    let file = match self.checked_templates.get(&key) {
                        Some(file) => *file,
                        None => {
                            let is_module = !std::ptr::eq(namespace, self.evaluator.world.root);
                            let site = Site { namespace, is_module, each, host: true, hosts: true, decides: None };
                            let (file, right) = self.evaluator.check_file(&full, &text, site, self.files, self.assets);
                            let checked = if right { Ok(file) } else { Err(Reported) };
                            self.checked_templates.insert(key, checked);
                            checked
                        }
                    };
                    let file = file.ok()?;
                    let Some(scope) = render else { return Some(Value::Null) };
                    let key = template_key(&namespace.folder, &full);
                    return match self.evaluator.file(&key, &text, file, scope).ok()? {
                        Value::Text(text) => Some(Value::Content(Content::new(text.into_bytes()))),
                        Value::Secret(secret) => Some(Value::Content(Content::secret(&secret))),
                        other => Some(other),
                    };
                }
                Err(why) => Err(why),
            },
        };
        match loaded {
            Ok(value) => Some(value),
            Err(why) => {
                self.evaluator.report(why.diagnostic(self.files, &full, Some(span)));
                None
            }
        }
    }
}
