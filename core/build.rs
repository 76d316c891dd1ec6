//! Tells the crate how far it is optimized: `fit` says so where it is not at all.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=PRACTICUM_OPT_LEVEL={}", std::env::var("OPT_LEVEL").unwrap_or_default());
}
