//! What only a window says: titles and the names of its controls. The sentences are those of
//! `credex_chooser::wording`, which the terminal says too. An underscore stands before an access key.

use tr::tr;

pub(crate) fn title() -> String {
    tr!("Send credentials")
}

pub(crate) fn cancel() -> String {
    tr!("_Cancel")
}

pub(crate) fn go_on() -> String {
    tr!("C_ontinue")
}

pub(crate) fn back() -> String {
    tr!("Back")
}

pub(crate) fn close() -> String {
    tr!("_Close")
}

/// The title of a window about a password that an app shares with its website.
pub(crate) fn consent_title() -> String {
    tr!("Saved password")
}

/// The title of a window that asks for a passphrase.
pub(crate) fn passphrase_title() -> String {
    tr!("Passphrase")
}

pub(crate) fn website() -> String {
    tr!("Website")
}

pub(crate) fn account() -> String {
    tr!("Account")
}

/// Gives the passphrase.
pub(crate) fn unlock() -> String {
    tr!("_Unlock")
}

/// Makes a store with the passphrase.
pub(crate) fn create() -> String {
    tr!("C_reate")
}

/// Where the text of a page scrolls.
pub(crate) fn text() -> String {
    tr!("Text")
}

pub(crate) fn app_id() -> String {
    tr!("App ID")
}

pub(crate) fn provider() -> String {
    tr!("Provider")
}

pub(crate) fn identity() -> String {
    tr!("Identity")
}

pub(crate) fn what_leaves() -> String {
    tr!("What leaves")
}

pub(crate) fn what_goes() -> String {
    tr!("What goes")
}

pub(crate) fn where_to() -> String {
    tr!("Where should they go?")
}

/// The headline of the last question.
pub(crate) fn send_to_question(importer: &str) -> String {
    tr!("Send to “{}”?", importer)
}

/// The button that sends. It names the destination.
pub(crate) fn send_to(importer: &str) -> String {
    let importer = crate::parts::literally(importer);
    tr!("_Send to {}", importer)
}

/// The button that shows so many more lines.
pub(crate) fn show_more(n: usize) -> String {
    let n = u32::try_from(n).unwrap_or(u32::MAX);
    tr!("Show {n} more" | "Show {n} more" % n)
}

pub(crate) fn show_fewer() -> String {
    tr!("Show fewer")
}

pub(crate) fn waking() -> String {
    tr!("It can be pressed in a second.")
}

pub(crate) fn nothing_left() -> String {
    tr!("Nothing would be left to send.")
}

/// The headline while the exchange goes on.
pub(crate) fn sending_to(importer: &str) -> String {
    tr!("Sending to “{}”", importer)
}

pub(crate) fn stopping() -> String {
    tr!("Stopping.")
}

pub(crate) fn may_close() -> String {
    tr!("You can close this window: it goes on.")
}

pub(crate) fn service_gone() -> String {
    tr!("The Credex service has ended.")
}
