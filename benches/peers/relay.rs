//! A TCP relay that delivers every byte later: a long way without a long way.
//!
//! Each direction keeps its order and is delayed by the same time, whatever its size: the way is long, not narrow. The
//! relay also counts how often the flow turns from the host's words back to the client's: round trips.

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

/// Chunks under way in one direction; with 64 KiB each they never hold the sender back.
const UNDER_WAY: usize = 4096;

/// A relay to one host; it ends when dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    turns: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl Relay {
    /// Starts to listen.
    pub fn start(runtime: &Handle, target: (String, u16), delay: Duration) -> Result<Self> {
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).context("cannot listen")?;
        let address = listener.local_addr()?;
        let turns = Arc::new(AtomicU64::new(0));
        let counted = turns.clone();
        let accepting = runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, turns) = (target.clone(), counted.clone());
                tokio::spawn(async move {
                    // A connection that breaks is seen at both of its ends.
                    let _ = carry(client, target, delay, turns).await;
                });
            }
        });
        Ok(Relay { address, turns, accepting })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns how many round trips there were since the last time, over all connections.
    pub fn take_turns(&self) -> u64 {
        self.turns.swap(0, Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(
    client: TcpStream,
    target: (String, u16),
    delay: Duration,
    turns: Arc<AtomicU64>,
) -> std::io::Result<()> {
    // The handshake of TCP is a round trip of its own. The host hears of the connection half a round trip after the client
    // may send, which is when the client's first words arrive too.
    turns.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(delay * 3).await;
    let host = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    host.set_nodelay(true)?;
    let (client_read, client_write) = client.into_split();
    let (host_read, host_write) = host.into_split();
    let heard = AtomicBool::new(false);
    let speaks = || {
        if heard.swap(false, Ordering::Relaxed) {
            turns.fetch_add(1, Ordering::Relaxed);
        }
    };
    let hears = || heard.store(true, Ordering::Relaxed);
    tokio::join!(
        one_way(client_read, host_write, [Duration::ZERO, delay], speaks, || ()),
        one_way(host_read, client_write, [delay, delay], || (), hears),
    );
    Ok(())
}

/// Carries bytes one way until their end, which is carried too. The first bytes have a delay of their own. `sent` is called
/// when bytes come in, `arrived` when they go out.
async fn one_way(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    [first_delay, delay]: [Duration; 2],
    sent: impl Fn(),
    arrived: impl Fn(),
) {
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let reading = async move {
        let mut delays = std::iter::once(first_delay).chain(std::iter::repeat(delay));
        loop {
            let mut chunk = vec![0; 64 * 1024];
            match from.read(&mut chunk).await {
                Ok(0) | Err(_) => break,
                Ok(size) => chunk.truncate(size),
            }
            sent();
            let due = Instant::now() + delays.next().unwrap_or(delay);
            if sender.send((due, chunk)).await.is_err() {
                return;
            }
        }
        // The end is an empty chunk.
        let _ = sender.send((Instant::now() + delay, Vec::new())).await;
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
