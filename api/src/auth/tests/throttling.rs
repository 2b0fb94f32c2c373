//! How many guesses there are, and for whom.

use super::{EMAIL, NOW, PASSWORD, World, said};
use crate::auth::second_factor::Shown;
use contract::clock::{DAY, MINUTE};
use entities::throttle;
use sea_orm::{ActiveValue::Set, EntityTrait, PaginatorTrait};

const WRONG: &str = "Invalid password";

impl World {
    async fn guess(&self, address: &str, email: &str, password: &str) -> String {
        said(self.log_in(address, email, password, Shown::default()).await)
    }
}

#[tokio::test]
async fn five_guesses_from_an_address_and_then_one_a_minute() {
    let world = World::new().await;
    for email in [EMAIL, "nobody@example.com", "no address\u{0}"] {
        for _ in 0..5 {
            assert_eq!(world.guess("192.0.2.1", email, "guess").await, WRONG);
        }
        assert_eq!(world.guess("192.0.2.1", email, "guess").await, "wait 60", "{email}");
    }
    // the right one would be no better, and what is refused is not counted
    assert_eq!(world.guess("192.0.2.1", EMAIL, PASSWORD).await, "wait 60");
    assert_eq!(world.guess("192.0.2.1", "ANN@example.com ", PASSWORD).await, "wait 60", "one account, however typed");
    assert_eq!(world.guess("192.0.2.2", EMAIL, PASSWORD).await, "ok", "from elsewhere");
    world.app.clock.advance(MINUTE);
    assert_eq!(world.guess("192.0.2.1", EMAIL, "guess").await, WRONG);
    assert_eq!(world.guess("192.0.2.1", EMAIL, PASSWORD).await, "wait 60");
    world.app.clock.advance(MINUTE);
    assert_eq!(world.guess("192.0.2.1", EMAIL, PASSWORD).await, "ok");
    for _ in 0..5 {
        assert_eq!(world.guess("192.0.2.1", EMAIL, "guess").await, WRONG, "success starts the count again");
    }
}

#[tokio::test]
async fn many_at_once_are_many() {
    let world = World::new().await;
    let guesses = (0..12).map(|_| world.guess("192.0.2.1", EMAIL, "guess"));
    let mut said = Vec::new();
    for one in guesses.collect::<Vec<_>>() {
        said.push(one);
    }
    let said = futures_join(said).await;
    assert_eq!(said.iter().filter(|said| *said == WRONG).count(), 5, "{said:?}");
}

/// Polls all of them in turn until each is done.
async fn futures_join<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in futures.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(context) {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn nobody_locks_the_owner_out() {
    // the owner signed up at 198.51.100.1
    let world = World::new().await;
    // thirty guesses from as many addresses use the account up
    for host in 0..30 {
        assert_eq!(world.guess(&format!("192.0.2.{host}"), EMAIL, "guess").await, WRONG);
    }
    assert_eq!(world.guess("192.0.2.200", EMAIL, "guess").await, "wait 60");
    assert_eq!(world.guess("203.0.113.5", EMAIL, PASSWORD).await, "wait 60", "an address that nobody knows");
    assert_eq!(world.guess("203.0.113.5", "nobody@example.com", "guess").await, WRONG, "another account");
    assert_eq!(world.guess("198.51.100.1", EMAIL, PASSWORD).await, "ok", "the owner's address");
    // trust ends
    world.app.clock.advance(91 * DAY);
    for host in 0..30 {
        assert_eq!(world.guess(&format!("192.0.2.{host}"), EMAIL, "guess").await, WRONG);
    }
    assert_eq!(world.guess("198.51.100.1", EMAIL, PASSWORD).await, "wait 60");
}

#[tokio::test]
async fn one_address_has_fifty_guesses_for_all_accounts() {
    let world = World::new().await;
    for at in 0..50 {
        assert_eq!(world.guess("2001:db8:1:2::1", &format!("user{at}@example.com"), "guess").await, WRONG);
    }
    assert_eq!(world.guess("2001:db8:1:2:3::4", EMAIL, PASSWORD).await, "wait 6", "the same /64");
    assert_eq!(world.guess("2001:db8:1:3::1", EMAIL, PASSWORD).await, "ok");
}

#[tokio::test]
async fn counters_that_say_nothing_are_swept() {
    let world = World::new().await;
    let old = (0..50_u8).map(|at| throttle::ActiveModel {
        name: Set(vec![at; 32]),
        full_at: Set(NOW - DAY),
        trusted_until: Set(0),
        forget_at: Set(if at < 40 { NOW - 1 } else { NOW }),
    });
    let kept = throttle::Entity::find().count(world.app.db.read()).await.unwrap();
    throttle::Entity::insert_many(old).exec_without_returning(world.app.db.write()).await.unwrap();
    crate::auth::throttle::sweep(&world.app, NOW).await.unwrap();
    assert_eq!(throttle::Entity::find().count(world.app.db.read()).await.unwrap(), kept + 10);
}
