//! The way to the service, on a thread of its own, so that no window ever waits for it.
//! Serves `org.credex.Chooser1`.

use std::io;
use std::os::unix::net::UnixStream;
use std::thread;

use credex_chooser::serve::{Event, Service};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What comes from the service, and what goes to it.
pub(crate) struct Link {
    events: UnboundedReceiver<Event>,
    stops: UnboundedSender<String>,
}

impl Link {
    /// Begins to speak over `socket`.
    ///
    /// # Errors
    /// There can be no further thread or runtime.
    pub(crate) fn start(socket: UnixStream) -> io::Result<Link> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (to_windows, events) = unbounded_channel();
        let (stops, stopped) = unbounded_channel();
        thread::Builder::new()
            .name("service".into())
            .spawn(move || runtime.block_on(carry(socket, &to_windows, stopped)))?;
        Ok(Link { events, stops })
    }

    /// The next event; `None` once the socket has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// The person stops `exchange`.
    pub(crate) fn stop(&self, exchange: &str) {
        // It can only fail once the socket is gone, and then there is nothing left to stop.
        self.stops.send(exchange.to_owned()).ok();
    }
}

/// Carries events one way and stops the other. Events come before the end of the socket after them.
async fn carry(
    socket: UnixStream,
    to_windows: &UnboundedSender<Event>,
    mut stopped: UnboundedReceiver<String>,
) {
    // A service that does not even complete the handshake has nothing to ask: the end of the events
    // says so.
    let Ok((service, mut events)) = Service::connect(socket).await else {
        return;
    };
    loop {
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Some(event) => if to_windows.send(event).is_err() { return },
                None => return,
            },
            Some(exchange) = stopped.recv() => service.stop(&exchange),
            () = service.closed() => return,
        }
    }
}
