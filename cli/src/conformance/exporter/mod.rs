//! What an exporter is held to.

mod interruptions;
mod ordinary;
mod strangers;

use super::check::{Check, checks};
use super::scene::{STAND_IN, Setting, USUAL};

/// The person has so many seconds.
const SHORT_CHOICE: Setting = Setting {
    seconds: &[("choose", 2)],
    ..USUAL
};
/// The importer has so many seconds.
const SHORT_OFFER: Setting = Setting {
    seconds: &[("offer", 2), ("extended", 2)],
    ..USUAL
};
/// The administrator lets nothing but tiny payloads pass.
const TINY: Setting = Setting {
    limits: &[("payload", 64)],
    ..USUAL
};

/// In the order in which they are played: the simplest first.
pub(super) const CHECKS: &[Check] = checks! {
    ordinary::one_exchange, "one-exchange", USUAL;
        "sends a document, and ends well once the receipt is there";
        "exporting": "`Session.Completed` with the `receipt`";
    ordinary::counts, "counts", USUAL;
        "tells the person and the importer how many of each type there are";
        "exporting": "**Give it**: the person lets types go from this list, so what is not counted cannot be let go.";
    ordinary::whole_document, "whole-document", USUAL;
        "loses nothing: every type, unknown types, unknown members";
        "versions-and-compatibility": "Carry what you do not know of it from end to end.";
    ordinary::attachments, "attachments", USUAL;
        "sends attachments beside the document";
        "parts-of-the-plaintext": "The plaintext is one document, then the attachments that its `file` credentials name.";
    ordinary::narrowing, "narrowing", USUAL;
        "leaves out what the person does not let go";
        "exporting": "Leave out every type that is not in `types`.";
    ordinary::fresh_content_key, "fresh-content-key", USUAL;
        "makes a new content key for every envelope";
        "header-and-segments": "A content key seals one envelope and never a second";
    ordinary::random_tokens, "random-tokens", USUAL;
        "does not use a handle token twice";
        "conventions": "Make it random.";
    ordinary::two_at_once, "two-at-once", USUAL;
        "runs twice at the same time";
        "exporting": "An app may have several exchanges going on at once.";
    ordinary::no_json, "no-json", USUAL;
        "sends no file that is no document";
        "parts-of-the-plaintext": "a CXF header object as JSON, in UTF-8";
    ordinary::large_document, "large-document", USUAL;
        "sends a large document";
        "header-and-segments": "There are *n* = max(1, ⌈*L* / *S*⌉) segments.";
    ordinary::large_attachment, "large-attachment", USUAL;
        "sends a large attachment";
        "header-and-segments": "There are *n* = max(1, ⌈*L* / *S*⌉) segments.";
    interruptions::person_declines, "person-declines", USUAL;
        "sends nothing when the person says no";
        "exporting": "1: the person said no.";
    interruptions::person_does_not_answer, "person-does-not-answer", SHORT_CHOICE;
        "ends when the person does not answer in time";
        "states": "| The time is up | expired Expired |";
    interruptions::person_stops, "person-stops", USUAL;
        "ends when the person stops what they had agreed to";
        "exporting": "or `Session.Closed` with `outcome`, `error`, `message`.";
    interruptions::nobody_imports, "nobody-imports", USUAL;
        "ends when there is nobody to send to";
        "errors": "No app on this computer takes credentials through Credex.";
    interruptions::importer_declines, "importer-declines", USUAL;
        "ends when the importer declines";
        "errors": "The importer does not want the offer, or could not use it.";
    interruptions::importer_dies, "importer-dies", USUAL;
        "ends when the importer dies, before and after it has the payload";
        "errors": "The importer left the bus before it completed.";
    interruptions::importer_is_late, "importer-is-late", SHORT_OFFER;
        "ends when the importer does not redeem in time";
        "exporting": "or `Session.Closed` with `outcome`, `error`, `message`.";
    interruptions::too_large, "too-large", TINY;
        "ends when the service does not take the payload";
        "limits-and-quotas": "Largest payload, in bytes of plaintext. `PayloadTooLarge` above it.";
    interruptions::service_dies, "service-dies", USUAL;
        "ends when the service dies, before and after the deposit";
        "conventions": "**If the owner changes or disappears**, every request, session and offer of yours is gone";
    interruptions::leaves, "leaves", USUAL;
        "takes everything back when it is asked to end";
        "exporting": "An exporter that leaves before its payload is redeemed takes its offer back";
    strangers::forged_response, "forged-response", USUAL;
        "wraps its key to nobody but the service";
        "conventions": "An exporter that takes a forged `Response` wraps its content key to the forger's public key.";
    strangers::forged_receipt, "forged-receipt", USUAL;
        "believes a receipt of nobody but the service";
        "conventions": "Check the sender of every signal, and of every call on `Importer1`.";
    strangers::odd_answer, "odd-answer", STAND_IN;
        "takes a response that it does not know for an end";
        "versions-and-compatibility": "a `response` above 2, which is an end like 2";
};
