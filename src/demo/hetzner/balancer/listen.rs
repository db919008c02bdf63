//! Listening for a service's clients.

use super::{
    super::Shared,
    forward::{self, Counts},
    service::{Key, Protocol, Service},
    tls,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

/// Clients of one service at once.
const CLIENTS: usize = 1024;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What serves the clients of one service.
struct Door {
    shared: Arc<Shared>,
    service: watch::Receiver<Arc<Service>>,
    tls: TlsAcceptor,
    counts: Counts,
}

/// Serves a service until it is dropped; what it is may change meanwhile.
pub(super) async fn run(shared: Arc<Shared>, key: Key, service: watch::Receiver<Arc<Service>>) {
    let (address, port) = {
        let service = service.borrow();
        (service.address, service.port)
    };
    let Some((listener, place)) = bind(address, port).await else {
        return;
    };
    let Ok(tls) = tls::acceptor(service.clone()) else {
        return;
    };
    shared
        .places
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(key, place);
    let door = Arc::new(Door {
        shared,
        service,
        tls,
        counts: Counts::default(),
    });
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = clients.join_next(), if !clients.is_empty() => {}
            accepted = listener.accept(), if clients.len() < CLIENTS => match accepted {
                Ok((stream, client)) => drop(clients.spawn(door.clone().serve(stream, client))),
                // Out of descriptors, most likely: others end meanwhile.
                Err(_) => sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

/// The service's own port; any other where that one is not to be had.
async fn bind(address: Ipv4Addr, port: u16) -> Option<(TcpListener, SocketAddr)> {
    for place in [(address, port), (address, 0), (Ipv4Addr::LOCALHOST, 0)] {
        if let Ok(listener) = TcpListener::bind(place).await {
            let place = listener.local_addr().ok()?;
            return Some((listener, place));
        }
    }
    None
}

impl Door {
    async fn serve(self: Arc<Self>, stream: TcpStream, client: SocketAddr) {
        // Small answers must not wait for more.
        let _ = stream.set_nodelay(true);
        let service = self.service.borrow().clone();
        match service.protocol {
            Protocol::Tcp => {
                forward::tcp(&self.shared, &self.counts, &service, stream, client).await;
            }
            Protocol::Redirect => forward::redirect(service, stream).await,
            Protocol::Http => {
                forward::http(&self.shared, &self.counts, &self.service, stream, client).await;
            }
            Protocol::Https => {
                if let Ok(Ok(stream)) = timeout(HANDSHAKE, self.tls.accept(stream)).await {
                    forward::http(&self.shared, &self.counts, &self.service, stream, client).await;
                }
            }
        }
    }
}
