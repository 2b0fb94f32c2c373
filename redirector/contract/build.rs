//! Rebuilds the catalogue when a file of facts comes or goes.
fn main() {
    println!("cargo::rerun-if-changed=networks");
}
