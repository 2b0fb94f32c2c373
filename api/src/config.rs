//! Settings of the API, from variables with the prefix `STOPOVER_`. The only file that reads the environment.

use crate::{
    domains::Schedule,
    mails::{Post, Relay},
    origins::Origins,
    rate_limits::{Rate, Rates},
    usage::Quotas,
    webhooks,
};
use contract::{
    address::Host,
    clock::{DAY, SECOND},
    destination::Reach,
    proxies::TrustedProxies,
    settings::{BadSettings, Settings},
};
use lettre::message::Mailbox;
use secrecy::SecretString;
use std::{net::SocketAddr, num::NonZeroU32};

/// Fewest bytes of a secret that signs tokens (RFC 7518 section 3.2).
pub const MIN_SECRET: usize = 32;

/// Settings of the API.
#[derive(Debug, Clone)]
pub struct Config {
    /// `API_LISTEN`, 127.0.0.1:8080.
    pub listen: SocketAddr,
    /// `DATABASE_URL`; the embedded default puts a SQLite file into its data folder.
    pub database_url: SecretString,
    /// `DATABASE_CONNECTIONS`, 16: the most at a time; at most 8 read a SQLite file.
    pub database_connections: u32,
    /// `REDIS_URL`; absent in the embedded default.
    pub redis_url: Option<SecretString>,
    /// `REDIS_PREFIX`, stopover: what every name in Redis starts with.
    pub redis_prefix: String,
    /// `JWT_SECRET`: what keys for access tokens and second factors are derived from, at least 32 bytes.
    pub jwt_secret: SecretString,
    /// `KEY_ROTATION_DAYS`, 30: how long a key signs access tokens, in milliseconds.
    pub key_rotation: i64,
    /// `TRUSTED_PROXIES`, none: addresses and networks whose `X-Forwarded-For` counts.
    pub trusted_proxies: TrustedProxies,
    /// `ALLOWED_ORIGINS`, none: origins whose pages may open a WebSocket, besides the API's own.
    pub allowed_origins: Origins,
    /// `DEFAULT_DOMAIN`: the shared domain that links live on; localhost with the port of `REDIRECTOR_LISTEN`, 8081, when it is
    /// absent.
    pub default_domain: Host,
    /// `NAME_SERVER`: who is asked for the records that prove domains; those of the system when it is absent.
    pub name_server: Option<SocketAddr>,
    /// `DOMAIN_RECHECK_SECONDS`, 6 hours, and `DOMAIN_GRACE_SECONDS`, 3 days: when domains are looked at, and how long one
    /// goes on serving without its record.
    pub domain_schedule: Schedule,
    /// `WEBHOOK_RETRY_SECONDS`: the pauses between the attempts of a delivery.
    pub webhook_schedule: webhooks::schedule::Schedule,
    /// `WEBHOOK_HEALTH_SECONDS`, 5 minutes: how often pixels are looked at for `pixel.unhealthy`, in milliseconds.
    pub webhook_health: i64,
    /// `HTTPS`, false: whether short addresses start with https.
    pub https: bool,
    /// `REDIRECTOR_URL`: where a redirector answers, for previews; by default at `REDIRECTOR_LISTEN` on this machine.
    pub redirector_url: String,
    /// `ALLOW_LOCAL_TARGETS`, false: lets destinations and image pixels name IP addresses and local hosts.
    pub reach: Reach,
    /// `SMTP_URL` and `MAIL_FROM`, none: how mails are sent, and from which address.
    pub post: Option<Post>,
    /// `OPEN_SIGN_UP`, true: whether anybody may sign up; else only the first account of all, and who is invited.
    pub open_sign_up: bool,
    /// `PUBLIC_URL`, none: the front end's address, without a slash at the end; links in mails lead there.
    pub public_url: Option<String>,
    /// `RATE_LIMIT_KEY`, 600, and `RATE_LIMIT_TENANT`, 3,000: requests a minute of one API key or log-in, and of one tenant; 0
    /// for no limit.
    pub rates: Rates,
    /// `QUOTA_LINKS` and `QUOTA_LINKS_PER_MONTH`, none: most links of a tenant, and most that it makes in a month of UTC.
    pub quotas: Quotas,
    /// `INTROSPECTION`: whether the schema can be asked for and the IDE is served; true in the embedded default only.
    pub introspection: bool,
    /// `LOG`, info: what is logged, as a filter of `tracing`.
    pub log: String,
}

impl Config {
    /// Reads the settings; `embedded` is the one process without Redis.
    pub fn from_settings(settings: &mut Settings, embedded: bool) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 8080));
        let local = "must be true or false";
        let domain = "must be a host name with an optional port, such as go.example.com";
        if let Some(secret) = settings.text("JWT_SECRET")
            && secret.len() < MIN_SECRET
        {
            settings.reject("JWT_SECRET", "must have at least 32 bytes, such as `openssl rand -base64 48` prints");
        }
        settings.set_default("DEFAULT_DOMAIN", format!("localhost:{}", redirector_port(settings)));
        Self {
            listen: settings.or("API_LISTEN", listen, "must be an address and a port, such as 127.0.0.1:8080"),
            database_url: database_url(settings),
            database_connections: settings.or("DATABASE_CONNECTIONS", 16, "must be a number from 1 to 1000"),
            redis_url: redis_url(settings, embedded),
            redis_prefix: settings.text("REDIS_PREFIX").unwrap_or("stopover").to_owned(),
            jwt_secret: settings.required("JWT_SECRET", String::new(), "a secret of at least 32 bytes").into(),
            key_rotation: key_rotation(settings),
            trusted_proxies: settings.or(
                "TRUSTED_PROXIES",
                TrustedProxies::default(),
                "must be IP addresses or networks such as 10.0.0.0/8, separated by commas",
            ),
            allowed_origins: settings.or(
                "ALLOWED_ORIGINS",
                Origins::default(),
                "must be origins such as https://app.example.com, separated by commas",
            ),
            default_domain: settings.optional("DEFAULT_DOMAIN", domain).unwrap_or_default(),
            name_server: settings.optional("NAME_SERVER", "must be an address and a port, such as 9.9.9.9:53"),
            domain_schedule: domain_schedule(settings),
            webhook_schedule: settings.or("WEBHOOK_RETRY_SECONDS", Default::default(), RETRIES),
            webhook_health: webhook_health(settings),
            https: settings.or("HTTPS", false, local),
            redirector_url: redirector_url(settings),
            reach: if settings.or("ALLOW_LOCAL_TARGETS", false, local) { Reach::Local } else { Reach::Public },
            post: post(settings),
            open_sign_up: settings.or("OPEN_SIGN_UP", true, local),
            public_url: public_url(settings),
            rates: rates(settings),
            quotas: quotas(settings),
            introspection: settings.or("INTROSPECTION", embedded, local),
            log: settings.text("LOG").unwrap_or("info").to_owned(),
        }
    }

    /// Reads the settings of the program `api` from variables.
    ///
    /// # Errors
    /// Every variable that cannot be used.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, BadSettings> {
        let mut settings = Settings::new(variables);
        let config = Self::from_settings(&mut settings, false);
        settings.finish().map(|()| config)
    }

    /// The variables of this process.
    pub fn environment() -> impl Iterator<Item = (String, String)> {
        // a name or value that is not UTF-8 is none of ours
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
    }
}

fn database_url(settings: &mut Settings) -> SecretString {
    let url = settings.required("DATABASE_URL", String::new(), "postgres://user:password@host/name or sqlite://file");
    if !url.is_empty() && !["postgres://", "postgresql://", "sqlite:"].iter().any(|scheme| url.starts_with(scheme)) {
        settings.reject("DATABASE_URL", "must start with postgres:// or sqlite://");
    }
    url.into()
}

fn domain_schedule(settings: &mut Settings) -> Schedule {
    let recheck = settings.optional::<NonZeroU32>("DOMAIN_RECHECK_SECONDS", "must be a number of seconds from 1 on");
    let grace = settings.optional("DOMAIN_GRACE_SECONDS", "must be a number of seconds from 0 on");
    Schedule::new(recheck.map_or(6 * 60 * 60, NonZeroU32::get), grace.unwrap_or(3 * 24 * 60 * 60))
}

const RETRIES: &str = "must be 1 to 50 numbers of seconds, separated by commas";

fn webhook_health(settings: &mut Settings) -> i64 {
    let seconds = settings.optional::<NonZeroU32>("WEBHOOK_HEALTH_SECONDS", "must be a number of seconds from 1 on");
    i64::from(seconds.map_or(300, NonZeroU32::get)) * SECOND
}

fn key_rotation(settings: &mut Settings) -> i64 {
    const RULE: &str = "must be a number of days from 1 to 3650";
    let days = settings.or("KEY_ROTATION_DAYS", 30, RULE);
    if !(1..=3_650).contains(&days) {
        settings.reject("KEY_ROTATION_DAYS", RULE);
        return 30 * DAY;
    }
    days * DAY
}

/// Mails need all three: a server, an address of ours, and where their links lead to.
fn post(settings: &mut Settings) -> Option<Post> {
    const SERVER: &str =
        "must be smtps://user:password@host, or smtp://host with ?tls=required where there is a password";
    const FROM: &str = "must be an e-mail address, such as Stopover <no-reply@example.com>";
    settings.text("SMTP_URL").or_else(|| settings.text("MAIL_FROM"))?;
    for (name, rule) in [("SMTP_URL", SERVER), ("MAIL_FROM", FROM), ("PUBLIC_URL", PUBLIC_URL)] {
        if settings.text(name).is_none() {
            settings.reject(name, &format!("is missing, and mails need it: {rule}"));
        }
    }
    let relay = settings.optional::<Relay>("SMTP_URL", SERVER);
    let from = settings.optional::<Mailbox>("MAIL_FROM", FROM);
    relay.zip(from).map(|(relay, from)| Post::new(relay, from))
}

const PUBLIC_URL: &str = "must be the address of the front end, such as https://app.example.com";

fn public_url(settings: &mut Settings) -> Option<String> {
    let url = settings.optional::<url::Url>("PUBLIC_URL", PUBLIC_URL)?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
        settings.reject("PUBLIC_URL", PUBLIC_URL);
    }
    Some(url.as_str().trim_end_matches('/').to_owned())
}

fn rates(settings: &mut Settings) -> Rates {
    const RULE: &str = "must be a number of requests a minute, 0 for no limit";
    let (key, tenant) = (settings.optional("RATE_LIMIT_KEY", RULE), settings.optional("RATE_LIMIT_TENANT", RULE));
    let default = Rates::default();
    Rates {
        credential: key.map_or(default.credential, Rate::per_minute),
        tenant: tenant.map_or(default.tenant, Rate::per_minute),
    }
}

fn quotas(settings: &mut Settings) -> Quotas {
    const RULE: &str = "must be a number of links";
    let (links, links_per_month) =
        (settings.optional("QUOTA_LINKS", RULE), settings.optional("QUOTA_LINKS_PER_MONTH", RULE));
    Quotas { links, links_per_month }
}

/// Where a redirector on this machine listens.
fn redirector_listens(settings: &Settings) -> &str {
    settings.text("REDIRECTOR_LISTEN").unwrap_or("127.0.0.1:8081")
}

/// The port of it; what is no address is reported by the redirector.
fn redirector_port(settings: &Settings) -> u16 {
    let port = redirector_listens(settings).rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    port.filter(|port| *port != 0).unwrap_or(8081)
}

fn redirector_url(settings: &mut Settings) -> String {
    let listens = redirector_listens(settings);
    let here = listens.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
    let url = settings.text("REDIRECTOR_URL").map_or_else(|| format!("http://{here}"), str::to_owned);
    if !url.starts_with("http://") {
        settings.reject("REDIRECTOR_URL", "must start with http://: it is asked inside your network");
    }
    url.trim_end_matches('/').to_owned()
}

fn redis_url(settings: &mut Settings, embedded: bool) -> Option<SecretString> {
    if embedded {
        return None;
    }
    let url = settings.required("REDIS_URL", String::new(), "redis://host:port");
    if !url.is_empty() && !url.starts_with("redis://") {
        settings.reject("REDIS_URL", "must start with redis://");
    }
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (format!("STOPOVER_{name}"), (*value).to_owned())).collect()
    }

    #[test]
    fn the_default_domain_has_the_port_that_the_redirector_listens_on() {
        let domain = |pairs: &[(&str, &str)]| {
            let config = Config::from_settings(&mut Settings::new(variables(pairs)), true);
            config.default_domain.as_str().to_owned()
        };
        assert_eq!(domain(&[]), "localhost:8081");
        assert_eq!(domain(&[("REDIRECTOR_LISTEN", "0.0.0.0:9090")]), "localhost:9090");
        assert_eq!(domain(&[("REDIRECTOR_LISTEN", "[::1]:80")]), "localhost");
        assert_eq!(domain(&[("REDIRECTOR_LISTEN", "127.0.0.1:0")]), "localhost:8081");
        assert_eq!(domain(&[("REDIRECTOR_LISTEN", ":::9090"), ("DEFAULT_DOMAIN", "go.example.com")]), "go.example.com");
    }

    #[test]
    fn a_good_set_is_read_and_a_bad_one_is_reported_whole() {
        let secret = "0123456789abcdef0123456789abcdef";
        let good = [("DATABASE_URL", "postgres://a@b/c"), ("REDIS_URL", "redis://r"), ("JWT_SECRET", secret)];
        let config = Config::read(variables(&good)).unwrap();
        assert_eq!(config.default_domain.as_str(), "localhost:8081");
        assert!(!format!("{config:?}").contains(secret) && config.open_sign_up);
        assert_eq!((config.name_server, config.domain_schedule), (None, Schedule::default()));
        assert_eq!((config.key_rotation, config.trusted_proxies), (30 * DAY, TrustedProxies::default()));
        let bad =
            [("KEY_ROTATION_DAYS", "0"), ("TRUSTED_PROXIES", "10.0.0.0/33"), ("ALLOWED_ORIGINS", "a.example.com")];
        assert_eq!(Config::read(variables(&[&good[..], &bad].concat())).unwrap_err().0.len(), 3);
        assert!(config.post.is_none() && config.public_url.is_none());
        let mails = [("SMTP_URL", "smtp://u:hunter2@h"), ("MAIL_FROM", "nobody"), ("PUBLIC_URL", "ftp://x")];
        assert_eq!(Config::read(variables(&[&good[..], &mails].concat())).unwrap_err().0.len(), 3);
        let half = Config::read(variables(&[&good[..], &[("MAIL_FROM", "a@example.com")]].concat())).unwrap_err();
        assert_eq!(
            half.0.iter().map(|bad| &*bad.name).collect::<Vec<_>>(),
            ["STOPOVER_SMTP_URL", "STOPOVER_PUBLIC_URL"]
        );
        let mails = [
            ("SMTP_URL", "smtps://u:hunter2@h"),
            ("MAIL_FROM", "Stopover <a@example.com>"),
            ("PUBLIC_URL", "https://app.example.com/x/"),
        ];
        let config = Config::read(variables(&[&good[..], &mails].concat())).unwrap();
        assert_eq!(config.public_url.as_deref(), Some("https://app.example.com/x"));
        assert!(config.post.is_some() && !format!("{config:?}").contains("hunter2"));
        let bad = [("NAME_SERVER", "9.9.9.9"), ("DOMAIN_RECHECK_SECONDS", "0"), ("DOMAIN_GRACE_SECONDS", "-1")];
        assert_eq!(Config::read(variables(&[&good[..], &bad].concat())).unwrap_err().0.len(), 3);
        assert_eq!((config.rates, config.quotas), (Rates::default(), Quotas::default()));
        let limits = [("RATE_LIMIT_KEY", "0"), ("RATE_LIMIT_TENANT", "7"), ("QUOTA_LINKS", "5")];
        let config = Config::read(variables(&[&good[..], &limits].concat())).unwrap();
        assert_eq!(config.rates, Rates { credential: Rate::per_minute(0), tenant: Rate::per_minute(7) });
        assert_eq!(config.quotas, Quotas { links: Some(5), links_per_month: None });
        let bad = [("RATE_LIMIT_KEY", "-1"), ("RATE_LIMIT_TENANT", "x"), ("QUOTA_LINKS_PER_MONTH", "1.5")];
        assert_eq!(Config::read(variables(&[&good[..], &bad].concat())).unwrap_err().0.len(), 3);
        let bad = [("API_LISTEN", "x"), ("JWT_SECRET", "short"), ("DEFAULT_DOMAIN", "a b"), ("REDIS_URL", "http://r")];
        let names = Config::read(variables(&bad)).unwrap_err().0.into_iter().map(|bad| bad.name).collect::<Vec<_>>();
        let expected = ["JWT_SECRET", "API_LISTEN", "DATABASE_URL", "REDIS_URL", "DEFAULT_DOMAIN"];
        assert_eq!(names, expected.map(|name| format!("STOPOVER_{name}")));
    }
}
