//! Builds again when `web/` was built again.

fn main() {
    // Cargo takes a folder that is not there as changed at each build. Where it cannot be made, the
    // page is left out, which is what `allow_missing` is for.
    let _ = std::fs::create_dir_all("../../web/dist");
    // Builds without optimisation read the files when they are asked for.
    if std::env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_none() {
        println!("cargo::rerun-if-changed=../../web/dist");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
