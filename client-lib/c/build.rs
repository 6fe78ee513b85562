//! Gives the library its soname, and its symbols a version (client-lib/c/README.md, "Versions").

#![allow(
    clippy::print_stdout,
    reason = "this is how a build script speaks to cargo"
)]

/// What programs are linked with. Changes with every release that breaks them.
const SONAME: &str = "libcredex.so.0";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // rustc hands the linker an anonymous version script, beside which no other may stand. GNU ld can name
    // the version of what that script exports after the soname.
    for argument in ["-fuse-ld=bfd", "-Wl,--default-symver"] {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{SONAME}");
}
