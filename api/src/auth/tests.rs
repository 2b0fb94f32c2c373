//! Accounts by a clock that tests move, on a SQLite file with the real migrations.

mod refreshing;
mod second_factors;
mod throttling;

use super::{Client, Credentials, LoggedIn, SignUp, SignedUp, second_factor::Shown};
use crate::{
    app::App,
    config::Config,
    db::Db,
    error::{Code, Error},
    invalidation::Publisher,
    scope::Caller,
};
use contract::{clock::Clock, settings::Settings};
use tempfile::TempDir;

const NOW: i64 = 1_700_000_000_000;
const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse battery";

/// The parts of the API with a database of their own, and one account, whose first tenant is `Acme`.
pub(crate) struct World {
    _folder: TempDir,
    pub(crate) app: App,
    pub(crate) account: SignedUp,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let variables = [("DATABASE_URL", url.as_str()), ("JWT_SECRET", "0123456789abcdef0123456789abcdef")];
        let variables = variables.map(|(name, value)| (format!("STOPOVER_{name}"), value.to_owned()));
        let config = Config::from_settings(&mut Settings::new(variables), true);
        let db = Db::connect(&config.database_url, 4).await.unwrap();
        migration::up(db.pool()).await.unwrap();
        let (sender, _) = tokio::sync::broadcast::channel(1);
        let app = App::new(&config, db, Clock::fixed(NOW), Publisher::Local(sender));
        let (email, password) = (EMAIL.to_owned(), PASSWORD.to_owned());
        let input = SignUp { email, password, tenant_name: Some("Acme".to_owned()), invitation: None };
        let account = super::sign_up(&app, input, &from("198.51.100.1")).await.unwrap();
        Self { _folder: folder, app, account }
    }

    async fn log_in(&self, address: &str, email: &str, password: &str, shown: Shown) -> Result<LoggedIn, Error> {
        let credentials = Credentials { email: email.to_owned(), password: password.to_owned(), shown };
        super::log_in(&self.app, credentials, &from(address)).await
    }

    async fn caller(&self) -> Caller {
        super::authenticate(&self.app, &self.account.session.access_token).await.unwrap()
    }
}

fn from(address: &str) -> Client {
    Client::new(address.parse().ok(), Some("test"))
}

/// What an operation said: `Ok`, the code of its first mistake, or the seconds to wait.
fn said<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(Error::Mistakes(mistakes)) => format!("{:?} {}", mistakes[0].code, mistakes[0].field.join(".")),
        Err(Error::RateLimited { retry_after }) => format!("wait {retry_after}"),
        Err(other) => other.to_string(),
    }
}

#[tokio::test]
async fn a_hundred_and_first_session_ends_the_one_that_rested_longest() {
    let world = World::new().await;
    let first = world.caller().await;
    world.app.clock.advance(1_000);
    let again = super::refresh(&world.app, &world.account.session.refresh_token, &Client::default()).await;
    let mut made = Vec::new();
    for _ in 0..100 {
        world.app.clock.advance(1_000);
        // the counters of log-ins are not what this is about, but they are there
        made.push(world.log_in("198.51.100.1", EMAIL, PASSWORD, Shown::default()).await.unwrap().session);
    }
    let open = super::open_sessions::list(&world.app, first).await.unwrap();
    assert_eq!(open.len(), 100);
    assert!(open.iter().all(|row| row.id != first.session_id().unwrap()));
    assert_eq!(
        said(super::refresh(&world.app, &again.unwrap().refresh_token, &Client::default()).await),
        "Invalid refreshToken"
    );
    assert_eq!(said(super::authenticate(&world.app, &made[0].access_token).await), "ok");
    let caller = super::authenticate(&world.app, &made[99].access_token).await.unwrap();
    assert_eq!(open[0].id, caller.session_id().unwrap());
    assert_eq!(super::open_sessions::revoke_others(&world.app, caller).await.unwrap(), 99);
    assert_eq!(super::open_sessions::revoke_others(&world.app, caller).await.unwrap(), 0);
    assert_eq!(said(super::authenticate(&world.app, &made[98].access_token).await), "log in first");
    let nobodys = super::open_sessions::revoke(&world.app, caller, Some(uuid::Uuid::now_v7())).await;
    assert!(matches!(nobodys, Err(Error::Mistakes(mistakes)) if mistakes[0].code == Code::NotFound));
}
