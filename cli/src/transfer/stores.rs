//! `credex stores`: the kinds of stores that credentials can be moved between.

use credex_adapters::{Direction, stores};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{FAINT, Output, STRONG};

/// Lists the kinds of stores that credentials can be moved between
///
/// JSON: {"command", "stores": [{"scheme", "name", "location", "writable", "plaintext", "native":
/// ["type"]}]}. "native" are the CXF types that the store itself knows what to do with.
#[derive(Debug, clap::Args)]
pub(crate) struct Stores {}

#[derive(Serialize)]
struct Told {
    stores: Vec<Kind>,
}

#[derive(Serialize)]
struct Kind {
    scheme: &'static str,
    name: &'static str,
    location: &'static str,
    writable: bool,
    plaintext: bool,
    native: &'static [&'static str],
}

impl Stores {
    pub(crate) fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut kinds = Vec::new();
        for adapter in stores::all() {
            let described = adapter.describe();
            let kind = Kind {
                scheme: described.scheme,
                name: described.name,
                location: described.location,
                writable: described.direction == Direction::Both,
                plaintext: described.plaintext,
                native: described.native,
            };
            kind.print(&output)?;
            kinds.push(kind);
        }
        output.object(Told { stores: kinds })?;
        Ok(Exit::Done)
    }
}

impl Kind {
    fn print(&self, output: &Output) -> Result<(), Failure> {
        let (scheme, name) = (self.scheme, self.name);
        output.line(format!("{STRONG}{scheme}:{STRONG:#} {name}"))?;
        output.line(format!("    {FAINT}{scheme}:{FAINT:#}{}", self.location))?;
        output.line(match (self.writable, self.plaintext) {
            (true, false) => "    can be read and written",
            (true, true) => "    can be read, and written with --plaintext",
            (false, _) => "    can be read",
        })?;
        output.line(format!("    knows {}", self.native.join(", ")))
    }
}
