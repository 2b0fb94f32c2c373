//! Rebuilds the pages when a template comes or goes.
fn main() {
    println!("cargo::rerun-if-changed=templates");
}
