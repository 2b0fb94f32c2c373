//! The whole way of a click, from a visit to an ingest in the same process, over restarts. The ingest of these tests
//! refuses to be offered two different events under one number.

use super::*;
use contract::{
    click::{Click, Consent, Device},
    document::Utm,
    frame,
};
use std::{collections::BTreeMap, fs, path::Path};
use tokio::sync::mpsc::Receiver;

fn click(number: u128) -> Event {
    Event::Click(Box::new(Click {
        id: Uuid::from_u128(number),
        at: 1,
        tenant_id: Uuid::nil(),
        link_id: Uuid::nil(),
        visitor: 0,
        exclusion: None,
        country: None,
        region: None,
        city: None,
        referrer: None,
        device: Device::Other,
        browser: None,
        os: None,
        language: None,
        utm: Utm::default(),
        uid: None,
        parameters: Vec::new(),
        refused: Vec::new(),
        pixels: Vec::new(),
        consent: Consent::Unasked,
    }))
}

/// An ingest that remembers what it stored, by boot and number, and must never be offered something else under the
/// same.
#[derive(Default)]
struct Ingest {
    stored: BTreeMap<(Uuid, u64), Vec<u8>>,
}

impl Ingest {
    fn store(&mut self, received: LocalFrame) {
        for record in frame::records(&received.records) {
            let before = self.stored.insert((received.boot_id, record.seq), record.payload.to_vec());
            assert!(before.is_none_or(|before| before == record.payload));
        }
        let of_boot = self.stored.range((received.boot_id, 0)..=(received.boot_id, u64::MAX));
        let contiguous = of_boot.zip(1..).take_while(|(((_, seq), _), expected)| seq == expected).count();
        let _ = received.stored.send(contiguous as u64);
    }

    async fn drain(&mut self, frames: &mut Receiver<LocalFrame>, clicks: usize) {
        while self.stored.len() < clicks {
            self.store(frames.recv().await.unwrap());
        }
    }
}

fn open(data_dir: &Path, cap: u64) -> (Recorder, Recording, Receiver<LocalFrame>, Arc<Counters>) {
    let (sender, frames) = async_mpsc::channel(4);
    let settings = LogSettings { data_dir: data_dir.to_owned(), cap };
    let counters = Arc::new(Counters::default());
    let (recorder, recording) = Recorder::open(&settings, Destination::Local(sender), counters.clone()).unwrap();
    (recorder, recording, frames, counters)
}

fn boots(data_dir: &Path) -> usize {
    let entries = fs::read_dir(data_dir.join("clicks-embedded")).unwrap();
    entries.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_dir())).count()
}

async fn record(recorder: &Recorder, numbers: std::ops::Range<u128>) {
    let recorded = numbers.map(|number| tokio::spawn(recorder.record(click(number))));
    for recorded in recorded.collect::<Vec<_>>() {
        recorded.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clicks_reach_the_ingest_and_the_log_goes() {
    let data = tempfile::tempdir().unwrap();
    let (recorder, recording, mut frames, counters) = open(data.path(), 1 << 30);
    let mut ingest = Ingest::default();
    tokio::join!(record(&recorder, 0..2_000), ingest.drain(&mut frames, 2_000));
    assert_eq!(ingest.stored.keys().last(), Some(&(recording.boot_id(), 2_000)));
    let closed = recording.close(Duration::from_secs(2));
    tokio::join!(closed, async {
        while let Some(frame) = frames.recv().await {
            ingest.store(frame);
        }
    });
    assert_eq!((load(&counters.written), load(&counters.stored)), (2_000, 2_000));
    assert_eq!((boots(data.path()), load(&counters.held_bytes)), (0, 0));
    recorder.record(click(1)).await;
    assert_eq!(load(&counters.dropped[DropReason::Closed as usize]), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_stored_is_shipped_by_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let mut ingest = Ingest::default();
    for start in 0..3 {
        let (recorder, recording, frames, counters) = open(data.path(), 1 << 30);
        // nobody stores anything
        record(&recorder, start * 100..(start + 1) * 100).await;
        assert_eq!(load(&counters.written), 100);
        recording.close(Duration::from_millis(50)).await;
        drop(frames);
    }
    assert_eq!(boots(data.path()), 3);
    let (recorder, recording, mut frames, counters) = open(data.path(), 1 << 30);
    tokio::join!(record(&recorder, 300..400), ingest.drain(&mut frames, 400));
    let clicks = ingest.stored.values().map(|payload| click::decode(payload).unwrap());
    let mut numbers: Vec<_> = clicks
        .map(|event| match event {
            Event::Click(click) => click.id.as_u128(),
            Event::Receipt(_) => unreachable!(),
        })
        .collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..400));
    tokio::join!(recording.close(Duration::from_secs(2)), async {
        while let Some(frame) = frames.recv().await {
            ingest.store(frame);
        }
    });
    assert_eq!((boots(data.path()), load(&counters.held_bytes)), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_at_its_cap_answers_visits_and_takes_clicks_again_when_there_is_room() {
    let data = tempfile::tempdir().unwrap();
    let (recorder, recording, mut frames, counters) = open(data.path(), 16 * 1024);
    for first in (0..1_000).step_by(10) {
        record(&recorder, first..first + 10).await;
    }
    let (written, dropped) = (load(&counters.written), load(&counters.dropped[DropReason::Full as usize]));
    assert_eq!(written + dropped, 1_000);
    assert!(dropped > 0 && counters.is_log_broken());
    let mut ingest = Ingest::default();
    ingest.drain(&mut frames, usize::try_from(written).unwrap()).await;
    while load(&counters.held_bytes) > 8 * 1024 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::join!(record(&recorder, 0..20), ingest.drain(&mut frames, usize::try_from(written).unwrap() + 20));
    assert!(!counters.is_log_broken());
    drop((recording, frames));
}
