//! Row 5: the method calls of a whole exchange, as a monitor of the bus sees them.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use credex::cxf::generate_vault;
use credex_protocol::names;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::monitor::Monitor;
use zbus::Message;
use zbus::message::{Flags, Type};

use crate::Pace;
use crate::apps::{Apps, IMPORTER, Stage, Taking};
use crate::table::{Aim, Table};

const BUS: &str = "org.freedesktop.DBus";

/// A method call, with the parts of sender and destination in the exchange.
#[derive(Debug)]
struct Call {
    from: &'static str,
    to: &'static str,
    member: String,
    wants_reply: bool,
}

pub(crate) fn measure(_: Pace, table: &mut Table) {
    let calls = watch();
    let (greetings, calls): (Vec<Call>, Vec<Call>) =
        calls.into_iter().partition(|call| call.member == "Hello");
    let trips = calls.iter().filter(|call| call.wants_reply).count();
    let ours = format!("{} calls", calls.len());
    table.row(
        "round trips of a whole exchange",
        "",
        &ours,
        trips as f64,
        Aim::AtMost(12.0),
    );
    table.note(&format!(
        "and {} Hellos, which every connection begins with",
        greetings.len()
    ));
    for Call {
        from,
        to,
        member,
        wants_reply,
    } in &calls
    {
        let reply = if *wants_reply {
            ""
        } else {
            "  (nobody waits for a reply)"
        };
        table.note(&format!("{from:>8} -> {to:<8} {member}{reply}"));
    }
}

/// How many round trips the opened payload has to wait for, one after the other: the deposit and what
/// it causes half each, the offer, the token and its redemption, and what the service asks the bus.
pub(crate) fn before_the_payload() -> usize {
    let calls = watch();
    let between = calls
        .iter()
        .skip_while(|call| call.member != "Deposit")
        .take_while(|call| call.member != "Complete");
    let asks_bus = |call: &&Call| call.from == "service" && call.to == "bus";
    // Half of Deposit, Offer, half of Import, Redeem.
    3 + between.filter(asks_bus).count()
}

/// Watches one exchange, from two apps that are not there yet to the receipt.
fn watch() -> Vec<Call> {
    let stage = Stage::open(Desktop::plan().chooser(Script::choose(IMPORTER)));
    let meddle = |_: OwnedFd| {};
    let monitor = stage
        .runtime
        .block_on(Monitor::listen(&stage.desktop, meddle));
    let apps = Apps::on(stage, Taking::Checked);
    apps.export(&generate_vault(20));
    let seen = apps.desktop.runtime.block_on(monitor.seen());
    let roles = roles(&seen);
    let part = |name: Option<String>| {
        let name = name.unwrap_or_default();
        roles.get(&name).copied().unwrap_or("stranger")
    };
    let calls = seen
        .iter()
        .filter(|message| message.message_type() == Type::MethodCall);
    let calls = calls.map(|message| {
        let header = message.header();
        Call {
            from: part(header.sender().map(|name| name.to_string())),
            to: part(header.destination().map(|name| name.to_string())),
            member: header.member().unwrap().to_string(),
            wants_reply: !header.primary().flags().contains(Flags::NoReplyExpected),
        }
    });
    calls.filter(|call| call.from != "stranger").collect()
}

/// Who is who, by what they do.
fn roles(seen: &[Message]) -> HashMap<String, &'static str> {
    let mut roles = HashMap::from([
        (BUS.to_owned(), "bus"),
        (names::BUS_NAME.to_owned(), "service"),
    ]);
    for message in seen {
        let header = message.header();
        let member = header.member().map(|member| member.as_str());
        let (Some(sender), Some(member)) = (header.sender(), member) else {
            continue;
        };
        let role = match member {
            "RequestExport" => "exporter",
            "Announce" => "importer",
            "Offer" => "service",
            _ => continue,
        };
        roles.insert(sender.to_string(), role);
    }
    roles
}
