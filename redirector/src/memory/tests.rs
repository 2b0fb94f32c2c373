//! The laws of the memory, in virtual time: how long an entry lives, what an announcement does to replies in flight, who
//! shares a fetch, and what is served when every source is away.

use super::*;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use tokio::time::{advance, sleep};

const LIFE: Duration = Duration::from_secs(1);

type Words = Memory<&'static str, String>;

fn word(version: u64, text: &str) -> Versioned<String> {
    Versioned { version, value: Some(text.to_owned()) }
}

async fn fetch(memory: &Arc<Words>, version: u64, text: &'static str) -> Held<String> {
    memory.get("a", LIFE, move |_| async move { Ok(word(version, text)) }).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_entry_lives_from_its_fetch_and_no_hit_extends_it() {
    let memory = Arc::new(Words::new(10));
    assert_eq!(fetch(&memory, 1, "one").await.version, 1);
    for _ in 0..4 {
        advance(Duration::from_millis(200)).await;
        assert_eq!(fetch(&memory, 2, "two").await.version, 1);
        assert!(memory.young("a", Instant::now(), LIFE).is_some());
    }
    assert!(memory.young("a", Instant::now(), Duration::from_millis(200)).is_none(), "a shorter life counts at once");
    advance(Duration::from_millis(200)).await;
    assert_eq!(fetch(&memory, 2, "two").await.version, 2);
}

#[tokio::test(start_paused = true)]
async fn the_life_begins_with_the_fetch_and_not_with_its_answer() {
    let memory = Arc::new(Words::new(10));
    let slow = async {
        sleep(Duration::from_millis(700)).await;
        Ok(word(1, "one"))
    };
    memory.get("a", LIFE, |_| slow).await.unwrap();
    advance(Duration::from_millis(300)).await;
    assert!(memory.young("a", Instant::now(), LIFE).is_none());
}

#[tokio::test(start_paused = true)]
async fn one_fetch_serves_all_and_survives_who_started_it() {
    let memory = Arc::new(Words::new(10));
    let fetches = Arc::new(AtomicU32::new(0));
    let ask = || {
        let (memory, fetches) = (memory.clone(), fetches.clone());
        async move {
            let fetch = move |_| async move {
                fetches.fetch_add(1, Relaxed);
                sleep(Duration::from_millis(50)).await;
                Ok(word(1, "one"))
            };
            memory.get("a", LIFE, fetch).await.unwrap().version
        }
    };
    let first = tokio::spawn(ask());
    sleep(Duration::from_millis(10)).await;
    first.abort();
    let others = [tokio::spawn(ask()), tokio::spawn(ask())];
    for other in others {
        assert_eq!(other.await.unwrap(), 1);
    }
    assert_eq!(fetches.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_was_in_flight_when_the_change_was_announced_is_not_kept() {
    let memory = Arc::new(Words::new(10));
    let slow = {
        let memory = memory.clone();
        tokio::spawn(async move {
            let fetch = |_| async {
                sleep(Duration::from_millis(100)).await;
                Ok(word(1, "old"))
            };
            memory.get("a", LIFE, fetch).await.unwrap().version
        })
    };
    sleep(Duration::from_millis(10)).await;
    memory.announce(&"a", 2);
    assert_eq!(fetch(&memory, 2, "new").await.version, 2, "who comes now does not wait for the old one");
    assert_eq!(slow.await.unwrap(), 1, "who came before may see it");
    assert_eq!(memory.young("a", Instant::now(), LIFE).unwrap().version, 2);
}

#[tokio::test(start_paused = true)]
async fn an_older_version_is_not_kept_for_two_seconds_after_the_announcement() {
    let memory = Arc::new(Words::new(10));
    memory.announce(&"a", 2);
    advance(Duration::from_millis(1_900)).await;
    let told = memory.get("a", LIFE, |at_least| async move { Ok(word(1, if at_least == 2 { "told" } else { "" })) });
    assert_eq!(told.await.unwrap().value.as_deref().map(String::as_str), Some("told"));
    assert!(memory.young("a", Instant::now(), LIFE).is_none());
    fetch(&memory, 2, "new").await;
    memory.announce(&"a", 2);
    assert!(memory.young("a", Instant::now(), LIFE).is_some(), "it is new already");
    memory.announce(&"a", 3);
    assert!(memory.young("a", Instant::now(), LIFE).is_none());
    advance(Duration::from_secs(2)).await;
    fetch(&memory, 1, "old").await;
    assert!(memory.young("a", Instant::now(), LIFE).is_some(), "the announcement is forgotten");
}

#[tokio::test(start_paused = true)]
async fn clearing_reaches_what_is_in_flight() {
    let memory = Arc::new(Words::new(10));
    fetch(&memory, 1, "one").await;
    memory.clear();
    assert!(memory.young("a", Instant::now(), LIFE).is_none());
    let slow = {
        let memory = memory.clone();
        let fetch = |_| async {
            sleep(Duration::from_millis(100)).await;
            Ok(word(1, "one"))
        };
        tokio::spawn(async move { memory.get("a", LIFE, fetch).await })
    };
    sleep(Duration::from_millis(10)).await;
    memory.clear();
    slow.await.unwrap().unwrap();
    assert!(memory.young("a", Instant::now(), LIFE).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_document_that_did_not_change_stays_the_same_arc() {
    let memory = Arc::new(Words::new(10));
    let first = fetch(&memory, 1, "one").await.value.unwrap();
    advance(LIFE).await;
    let second = fetch(&memory, 1, "one").await.value.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    advance(LIFE).await;
    let third = fetch(&memory, 2, "two").await.value.unwrap();
    assert!(!Arc::ptr_eq(&first, &third));
}

#[tokio::test(start_paused = true)]
async fn when_every_source_is_away_the_old_is_served_for_a_day_but_not_what_is_known_to_be_outdated() {
    let memory = Arc::new(Words::new(10));
    let away = |memory: &Arc<Words>| {
        let memory = memory.clone();
        async move { memory.get("a", LIFE, |_| async { Err(Away) }).await }
    };
    assert!(away(&memory).await.is_err());
    let at_once = memory.get("a", LIFE, |_| async { Ok(word(1, "one")) }).await;
    assert!(at_once.is_err(), "a failure is remembered for a moment");
    advance(FAILED).await;
    fetch(&memory, 1, "one").await;
    advance(LIFE).await;
    for _ in 0..2 {
        let held = away(&memory).await.unwrap();
        assert_eq!((held.version, held.stale), (1, true));
    }
    advance(FAILED).await;
    assert!(!fetch(&memory, 1, "one").await.stale);
    advance(LIFE).await;
    memory.announce(&"a", 2);
    assert!(away(&memory).await.is_err());
    advance(FAILED).await;
    fetch(&memory, 2, "two").await;
    advance(STALE).await;
    assert!(away(&memory).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_dies_does_not_block_the_next() {
    let memory = Arc::new(Words::new(10));
    let dies = memory.get("a", LIFE, |_| async { std::panic::panic_any("as a bug would") }).await;
    assert!(dies.is_err());
    assert_eq!(fetch(&memory, 1, "one").await.version, 1);
}

#[test]
fn a_cache_has_four_shards_for_every_core() {
    assert!(bounded::<u8, ()>(100_000).num_shards() >= 4 * cores());
    assert_eq!(bounded::<u8, ()>(10).num_shards(), 1);
}
