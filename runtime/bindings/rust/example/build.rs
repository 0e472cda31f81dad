//! Compiles logic.json to C, and that to a library. `LOOMC` and `CC` name the two compilers.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    for name in ["LOOMC", "CC", "AR"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:rerun-if-changed=logic.json");
    let out = PathBuf::from(env::var("OUT_DIR").unwrap());
    run(Command::new(tool("LOOMC", "loomc")).args(["compile", "logic.json", "--train", "--standalone", "--bindings", "rust", "-o"]).arg(&out));
    let library = out.join("liblogic.a");
    let _ = fs::remove_file(&library);
    run(Command::new(tool("AR", "ar")).arg("rcs").arg(library).args(objects(&out)));
    println!("cargo:rustc-link-search=native={}", out.display());
    // All of it: what the crate loom calls comes later on the linker's command line.
    println!("cargo:rustc-link-lib=static:+whole-archive=logic");
}

fn objects(folder: &Path) -> Vec<PathBuf> {
    let mut objects = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let source = entry.unwrap().path();
        if source.extension().map_or(false, |e| e == "c") {
            let object = source.with_extension("o");
            run(Command::new(tool("CC", "cc")).args(["-O2", "-fPIC", "-c"]).arg(&source).arg("-o").arg(&object));
            objects.push(object);
        }
    }
    objects
}

fn tool(variable: &str, name: &str) -> String {
    env::var(variable).unwrap_or_else(|_| name.into())
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(status.success(), "{command:?}: {status}");
}
