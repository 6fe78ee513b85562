//! The Debian packages: `credex`, and `python3-credex` for apps in Python. What their trees hold is in the
//! modules of these names; here dpkg's own files are added, and they are packed.

mod credex;
mod documents;
mod metadata;
mod python;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Failure, at, output};
use crate::options::Options;
use crate::programs::Programs;
use crate::tree::below;

const DPKG_DEV: &str = "install dpkg-dev and binutils";

/// There is no host of the project's, nor a list: a name that can be nobody's (RFC 2606) misleads no one, where
/// an invented one would send letters to strangers. Who distributes a package writes their own here.
const MAINTAINER: &str = "The Credex maintainers <maintainers@credex.invalid>";

/// What is to be packed.
struct Package {
    name: &'static str,
    /// Below it are all files, as they will be below `/`.
    tree: PathBuf,
    /// What came from a linker, below `tree`.
    linked: Vec<PathBuf>,
    section: &'static str,
    /// The other packages that it needs, without those of the libraries.
    depends: &'static str,
    /// The rest of the control file.
    about: &'static str,
    /// More files for dpkg, by name.
    control: &'static [(&'static str, &'static str)],
    /// What lintian need not say, with the reasons.
    overrides: &'static str,
}

/// Packs what `programs` are installed with; returns the packages.
pub(crate) fn pack(programs: &Programs, options: &Options) -> Result<Vec<PathBuf>, Failure> {
    let directory = options.directory("debian");
    fs::create_dir_all(&directory).map_err(at("cannot make", &directory))?;
    let stage = tempfile::tempdir_in(&directory).map_err(at("cannot write to", &directory))?;
    let packages = [
        credex::lay_out(programs, options, stage.path())?,
        python::lay_out(programs, options, stage.path())?,
    ];
    packages
        .iter()
        .map(|package| package.build(options, stage.path(), &directory))
        .collect()
}

impl Package {
    fn build(&self, options: &Options, stage: &Path, directory: &Path) -> Result<PathBuf, Failure> {
        let usr = below(&self.tree, &options.prefix);
        strip(&self.linked)?;
        documents::write_for(self.name, &options.version, &usr)?;
        let overrides = usr.join("share/lintian/overrides").join(self.name);
        write(&overrides, self.overrides)?;
        let architecture = line("dpkg", &["--print-architecture"])?;
        let text = self.control_file(&options.version, &architecture, &usr, stage)?;
        let debian = self.tree.join("DEBIAN");
        write(&debian.join("control"), &text)?;
        for (name, text) in self.control {
            write(&debian.join(name), text)?;
        }
        self.sum_up()?;
        self.set_modes()?;
        let name = format!("{}_{}_{architecture}.deb", self.name, options.version);
        let package = directory.join(name);
        let mut command = Command::new("dpkg-deb");
        command.args(["--root-owner-group", "--build"]);
        output(command.arg(&self.tree).arg(&package), DPKG_DEV)?;
        Ok(package)
    }

    fn control_file(
        &self,
        version: &str,
        architecture: &str,
        usr: &Path,
        stage: &Path,
    ) -> Result<String, Failure> {
        let size: u64 = line("du", &["-sk", "--apparent-size", &usr.to_string_lossy()])?
            .split_whitespace()
            .next()
            .and_then(|size| size.parse().ok())
            .unwrap_or_default();
        let libraries = libraries(&self.linked, stage)?;
        let Package {
            name,
            section,
            depends,
            about,
            ..
        } = self;
        Ok(format!(
            "Package: {name}
Source: credex
Version: {version}
Architecture: {architecture}
Maintainer: {MAINTAINER}
Section: {section}
Priority: optional
Installed-Size: {size}
Depends: {libraries}, {depends}
{about}"
        ))
    }

    /// By which `dpkg --verify` sees that a file was changed.
    fn sum_up(&self) -> Result<(), Failure> {
        let mut files = Command::new("find");
        files.current_dir(&self.tree);
        files.args([".", "-path", "./DEBIAN", "-prune", "-o"]);
        files.args(["-type", "f", "-printf", "%P\\n"]);
        let files = output(&mut files, "install findutils")?;
        let mut files: Vec<&str> = files.lines().collect();
        files.sort_unstable();
        let mut sums = Command::new("md5sum");
        sums.current_dir(&self.tree).args(files);
        let sums = output(&mut sums, "install coreutils")?;
        write(&self.tree.join("DEBIAN/md5sums"), &sums)
    }

    /// Whatever the umask of who packs it.
    fn set_modes(&self) -> Result<(), Failure> {
        for script in ["postinst", "prerm"] {
            let script = self.tree.join("DEBIAN").join(script);
            if script.exists() {
                let runs = Permissions::from_mode(0o755);
                fs::set_permissions(&script, runs).map_err(at("cannot change", &script))?;
            }
        }
        let mut chmod = Command::new("chmod");
        chmod.args(["--recursive", "u=rwX,go=rX"]).arg(&self.tree);
        output(&mut chmod, "install coreutils").map(drop)
    }
}

/// Nothing is installed with symbols.
fn strip(linked: &[PathBuf]) -> Result<(), Failure> {
    let mut strip = Command::new("strip");
    strip.args(["--strip-unneeded", "--remove-section=.comment"]);
    output(strip.args(linked), DPKG_DEV).map(drop)
}

/// The packages with the libraries that ours are linked with.
fn libraries(linked: &[PathBuf], stage: &Path) -> Result<String, Failure> {
    // It wants to be called where a source package is.
    write(
        &stage.join("debian/control"),
        "Source: credex\n\nPackage: credex\nArchitecture: any\n",
    )?;
    let mut command = Command::new("dpkg-shlibdeps");
    command.current_dir(stage).arg("-O");
    let said = output(command.args(linked), DPKG_DEV)?;
    let packages = said
        .lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="));
    packages
        .map(str::to_owned)
        .ok_or(Failure::NoLibraries(said))
}

fn files_in(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = || at("cannot read", directory);
    let entries = fs::read_dir(directory).map_err(unreadable())?;
    entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(unreadable()))
        .collect()
}

/// Compresses `files`, and all that is below those that are directories, in the same way every time.
fn compress(files: &Path) -> Result<(), Failure> {
    let mut gzip = Command::new("gzip");
    gzip.args(["--best", "--no-name", "--force", "--recursive"]);
    output(gzip.arg(files), "install gzip").map(drop)
}

fn line(program: &str, arguments: &[&str]) -> Result<String, Failure> {
    let said = output(Command::new(program).args(arguments), DPKG_DEV)?;
    Ok(said.trim().to_owned())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory).map_err(at("cannot make", directory))?;
    fs::write(path, text).map_err(at("cannot write", path))
}
