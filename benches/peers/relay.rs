//! A TCP relay that delivers every byte later: a long way without a long way.
//!
//! Each direction keeps its order, and `way` says when its bytes arrive. The relay also counts the bytes, and how often the
//! flow turns from the host's words back to the client's: round trips.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::way::{Flow, Way};

/// What went over a way.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    pub round_trips: u64,
    /// What the client sent: what TCP carries, without its headers.
    pub bytes_sent: u64,
    pub bytes_received: u64,
}

impl std::ops::Add for Traffic {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Traffic {
            round_trips: self.round_trips + other.round_trips,
            bytes_sent: self.bytes_sent + other.bytes_sent,
            bytes_received: self.bytes_received + other.bytes_received,
        }
    }
}

#[derive(Debug, Default)]
struct Counters {
    round_trips: AtomicU64,
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
}

/// A relay to one host; it ends when dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    counters: Arc<Counters>,
    accepting: JoinHandle<()>,
}

impl Relay {
    /// Starts to listen.
    pub fn start(runtime: &Handle, target: (String, u16), way: Way) -> Result<Self> {
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).context("cannot listen")?;
        let address = listener.local_addr()?;
        let counters = Arc::new(Counters::default());
        let counted = counters.clone();
        let accepting = runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, counters) = (target.clone(), counted.clone());
                tokio::spawn(async move {
                    // A connection that breaks is seen at both of its ends.
                    let _ = carry(client, target, way, &counters).await;
                });
            }
        });
        Ok(Relay { address, counters, accepting })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns what there was since the last time, over all connections.
    pub fn take_traffic(&self) -> Traffic {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        Traffic {
            round_trips: take(&self.counters.round_trips),
            bytes_sent: take(&self.counters.bytes_sent),
            bytes_received: take(&self.counters.bytes_received),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, target: (String, u16), way: Way, counters: &Counters) -> std::io::Result<()> {
    let add = |counter: &AtomicU64, count: u64| counter.fetch_add(count, Ordering::Relaxed);
    // The handshake of TCP is a round trip of its own. The host hears of the connection half a round trip after the client
    // may send, which is when the client's first words arrive too.
    add(&counters.round_trips, 1);
    tokio::time::sleep(way.delay * 3).await;
    let host = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    host.set_nodelay(true)?;
    let (client_read, client_write) = client.into_split();
    let (host_read, host_write) = host.into_split();
    let heard = AtomicBool::new(false);
    let speaks = |size: usize| {
        add(&counters.bytes_sent, size as u64);
        if heard.swap(false, Ordering::Relaxed) {
            add(&counters.round_trips, 1);
        }
    };
    let answers = |size: usize| {
        add(&counters.bytes_received, size as u64);
    };
    // The client's first words are on their way since it could send them.
    let early = way.delay;
    let hears = || heard.store(true, Ordering::Relaxed);
    tokio::join!(
        one_way(client_read, host_write, way, early, speaks, || ()),
        one_way(host_read, client_write, way, Duration::ZERO, answers, hears),
    );
    Ok(())
}

/// Carries bytes one way until their end, which is carried too. The first bytes were sent `early` before they can be read
/// here. `sent` is called when bytes come in, `arrived` when they go out.
async fn one_way(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    way: Way,
    mut early: Duration,
    sent: impl Fn(usize),
    arrived: impl Fn(),
) {
    let mut flow = Flow::new(way);
    let begun = Instant::now() - early;
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let reading = async move {
        loop {
            let mut chunk = vec![0; 64 * 1024];
            match from.read(&mut chunk).await {
                Ok(0) | Err(_) => break,
                Ok(size) => chunk.truncate(size),
            }
            sent(chunk.len());
            let now = begun.elapsed() - std::mem::take(&mut early);
            for (size, arrives) in flow.send(now, chunk.len()) {
                let rest = chunk.split_off(size);
                if sender.send((begun + arrives, chunk)).is_err() {
                    return;
                }
                chunk = rest;
            }
        }
        // The end is an empty chunk.
        let _ = sender.send((Instant::now() + way.delay, Vec::new()));
    };
    let writing = async move {
        while let Some((due, chunk)) = receiver.recv().await {
            sleep_until(due).await;
            if chunk.is_empty() || to.write_all(&chunk).await.is_err() {
                break;
            }
            arrived();
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(reading, writing);
}
