//! The world that a test lives in: the product in one of its settings, as real processes on ports and in folders of its
//! own, and what it needs. A scenario is written once and run in each setting by [`in_both!`].

pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod dns;
pub(crate) mod firefox;
pub(crate) mod mailbox;
pub(crate) mod places;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod redis;
pub(crate) mod stand_in;
pub(crate) mod statements;
pub(crate) mod stream;
pub(crate) mod wait;
pub(crate) mod wire;

use browser::{Browser, Scripts, USER_AGENT};
use client::{Account, Client};
use dns::Dns;
use mailbox::Mailbox;
use postgres::Postgres;
use program::Program;
use redis::Redis;
use sea_orm::{Database, DatabaseConnection};
use stand_in::StandIn;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};
use tempfile::TempDir;

/// How the product is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// One process on SQLite, without Redis.
    Embedded,
    /// `api serve` and `redirector` on PostgreSQL and Redis.
    OneBox,
}

/// Services that a test may stop; what is `None` is shared or not there in this setting.
#[derive(Default)]
pub(crate) struct Own {
    /// The database.
    pub(crate) postgres: Option<Postgres>,
    /// The cache and the click streams.
    pub(crate) redis: Option<Redis>,
}

/// The product and what it needs.
pub(crate) struct World {
    /// How it is set up.
    pub(crate) setting: Setting,
    /// Services of this world alone.
    pub(crate) own: Own,
    /// Its programs: one in the embedded default, `api` and `redirector` in the other.
    programs: Vec<Program>,
    api: String,
    redirector: String,
    visitor: reqwest::Client,
    stand_in: StandIn,
    dns: Dns,
    mailbox: Mailbox,
    variables: BTreeMap<String, String>,
    folder: TempDir,
    /// Whether somebody signed up, and so asked for something.
    asked: AtomicBool,
}

impl World {
    /// Starts the product; `variables` come on top of what it needs to run.
    pub(crate) async fn start(setting: Setting, own: Own, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("stopover-world-").tempdir().unwrap();
        let (api, redirector) = (process::free_port(), process::free_port());
        let (dns, mailbox) = (Dns::start().await, Mailbox::start().await);
        let mut common = BTreeMap::new();
        let mut set = |name: &str, value: String| drop(common.insert(format!("STOPOVER_{name}"), value));
        set("API_LISTEN", format!("127.0.0.1:{api}"));
        set("REDIRECTOR_LISTEN", format!("127.0.0.1:{redirector}"));
        set("DEFAULT_DOMAIN", format!("localhost:{redirector}"));
        set("DATA_DIR", folder.path().join("data").display().to_string());
        set("NAME_SERVER", dns.address().to_string());
        let places = folder.path().join("places.mmdb");
        std::fs::write(&places, places::database()).unwrap();
        set("GEOIP_DATABASE", places.display().to_string());
        set("LOG", "info,sqlx=warn,statements=trace".to_owned());
        // tests ask as often as it takes
        set("RATE_LIMIT_KEY", "0".to_owned());
        set("RATE_LIMIT_TENANT", "0".to_owned());
        if setting == Setting::OneBox {
            let (database_url, redis_url) = services(&own).await;
            set("DATABASE_URL", database_url);
            set("REDIS_URL", redis_url);
            set("REDIS_PREFIX", format!("t{redirector}"));
            set("JWT_SECRET", "a secret for tests alone, of more than 32 bytes".to_owned());
        }
        for (name, value) in variables {
            set(name, (*value).to_owned());
            if *name == "MAIL_FROM" {
                set("SMTP_URL", mailbox.url());
            }
        }
        let authority = folder.path().join("authority.pem");
        std::fs::write(&authority, stand_in::authority()).unwrap();
        common.insert("SSL_CERT_FILE".to_owned(), authority.display().to_string());
        let health = [format!("http://127.0.0.1:{api}/health"), format!("http://127.0.0.1:{redirector}/_health")];
        let mut world = Self {
            setting,
            own,
            programs: programs(setting, &common, folder.path(), health),
            api: format!("http://127.0.0.1:{api}/graphql"),
            redirector: format!("http://localhost:{redirector}"),
            visitor: visitor(),
            stand_in: StandIn::start().await,
            dns,
            mailbox,
            variables: common,
            folder,
            asked: AtomicBool::new(false),
        };
        for program in &mut world.programs {
            program.start().await;
        }
        world
    }

    /// The program that answers GraphQL.
    pub(crate) fn api(&mut self) -> &mut Program {
        &mut self.programs[0]
    }

    /// The program that answers visits; in the embedded default the same one.
    pub(crate) fn redirector(&mut self) -> &mut Program {
        self.programs.last_mut().unwrap()
    }

    /// A second process beside the API that runs the background loops; not started yet.
    pub(crate) fn worker(&self) -> Program {
        assert_eq!(self.setting, Setting::OneBox, "the embedded default is one process");
        Program::new("api", &["work"], self.variables.clone(), self.folder.path(), Vec::new())
    }

    /// The address of the product's database.
    pub(crate) fn database_url(&self) -> String {
        let program = &self.programs[0];
        let file = || format!("sqlite://{}/stopover.db", program.variable("DATA_DIR").unwrap());
        program.variable("DATABASE_URL").map_or_else(file, str::to_owned)
    }

    /// Runs a command of the program `api` on the product's database to its end.
    pub(crate) fn tool(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = program::command("api");
        command.args(arguments).env("STOPOVER_DATABASE_URL", self.database_url()).env("STOPOVER_LOG", "error");
        command.env("STOPOVER_REDIS_URL", "redis://127.0.0.1:1").env("STOPOVER_JWT_SECRET", self.secret());
        command.output().unwrap()
    }

    /// A client that may ask for the schema, in either setting.
    pub(crate) async fn schema_reader(&self) -> Client {
        let account = self.sign_up().await;
        let input = serde_json::json!({ "name": "schema", "scopes": ["SCHEMA_READ"], "tenantIds": [account.tenant] });
        let made = account.client.done("createApiKey", input, "secret").await;
        account.client.with_token(client::text(&made["secret"]))
    }

    /// Another `api serve` beside the first, and its door; not of the embedded default.
    pub(crate) async fn another_api(&self) -> (Program, Client) {
        let address = format!("127.0.0.1:{}", process::free_port());
        let mut variables = self.variables.clone();
        variables.insert("STOPOVER_API_LISTEN".to_owned(), address.clone());
        let health = vec![format!("http://{address}/health")];
        let folder = self.folder.path().join("another");
        std::fs::create_dir(&folder).unwrap();
        let mut program = Program::new("api", &["serve"], variables, &folder, health);
        program.start().await;
        (program, Client::new(format!("http://{address}/graphql")))
    }

    /// Where GraphQL is answered.
    pub(crate) fn endpoint(&self) -> &str {
        &self.api
    }

    /// A client that nobody has logged in.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.api.clone())
    }

    /// Makes an account with a tenant.
    pub(crate) async fn sign_up(&self) -> Account {
        self.asked.store(true, Ordering::Relaxed);
        self.client().sign_up("Acme").await
    }

    /// A visit by a person's plain HTTP client that follows no redirect.
    pub(crate) fn visit(&self, path: &str) -> reqwest::RequestBuilder {
        self.request(reqwest::Method::GET, path)
    }

    /// A visit by whoever says this of themselves.
    pub(crate) fn visit_as(&self, path: &str, user_agent: &str) -> reqwest::RequestBuilder {
        self.visitor.get(format!("{}/{path}", self.redirector)).header("user-agent", user_agent)
    }

    /// Any request of a person to the redirector.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.visitor.request(method, format!("{}/{path}", self.redirector)).header("user-agent", USER_AGENT)
    }

    /// `localhost` with the redirector's port.
    pub(crate) fn domain(&self) -> &str {
        self.redirector.trim_start_matches("http://")
    }

    /// The internet.
    pub(crate) fn stand_in(&self) -> &StandIn {
        &self.stand_in
    }

    /// A connection to the database, for looking at what is kept and for letting time pass.
    pub(crate) async fn database(&self) -> DatabaseConnection {
        let url = match self.setting {
            Setting::Embedded => format!("sqlite://{}", self.folder.path().join("data/stopover.db").display()),
            Setting::OneBox => postgres::as_superuser(&self.variables["STOPOVER_DATABASE_URL"]),
        };
        Database::connect(url).await.unwrap()
    }

    /// What the product derives its keys from.
    pub(crate) fn secret(&self) -> String {
        self.variables.get("STOPOVER_JWT_SECRET").cloned().unwrap_or_else(|| {
            std::fs::read_to_string(self.folder.path().join("data/jwt-secret")).unwrap().trim().to_owned()
        })
    }

    /// What every name in Redis starts with.
    pub(crate) fn redis_prefix(&self) -> &str {
        &self.variables["STOPOVER_REDIS_PREFIX"]
    }

    /// The DNS, as the product sees it.
    pub(crate) fn dns(&self) -> &Dns {
        &self.dns
    }

    /// The mail server, which a world has that sets `MAIL_FROM`.
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// A browser.
    pub(crate) async fn browser(&self) -> Browser {
        Browser::start(&self.stand_in, Scripts::Run).await
    }

    /// A browser that runs no scripts.
    pub(crate) async fn browser_without_scripts(&self) -> Browser {
        Browser::start(&self.stand_in, Scripts::Off).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for program in &self.programs {
                eprintln!("{}", program.log());
            }
            return;
        }
        // whatever a test does with SQLite: PostgreSQL's statements are the same but for a few, and it guards itself
        if self.setting == Setting::Embedded {
            let log = self.programs[0].whole_log();
            let said = statements::in_log(&log);
            assert!(!said.is_empty() || !self.asked.load(Ordering::Relaxed), "the log has no statement of a caller's");
            let unbounded: Vec<_> = said.into_iter().filter(|sql| !statements::unbounded(sql).is_empty()).collect();
            assert!(unbounded.is_empty(), "in a caller's name, of no tenant: {unbounded:#?}");
        }
    }
}

fn programs(
    setting: Setting,
    common: &BTreeMap<String, String>,
    folder: &Path,
    [api, redirector]: [String; 2],
) -> Vec<Program> {
    let variables = || common.clone();
    match setting {
        Setting::Embedded => vec![Program::new("stopover", &[], variables(), folder, vec![api, redirector])],
        Setting::OneBox => vec![
            Program::new("api", &["serve"], variables(), folder, vec![api]),
            Program::new("redirector", &[], variables(), folder, vec![redirector]),
        ],
    }
}

async fn services(own: &Own) -> (String, String) {
    let database_url = match &own.postgres {
        Some(postgres) => postgres.database().await,
        None => Postgres::shared().await.database().await,
    };
    let redis_url = match &own.redis {
        Some(redis) => redis.url(),
        None => Redis::shared().await.url(),
    };
    (database_url, redis_url)
}

fn visitor() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// Runs a scenario in a fresh world of a setting.
pub(crate) fn run(setting: Setting, variables: &[(&str, &str)], scenario: impl AsyncFnOnce(&mut World)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut world = World::start(setting, Own::default(), variables).await;
        scenario(&mut world).await;
    });
}

/// Makes two tests of each scenario, one in each setting; `variables => ...` come on top of what the product needs.
macro_rules! in_both {
    ($variables:expr => $($scenario:ident),+ $(,)?) => { $(
        mod $scenario {
            use $crate::world::{Setting, run};

            #[test]
            fn embedded() {
                run(Setting::Embedded, $variables, super::$scenario);
            }

            #[test]
            fn one_box() {
                run(Setting::OneBox, $variables, super::$scenario);
            }
        }
    )+ };
    ($($scenario:ident),+ $(,)?) => { $crate::world::in_both!(&[] => $($scenario),+); };
}
pub(crate) use in_both;
