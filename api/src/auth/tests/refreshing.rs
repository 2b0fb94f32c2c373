//! Refresh tokens used once, twice in a moment, and twice.

use super::{NOW, World, from, said};
use crate::{
    auth::{
        self, Client,
        session::{SESSION_LIFE, SHARED, Session},
    },
    error::Error,
};
use entities::session;
use sea_orm::EntityTrait;

async fn refresh(world: &World, token: &str) -> Result<Session, Error> {
    auth::refresh(&world.app, token, &from("203.0.113.9")).await
}

#[tokio::test]
async fn two_tabs_get_one_successor_for_ten_seconds() {
    let world = World::new().await;
    let first = &world.account.session.refresh_token;
    let one = refresh(&world, first).await.unwrap();
    world.app.clock.advance(SHARED - 1);
    let two = refresh(&world, first).await.unwrap();
    assert_eq!(one.refresh_token, two.refresh_token);
    assert_ne!(one.access_token, two.access_token);
    for session in [&one, &two] {
        assert_eq!(said(auth::authenticate(&world.app, &session.access_token).await), "ok");
    }
    // and the successor goes on
    let third = refresh(&world, &one.refresh_token).await.unwrap();
    assert_ne!(third.refresh_token, one.refresh_token);
    assert_eq!(refresh(&world, &one.refresh_token).await.unwrap().refresh_token, third.refresh_token);
}

#[tokio::test]
async fn a_token_that_comes_back_late_ends_its_family() {
    let world = World::new().await;
    let first = &world.account.session.refresh_token;
    let one = refresh(&world, first).await.unwrap();
    world.app.clock.advance(SHARED);
    assert_eq!(said(refresh(&world, first).await), "Invalid refreshToken");
    assert_eq!(said(refresh(&world, &one.refresh_token).await), "Invalid refreshToken");
    assert_eq!(said(auth::authenticate(&world.app, &one.access_token).await), "log in first");
}

#[tokio::test]
async fn a_token_whose_successor_was_used_ends_its_family_at_once() {
    let world = World::new().await;
    let first = &world.account.session.refresh_token;
    let one = refresh(&world, first).await.unwrap();
    let two = refresh(&world, &one.refresh_token).await.unwrap();
    assert_eq!(said(refresh(&world, first).await), "Invalid refreshToken");
    assert_eq!(said(refresh(&world, &two.refresh_token).await), "Invalid refreshToken");
}

#[tokio::test]
async fn a_session_notes_who_uses_it_and_ends_by_itself() {
    let world = World::new().await;
    world.app.clock.advance(5_000);
    let one = refresh(&world, &world.account.session.refresh_token).await.unwrap();
    let row = session::Entity::find().one(world.app.db.read()).await.unwrap().unwrap();
    assert_eq!((row.created_at, row.last_used_at), (NOW, Some(NOW + 5_000)));
    assert_eq!((row.ip_address.as_deref(), row.user_agent.as_deref()), (Some("203.0.113.0/24"), Some("test")));
    world.app.clock.advance(SESSION_LIFE - 5_001);
    let last = auth::refresh(&world.app, &one.refresh_token, &Client::default()).await.unwrap();
    assert_eq!(last.expires_at, NOW + SESSION_LIFE, "an access token ends with its session");
    world.app.clock.advance(1);
    assert_eq!(said(refresh(&world, &last.refresh_token).await), "Invalid refreshToken");
    assert_eq!(said(auth::authenticate(&world.app, &last.access_token).await), "log in first");
}
