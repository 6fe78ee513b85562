//! The command line: which command, and what all of them have in common.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Color, Output};
use crate::{
    conformance, demo, diff, doctor, domain, export, import, log, providers, status, transfer,
    validate, web,
};

/// Where the help lists what all commands have in common: behind what is a command's own.
const LAST: usize = 900;

/// Moves credentials between password managers, through the Credex session service.
#[derive(Debug, Parser)]
#[command(name = "credex", version, after_help = Exit::table(), arg_required_else_help = true)]
struct Arguments {
    /// Print the result as one JSON object on standard output
    #[arg(long, global = true, display_order = LAST)]
    json: bool,

    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", display_order = LAST)]
    color: Color,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Export(export::Export),
    Import(import::Import),
    Transfer(transfer::Transfer),
    Stores(transfer::Stores),
    Providers(providers::Providers),
    Status(status::Status),
    Doctor(doctor::Doctor),
    Log(log::Log),
    Validate(validate::Validate),
    Diff(diff::Diff),
    Web(web::Web),
    Domain(domain::Domain),
    Conformance(conformance::Conformance),
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Command::Demo(_) => "demo",
            Command::Export(_) => "export",
            Command::Import(_) => "import",
            Command::Transfer(_) => "transfer",
            Command::Stores(_) => "stores",
            Command::Providers(_) => "providers",
            Command::Status(_) => "status",
            Command::Doctor(_) => "doctor",
            Command::Log(_) => "log",
            Command::Validate(_) => "validate",
            Command::Diff(_) => "diff",
            Command::Web(_) => "web",
            Command::Domain(_) => "domain",
            Command::Conformance(_) => "conformance",
        }
    }

    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self {
            Command::Demo(demo) => on_runtime(demo.run(output)),
            Command::Export(export) => on_runtime(export.run(output)),
            Command::Import(import) => on_runtime(import.run(output)),
            Command::Transfer(transfer) => on_runtime(transfer.run(output)),
            Command::Stores(stores) => stores.run(output),
            Command::Providers(providers) => on_runtime(providers.run(output)),
            Command::Status(status) => on_runtime(status.run(output)),
            Command::Doctor(doctor) => on_runtime(doctor.run(output)),
            Command::Log(log) => log.run(output),
            Command::Validate(validate) => validate.run(output),
            Command::Diff(diff) => diff.run(output),
            Command::Web(web) => on_runtime(web.run(output)),
            Command::Domain(domain) => on_runtime(domain.run(output)),
            Command::Conformance(conformance) => on_runtime(conformance.run(output)),
        }
    }
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> ExitCode {
    let arguments = match parse() {
        Ok(arguments) => arguments,
        Err(refusal) => refusal.exit(),
    };
    arguments.color.apply();
    let output = Output {
        command: arguments.command.name(),
        json: arguments.json,
    };
    let ended = arguments.command.run(output);
    ended.unwrap_or_else(|failure| output.fail(&failure)).into()
}

fn parse() -> Result<Arguments, clap::Error> {
    Arguments::from_arg_matches(&command().try_get_matches()?)
}

/// The command line. Every command's help ends with the exit codes.
pub(crate) fn command() -> clap::Command {
    Arguments::command().mut_subcommands(with_exit_codes)
}

fn with_exit_codes(command: clap::Command) -> clap::Command {
    let command = command.after_help(Exit::table());
    command.mut_subcommands(with_exit_codes)
}

/// Runs `work` on a runtime of its own.
pub(crate) fn on_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let failed = |error| Failure::new(Exit::Failed, format!("cannot start: {error}"));
    runtime.map_err(failed)?.block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_help_ends_with_the_exit_codes_and_begins_with_what_is_the_commands_own() {
        let mut all = command();
        // So that each has what is for all of them.
        all.build();
        let mut commands = vec![all];
        while let Some(mut command) = commands.pop() {
            let below = command.get_subcommands();
            commands.extend(below.filter(|each| each.get_name() != "help").cloned());
            let help = command.render_long_help().to_string();
            let name = command.get_name();
            assert!(help.trim_end().ends_with(&Exit::table()), "{name}: {help}");
            let own = command.get_opts().filter_map(|option| option.get_long());
            let own = own.filter(|long| !["json", "color"].contains(long));
            let shared = help.find("      --json");
            for long in own {
                let at = help
                    .find(&format!("      --{long}"))
                    .or(help.find("  -o, --"));
                assert!(at.is_none() || at < shared, "{name} --{long}: {help}");
            }
        }
    }
}
