//! Every key, in one place: its type, its default, what it must be, and which of two values is the
//! stricter. Serves "Configuration" of `daemon/README.md`.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigError;
use super::layers::Reading;
use super::strictness::{
    a_program, a_program_or_none, administrators_alone, an_absolute_path, anything, at_least_1,
    greater, persons_unless_settled, smaller, smaller_but_0_is_never,
};

/// What it takes for an export that the person proves who they are. The later, the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportAuthentication {
    /// Nothing.
    Waived,
    /// polkit asks for a proof.
    Required,
}

/// What happens where a proof is required and nothing can check it: no system bus, no polkit, or one
/// that was not told of the action. The later, the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WithoutPolkit {
    /// The person is asked plainly, and told that nothing was checked.
    Ask,
    /// Nothing leaves.
    Refuse,
}

/// Where passwords of websites are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordStore {
    /// In the Secret Service of the session; where there is none, in an encrypted file.
    Keyring,
    /// In the memory of the service, until it ends: for demonstrations and tests.
    Memory,
}

/// A table of the configuration, and the same as one file has it: all keys optional.
macro_rules! table {
    (
        $(#[$table_doc:meta])*
        [$name:literal] $table:ident, $in_file:ident:
        $( $(#[$doc:meta])* $key:ident: $type:ty = $default:expr, $must_be:path, $stricter:path; )*
    ) => {
        $(#[$table_doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $table {
            $( $(#[$doc])* pub $key: $type, )*
        }

        impl Default for $table {
            fn default() -> $table {
                $table { $( $key: $default, )* }
            }
        }

        #[derive(Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(super) struct $in_file {
            $( $key: Option<Spanned<$type>>, )*
        }

        impl $table {
            /// Takes over what the file being read says, as far as its author may say so.
            pub(super) fn take(
                &mut self,
                file: $in_file,
                reading: &mut Reading<'_>,
            ) -> Result<(), ConfigError> {
                $(
                    if let Some(asked) = file.$key {
                        let key = concat!($name, ".", stringify!($key));
                        reading.settle(key, &mut self.$key, asked, $must_be, $stricter)?;
                    }
                )*
                Ok(())
            }
        }
    };
}

table! {
    /// How much and how many.
    ["limits"] Limits, LimitsInFile:
    /// Largest payload, in bytes.
    payload: u64 = 1 << 30, anything, smaller;
    /// Exchanges at once of one app.
    exchanges_per_app: u32 = 8, at_least_1, smaller;
    /// Exchanges at once together. Lowered where the system gives too few file descriptors.
    exchanges: u32 = 64, at_least_1, smaller;
    /// Importers that have announced themselves, at once.
    running_importers: u32 = 64, anything, smaller;
    /// Wrong tokens after which an offer is withdrawn.
    token_attempts: u32 = 5, at_least_1, smaller;
}

table! {
    /// How long, in seconds.
    ["seconds"] Seconds, SecondsInFile:
    /// The person's time to decide.
    choose: u32 = 600, at_least_1, smaller;
    /// The exporter's time to deposit, from the person's answer.
    deposit: u32 = 300, at_least_1, smaller;
    /// The importer's time to appear and acknowledge, from the deposit.
    acknowledge: u32 = 60, at_least_1, smaller;
    /// The token's life, from the deposit.
    offer: u32 = 300, at_least_1, smaller;
    /// The token's life with all extensions, from the deposit.
    extended: u32 = 1800, at_least_1, smaller;
    /// The importer's time to report, from the redemption.
    receipt: u32 = 1800, at_least_1, smaller;
    /// How long the service stays without an exchange; 0: for ever.
    idle: u32 = 60, anything, smaller_but_0_is_never;
}

table! {
    /// Who asks the person. Programs with their arguments.
    ["chooser"] ChooserConfig, ChooserInFile:
    /// For a session with a display; `credex-chooser-gtk` beside the daemon if missing, none if empty.
    graphical: Option<Vec<String>> = None, a_program_or_none, administrators_alone;
    /// For a terminal; `credex-chooser` beside the daemon if missing.
    terminal: Option<Vec<String>> = None, a_program, administrators_alone;
}

table! {
    /// Whether the person must prove who they are.
    ["authentication"] Authentication, AuthenticationInFile:
    /// Before credentials leave.
    export: ExportAuthentication = ExportAuthentication::Required, anything, greater;
    /// Where that is required and there is no polkit.
    without_polkit: WithoutPolkit = WithoutPolkit::Ask, anything, greater;
}

table! {
    /// What an exporter learns.
    ["exporter"] Exporter, ExporterInFile:
    /// Whether it is told which app the person chose.
    told_destination: bool = false, anything, administrators_alone;
}

table! {
    /// Passwords that apps share with their websites.
    ["web_credentials"] WebCredentials, WebCredentialsInFile:
    /// Whether any program is taken for the app that it says to be, and a website may be on this
    /// computer: for those who write one.
    developer: bool = false, anything, persons_unless_settled;
    /// Where they are kept.
    store: PasswordStore = PasswordStore::Keyring, anything, administrators_alone;
    /// Certificates (PEM) that are trusted in developer mode, beside the system's.
    authority: Option<PathBuf> = None, an_absolute_path, administrators_alone;
    /// Fetches what a website says; `credex-fetcher` beside the daemon if missing.
    fetcher: Option<PathBuf> = None, an_absolute_path, administrators_alone;
}
