//! Keys on a SQLite file with the real migrations: found, rotated, forgotten, and what a stranger's tokens cost.

use super::*;
use sea_orm::{ConnectionTrait, PaginatorTrait, QueryOrder};
use secrecy::SecretString;
use tempfile::TempDir;

const NOW: i64 = 1_700_000_000_000;
const ROTATION: i64 = 30 * DAY;

struct World {
    _folder: TempDir,
    db: Db,
    secrets: Secrets,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let db = Db::connect(&url.into(), 4).await.unwrap();
        migration::up(db.pool()).await.unwrap();
        let secrets = Secrets::new(&SecretString::from("0123456789abcdef0123456789abcdef".to_owned()));
        Self { _folder: folder, db, secrets }
    }

    async fn signing(&self, keys: &Keys, now: i64) -> Uuid {
        keys.signing(&self.db, &self.secrets, now).await.unwrap().kid
    }

    async fn verifies(&self, keys: &Keys, kid: Uuid, now: i64) -> bool {
        keys.verifying(&self.db, &self.secrets, kid, now).await.unwrap().is_some()
    }

    async fn rows(&self) -> Vec<Model> {
        Entity::find().order_by_asc(Column::SignsFrom).all(self.db.read()).await.unwrap()
    }
}

#[tokio::test]
async fn keys_rotate_by_age_and_old_ones_verify_until_their_tokens_have_ended() {
    let world = World::new().await;
    let (one, other) = (Keys::new(ROTATION), Keys::new(ROTATION));
    let first = world.signing(&one, NOW).await;
    assert!(world.verifies(&other, first, NOW).await, "another process reads it");
    assert_eq!(world.signing(&other, NOW + DAY).await, first);
    // an hour before the end both find that the time has come, and make one key
    let late = NOW + ROTATION - DAY / 24;
    assert_eq!(tokio::join!(world.signing(&one, late), world.signing(&other, late)), (first, first));
    assert_eq!(Entity::find().count(world.db.read()).await.unwrap(), 2);
    let second = world.signing(&one, NOW + ROTATION).await;
    assert_ne!(second, first);
    let ended = NOW + ROTATION + crate::auth::token::ACCESS_LIFE;
    assert!(world.verifies(&one, first, ended).await && world.verifies(&other, second, ended).await);
    assert!(!world.verifies(&one, first, ended + 10 * SECOND).await);
    // rows that verify nothing are gone with the next key
    world.signing(&one, NOW + 2 * ROTATION).await;
    assert!(world.rows().await.iter().all(|row| row.kid != first));
    assert!(world.rows().await.iter().all(|row| row.salt.len() == 32));
}

#[tokio::test]
async fn an_operators_key_is_announced_and_then_signs_everywhere() {
    let world = World::new().await;
    let (one, other) = (Keys::new(ROTATION), Keys::new(ROTATION));
    let first = world.signing(&one, NOW).await;
    assert_eq!(world.signing(&other, NOW).await, first);
    let second = rotate(&world.db, NOW, ROTATION).await.unwrap();
    assert_eq!(world.signing(&one, NOW + 59 * SECOND).await, first);
    assert_eq!(world.signing(&one, NOW + 60 * SECOND).await, second);
    // the other has read it before the first token comes
    assert!(world.verifies(&other, first, NOW + 59 * SECOND).await);
    assert!(other.current().find(second).is_some());
    let rows = world.rows().await;
    assert_eq!((rows[0].signs_until, rows[1].signs_from), (NOW + 60 * SECOND, NOW + 60 * SECOND));
}

#[tokio::test]
async fn tokens_of_unknown_keys_read_the_rows_once_a_second() {
    let world = World::new().await;
    let keys = Keys::new(ROTATION);
    let first = world.signing(&keys, NOW).await;
    // without the table every look into SQL fails
    world.db.write().execute_unprepared("ALTER TABLE signing_keys RENAME TO away").await.unwrap();
    for at in 0..1_000 {
        assert!(!world.verifies(&keys, Uuid::from_u128(at), NOW + 999).await, "no SQL was asked");
    }
    let asked = keys.verifying(&world.db, &world.secrets, Uuid::from_u128(1), NOW + 1_000).await;
    assert!(asked.is_err(), "SQL was asked");
    assert!(world.verifies(&keys, first, NOW + 20 * SECOND).await, "who is known passes meanwhile");
    world.db.write().execute_unprepared("ALTER TABLE away RENAME TO signing_keys").await.unwrap();
    assert!(world.verifies(&keys, first, NOW + 60 * SECOND).await);
}
