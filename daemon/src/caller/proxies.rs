//! The proxies that stand between sandboxes and the bus, and which connections without a name are theirs.
//! Serves design §5.
//!
//! For each connection that an app makes inside of its sandbox, the proxy makes one to the bus, and has no name for it
//! until the app introduces itself, which it need not do. So any app in a sandbox can keep a connection without a
//! name. It stands in for none of another process: the proxy made it itself, after it was started, for one that
//! it accepted, and hands it to nobody.

use std::collections::BTreeSet;
use std::io;

use super::driver::Named;
use super::flatpak;
use super::peer::Peer;
use super::sockets::{Listener, made_for_others};

/// The proxies that run.
#[derive(Debug, Default)]
pub(super) struct Proxies(Vec<Proxy>);

#[derive(Debug)]
struct Proxy {
    peer: Peer,
    /// Its connections to the bus.
    connections: BTreeSet<u32>,
}

impl Proxies {
    /// All but `peer` itself, as they are connected to `bus` now. A proxy that cannot be looked at, or has a
    /// connection too many, is none.
    pub(super) fn but(peer: &Peer, bus: &Listener) -> io::Result<Proxies> {
        let mut proxies = Vec::new();
        for entry in std::fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let Ok(other) = Peer::of_pid(pid) else {
                continue; // It has ended.
            };
            if other.process() == peer.process() || flatpak::is_proxy(&other).is_err() {
                continue;
            }
            if let Ok(Some(connections)) = made_for_others(&other, bus) {
                proxies.push(Proxy {
                    peer: other,
                    connections,
                });
            }
        }
        Ok(Proxies(proxies))
    }

    /// How many of the connections that there were, and are still, have no name, given those that have one and were
    /// counted in between. Rather too few than too many: one that was named only just is not among them.
    pub(super) fn nameless(&self, bus: &Listener, named: &Named) -> usize {
        let nameless = self.0.iter().map(|proxy| {
            let now = made_for_others(&proxy.peer, bus);
            let now = now.ok().flatten().unwrap_or_default();
            let stayed = proxy.connections.intersection(&now).count();
            stayed.saturating_sub(named.made_by(proxy.peer.process().pid))
        });
        nameless.sum()
    }
}
