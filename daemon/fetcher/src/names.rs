//! Host names to addresses: by DNS as the system is configured for it, in memory-safe code and inside the
//! sandbox, where glibc's resolver with its files, plug-ins and sockets could not work. What such
//! plug-ins add (mDNS, directories) are no names of public sites.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolveHosts};
use tokio::runtime::Runtime;

/// Resolves names.
pub trait Names: Send + Sync + 'static {
    /// The addresses of `host`, within `limit`. Asked once for a fetch.
    ///
    /// # Errors
    /// There are none, or nobody says.
    fn addresses(&self, host: &str, limit: Duration) -> io::Result<Vec<IpAddr>>;
}

/// The names of this system: `/etc/hosts`, and the servers of `/etc/resolv.conf`.
pub struct SystemNames {
    /// Made while files can still be opened.
    runtime: Runtime,
    resolver: io::Result<TokioResolver>,
}

impl SystemNames {
    /// Reads the configuration, and gets ready to work without files.
    ///
    /// # Errors
    /// The system refuses what an event loop needs.
    pub fn open() -> io::Result<SystemNames> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let resolver = resolver().map_err(|error| {
            io::Error::other(format!("/etc/resolv.conf names no usable server: {error}"))
        });
        Ok(SystemNames { runtime, resolver })
    }
}

fn resolver() -> Result<TokioResolver, Box<dyn std::error::Error>> {
    let mut builder = TokioResolver::builder_tokio()?;
    let options = builder.options_mut();
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.use_hosts_file = ResolveHosts::Always;
    Ok(builder.build()?)
}

impl Names for SystemNames {
    fn addresses(&self, host: &str, limit: Duration) -> io::Result<Vec<IpAddr>> {
        // RFC 6761: not asked of DNS, where anybody could have answered.
        if host == "localhost" || host.ends_with(".localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let resolver = self.resolver.as_ref();
        let resolver = resolver.map_err(|error| io::Error::other(error.to_string()))?;
        // The dot at the end: nothing is searched for below other domains.
        let lookup = resolver.lookup_ip(format!("{host}."));
        let answer = self
            .runtime
            .block_on(async { tokio::time::timeout(limit, lookup).await });
        match answer {
            Ok(Ok(found)) => Ok(found.iter().collect()),
            Ok(Err(error)) => Err(io::Error::new(io::ErrorKind::NotFound, error.to_string())),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}
