//! What several test binaries share. Each uses a part of it.
#![allow(dead_code, reason = "every test binary compiles all of it and uses some")]

pub mod lab;
