//! The resource kinds: a folder each, none knowing another. What several of them need lies in [`shared`].
//!
//! A kind implements [`crate::resource::Kind`]; one line below registers it.
//! `docs/adding-a-resource.md` walks through one.

pub mod shared;

use crate::resource::{CompanionObject, Erased, KindObject};

/// Declares the modules of the kinds and the list of them: one line each.
macro_rules! kinds {
    ($($folder:ident :: $kind:ident),* $(,)?) => {
        $(pub mod $folder;)*

        /// All kinds, in alphabetical order.
        static KINDS: &[&dyn KindObject] = &[$(Erased::<$folder::$kind>::OBJECT),*];
    };
}

kinds! {
    acme_order::AcmeOrder,
    authorized_key::AuthorizedKey,
    backup::Backup,
    block::Block,
    bucket::Bucket,
    cert::Cert,
    check::Check,
    command::Command,
    compose_project::ComposeProject,
    cron::Cron,
    database::Database,
    database_user::DatabaseUser,
    dhparam::Dhparam,
    directory::Directory,
    docker_engine::DockerEngine,
    docker_image::DockerImage,
    docker_login::DockerLogin,
    docker_network::DockerNetwork,
    docker_volume::DockerVolume,
    download::Download,
    file::File,
    firewall_rule::FirewallRule,
    git_checkout::GitCheckout,
    group::Group,
    logrotate::Logrotate,
    migration::Migration,
    nginx_site::NginxSite,
    npm_package::NpmPackage,
    npm_project::NpmProject,
    package::Package,
    package_repository::PackageRepository,
    pm2_app::Pm2App,
    python_env::PythonEnv,
    requirement::Requirement,
    secret::Secret,
    seed::Seed,
    service::Service,
    setting::Setting,
    sudoers::Sudoers,
    symlink::Symlink,
    sysctl::Sysctl,
    tree::Tree,
    unit::Unit,
    user::User,
}

/// The kind that keeps the values of a spec's `secrets` on hosts.
pub const SECRET: &dyn KindObject = Erased::<secret::Secret>::OBJECT;

/// Returns all kinds.
pub fn all() -> &'static [&'static dyn KindObject] {
    KINDS
}

/// Finds a kind by the name in addresses (`user`).
pub fn by_name(name: &str) -> Option<&'static dyn KindObject> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}

/// Finds a kind by its section (`users`); the one whose entries it holds, where others are made beside it.
pub fn by_section(section: &str) -> Option<&'static dyn KindObject> {
    KINDS.iter().copied().find(|kind| kind.section() == section && kind.has_own_section())
}

/// Returns the kinds of which an entry of this one may make a resource too.
pub fn companions(
    kind: &dyn KindObject,
) -> impl Iterator<Item = (&'static dyn KindObject, &'static dyn CompanionObject)> {
    let name = kind.name();
    let companions = KINDS.iter().filter_map(|other| Some((*other, other.info().capabilities.companion?)));
    companions.filter(move |(_, companion)| companion.of() == name)
}
