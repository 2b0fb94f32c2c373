//! Ships the click log, on a thread of its own so that no visit waits for it: the log of this boot as it grows, and
//! those of dead boots beside it, one after another. On an error it backs off; the log holds. What is stored is
//! deleted.

use super::{
    folder::BootFolder,
    load,
    queue::Queue,
    shipment::{Overdue, Shipment},
    sink::{Sink, SinkError},
};
use crate::health::Counters;
use std::{
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout, timeout_at},
};

/// How long records gather before they are shipped.
const GATHER: Duration = Duration::from_millis(10);
/// How often the progress is asked for.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How long the last question may take when the process stops.
const LAST_ASK: Duration = Duration::from_millis(250);
/// First and longest pause after an error.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Ships until it is told to stop.
pub(super) struct Shipper {
    live: Shipment,
    dead: Vec<Shipment>,
    queue: Arc<Queue>,
    sink: Sink,
    counters: Arc<Counters>,
    asked: Option<Instant>,
}

#[derive(Debug, thiserror::Error)]
enum ShipError {
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error("the click log cannot be read: {0}")]
    Log(#[from] io::Error),
}

impl Shipper {
    pub(super) fn new(
        live: BootFolder,
        dead: Vec<BootFolder>,
        queue: Arc<Queue>,
        sink: Sink,
        counters: Arc<Counters>,
    ) -> Self {
        let dead = dead.into_iter().map(Shipment::new).collect();
        Self { live: Shipment::new(live), dead, queue, sink, counters, asked: None }
    }

    /// Runs in a runtime of its own, on the calling thread. `stopping` tells until when it may go on.
    pub(super) fn run_alone(self, stopping: watch::Receiver<Option<Instant>>) {
        match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(self.run(stopping)),
            Err(error) => tracing::error!(%error, "no runtime for shipping clicks"),
        }
    }

    async fn run(mut self, mut stopping: watch::Receiver<Option<Instant>>) {
        let mut pause = BACK_OFF.0;
        loop {
            let told = *stopping.borrow_and_update();
            let outcome = match told {
                Some(deadline) => match timeout_at(deadline, self.round()).await {
                    Ok(outcome) => outcome,
                    Err(_) => break,
                },
                None => tokio::select! {
                    outcome = self.round() => outcome,
                    // what was under way may have arrived; it is shipped again
                    _ = stopping.changed() => { self.again(); continue }
                },
            };
            self.publish();
            match outcome {
                Ok(more) => {
                    pause = BACK_OFF.0;
                    if told.is_some() && self.is_all_shipped() {
                        break;
                    }
                    if !more {
                        self.rest(&mut stopping).await;
                    }
                }
                Err(error) => {
                    self.counters.ship_errors.fetch_add(1, Relaxed);
                    tracing::warn!(%error, ?pause, "clicks cannot be shipped; the log holds them");
                    self.again();
                    match told {
                        None => drop(timeout(pause, stopping.changed()).await),
                        Some(_) => sleep(BACK_OFF.0).await,
                    }
                    pause = (2 * pause).min(BACK_OFF.1);
                }
            }
        }
        self.finish().await;
    }

    /// Waits until there may be something to do.
    async fn rest(&self, stopping: &mut watch::Receiver<Option<Instant>>) {
        tokio::select! {
            () = self.queue.grown.notified() => sleep(GATHER).await,
            () = sleep(ASK_EVERY) => {}
            // without a sender nobody can stop it any more: that is an end as well, and the thread must not spin
            _ = stopping.changed() => sleep(GATHER).await,
        }
    }

    /// Ships a pipeline of each log and asks for the progress now and then; whether there is more to ship at once.
    async fn round(&mut self) -> Result<bool, ShipError> {
        let until = self.queue.written();
        let mut more = ship(&mut self.live, until, &mut self.sink).await?;
        more |= self.ship_dead().await?;
        if self.asked.is_none_or(|asked| asked.elapsed() >= ASK_EVERY) {
            self.asked = Some(Instant::now());
            for shipment in std::iter::once(&mut self.live).chain(&mut self.dead) {
                if let Some(records) = ask(shipment, &mut self.sink).await? {
                    self.counters.shipped_again.fetch_add(records, Relaxed);
                    tracing::warn!(records, "clicks were shipped and not stored; they are shipped again");
                }
            }
        }
        Ok(more)
    }

    /// Ships from the first dead boot that has something left, and lets go of those that have nothing left at all.
    async fn ship_dead(&mut self) -> Result<bool, ShipError> {
        let mut at = 0;
        while let Some(dead) = self.dead.get_mut(at) {
            if !dead.greeted {
                if let Some(stored) = self.sink.progress(dead.folder.boot_id).await? {
                    dead.progressed(stored);
                }
                dead.greeted = true;
            }
            match ship(dead, u64::MAX, &mut self.sink).await {
                Ok(true) => return Ok(true),
                Ok(false) if dead.is_over() => {
                    let over = self.dead.remove(at);
                    let boot = over.folder.boot_id;
                    tracing::info!(%boot, records = over.shipped(), "a dead boot's clicks are stored");
                    over.folder.delete();
                }
                Ok(false) => at += 1,
                Err(ShipError::Log(error)) => {
                    let boot = self.dead.remove(at).folder.boot_id;
                    tracing::error!(%boot, %error, "a dead boot's log cannot be read; it is kept");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Goes back to what has not arrived.
    fn again(&mut self) {
        self.live.again();
        self.dead.iter_mut().for_each(Shipment::again);
    }

    fn publish(&self) {
        self.counters.shipped.store(self.live.shipped(), Relaxed);
        self.counters.stored.store(self.live.stored(), Relaxed);
        self.counters.dead_boots.store(self.dead.len() as u64, Relaxed);
    }

    fn is_all_shipped(&self) -> bool {
        self.live.shipped() >= self.queue.written()
    }

    /// Deletes this boot's log when nothing of it remains to be stored.
    async fn finish(mut self) {
        if let Ok(Ok(Some(stored))) = timeout(LAST_ASK, self.sink.progress(self.live.folder.boot_id)).await {
            self.live.progressed(stored);
        }
        self.publish();
        if self.live.stored() >= self.queue.written() {
            self.live.folder.delete();
        } else {
            let remaining = load(&self.counters.written) - load(&self.counters.stored);
            tracing::info!(remaining, "clicks that are not known to be stored are kept for the next start");
        }
    }
}

/// Ships a pipeline of frames; whether there may be more.
async fn ship(shipment: &mut Shipment, until: u64, sink: &mut Sink) -> Result<bool, ShipError> {
    let most = sink.frames_at_once();
    let mut frames = Vec::new();
    while frames.len() < most {
        match shipment.frame(until)? {
            Some(frame) => frames.push(frame),
            None => break,
        }
    }
    if frames.is_empty() {
        return Ok(false);
    }
    let landings = sink.ship(shipment.folder.boot_id, &frames).await?;
    let now = Instant::now();
    for (frame, landing) in frames.iter().zip(landings) {
        shipment.landed(frame.last, landing, now);
    }
    Ok(frames.len() == most)
}

/// Asks how far a log is stored, and looks into what is overdue; how many records are shipped again because of it.
async fn ask(shipment: &mut Shipment, sink: &mut Sink) -> Result<Option<u64>, ShipError> {
    if !shipment.waits() {
        return Ok(None);
    }
    let boot_id = shipment.folder.boot_id;
    if let Some(stored) = sink.progress(boot_id).await? {
        shipment.progressed(stored);
    }
    let now = Instant::now();
    let lost = match shipment.overdue(now) {
        Overdue::Nothing => false,
        Overdue::Ask(entry) => {
            let present = sink.holds(boot_id, &entry).await?;
            shipment.found(present, now)
        }
        Overdue::Lost => true,
    };
    Ok(lost.then(|| shipment.ship_again()))
}
