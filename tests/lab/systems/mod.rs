//! The systems in `specs/` on real hosts: from a bare host to a healthy system, kept there, broken and mended.
//!
//! A file for each system says what is asked of it; `driver.rs` has what is done to all of them. The release is
//! `INFRA_TEST_RELEASE` (bookworm where it is not set) where a system works with more than one.

mod ai_photo;
mod ai_photo_by_compose;
mod driver;
mod echoclip;
mod echomind;
mod persistence_service;
mod video_download_api;

/// Makes one test for each system, so that they run side by side and are named without their files.
macro_rules! systems {
    ($($system:ident),* $(,)?) => {
        $(#[test] fn $system() { $system::lives(); })*
    };
}

systems! {
    ai_photo,
    ai_photo_by_compose,
    echoclip,
    echomind,
    persistence_service,
    video_download_api,
}
