//! The proxies that stand between sandboxes and the bus, and which connections without a name are theirs.
//! Serves design §5.
//!
//! For each connection that an app makes inside of its sandbox, the proxy makes one to the bus, and has no name for it
//! until the app introduces itself, which it need not do. So any app in a sandbox can keep a connection without a
//! name. It stands in for none of another process: the proxy made it itself, after it was started, for one that
//! it accepted, and hands it to nobody.

use std::io;

use super::Process;
use super::driver::Named;
use super::flatpak;
use super::peer::Peer;
use super::sockets::{Bus, made_for_others};
use super::witness::Proxy;

/// All that run but `process` itself, as they are connected to `bus` now. A proxy that cannot be looked at, or has a
/// connection too many, is none.
pub(super) fn but(process: Process, bus: &Bus) -> io::Result<Vec<Proxy>> {
    let mut proxies = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(other) = Peer::of_pid(pid) else {
            continue; // It has ended.
        };
        if other.process() == process || flatpak::is_proxy(&other).is_err() {
            continue;
        }
        if let Ok(Some(connections)) = made_for_others(&other, bus) {
            proxies.push(Proxy {
                process: other.process(),
                connections,
            });
        }
    }
    Ok(proxies)
}

impl Proxy {
    /// How many of its connections to `bus` it has still.
    pub(super) fn stayed(&self, bus: &Bus) -> usize {
        let now = Peer::again(self.process).and_then(|peer| made_for_others(&peer, bus));
        let now = now.ok().flatten().unwrap_or_default();
        self.connections.intersection(&now).count()
    }
}

/// How many of the connections that `proxies` had, and have still, have no name, given those that have one and were
/// counted in between. Rather too few than too many: one that was named only just is not among them.
pub(super) fn nameless(proxies: &[Proxy], stayed: &[usize], named: &Named) -> usize {
    let each = proxies.iter().zip(stayed);
    let nameless =
        each.map(|(proxy, stayed)| stayed.saturating_sub(named.made_by(proxy.process.pid)));
    nameless.sum()
}
