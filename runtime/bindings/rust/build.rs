//! Finds libloom, or builds it:
//!
//! 1. `LOOM_LIB_DIR`, a folder with libloom;
//! 2. pkg-config;
//! 3. the source tree of Loom that this crate lies in, or that `LOOM_SOURCE_DIR` names, built with CMake.
//!
//! Crates that depend on this one get the folder as `DEP_LOOM_LIB_DIR`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    for name in ["LOOM_LIB_DIR", "LOOM_SOURCE_DIR", "PKG_CONFIG", "PKG_CONFIG_PATH"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_LIBLOOM").is_none() {
        return;
    }
    let folders = find();
    println!("cargo:rustc-link-lib=dylib=loom");
    for folder in &folders {
        println!("cargo:rustc-link-search=native={}", folder.display());
        if env::var("CARGO_CFG_TARGET_FAMILY").map_or(false, |f| f.contains("unix")) {
            println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
        }
        println!("cargo:lib_dir={}", folder.display());
    }
}

/// The folders that the linker has to search: none when it does so by itself.
fn find() -> Vec<PathBuf> {
    if let Some(folder) = env::var_os("LOOM_LIB_DIR") {
        let folder = PathBuf::from(folder);
        if !folder.is_dir() {
            fail(&format!("LOOM_LIB_DIR is '{}', which is no folder", folder.display()));
        }
        return vec![folder];
    }
    if let Some(source) = env::var_os("LOOM_SOURCE_DIR") {
        return vec![build(Path::new(&source))];
    }
    if let Some(folders) = pkg_config() {
        return folders;
    }
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let source = here.join("../../..");
    if source.join("runtime/loom.h").is_file() && source.join("CMakeLists.txt").is_file() {
        return vec![build(&source)];
    }
    fail(
        "libloom was not found: set LOOM_LIB_DIR to the folder that has it, install it with its loom.pc for pkg-config, \
         or set LOOM_SOURCE_DIR to the source tree of Loom. A program that brings a compiled model needs none of these: \
         it depends on this crate with default-features = false",
    )
}

fn pkg_config() -> Option<Vec<PathBuf>> {
    let program = env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
    let run = |option: &str| Command::new(&program).args([option, "loom"]).output().ok().filter(|o| o.status.success());
    run("--exists")?;
    let text = String::from_utf8(run("--libs-only-L")?.stdout).ok()?;
    Some(text.split_whitespace().filter_map(|word| word.strip_prefix("-L")).map(PathBuf::from).collect())
}

fn build(source: &Path) -> PathBuf {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("libloom");
    for part in ["CMakeLists.txt", "runtime", "compiler"] {
        println!("cargo:rerun-if-changed={}", source.join(part).display());
    }
    run(Command::new("cmake").arg("-S").arg(source).arg("-B").arg(&folder).arg("-DCMAKE_BUILD_TYPE=Release"));
    run(Command::new("cmake").arg("--build").arg(&folder).args(["--target", "loom", "--parallel", "2"]));
    folder
}

fn run(command: &mut Command) {
    match command.output() {
        Ok(done) if done.status.success() => (),
        Ok(done) => fail(&format!(
            "{command:?} failed:\n{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        )),
        Err(e) => fail(&format!("{command:?}: {e}. Building libloom needs cmake, a C compiler and Lua 5.4")),
    }
}

fn fail(message: &str) -> ! {
    eprintln!("error: {message}");
    std::process::exit(1)
}
