//! The redirector's settings, out of variables. The only file that reads the environment, in one function that only a
//! program's `main` calls; tests hand in a map. Every bad variable is reported at once, and none is printed.

use crate::visitor::TrustedProxies;
use contract::{
    destination::Reach,
    settings::{BadSettings, Settings},
};
use secrecy::SecretString;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tracing_subscriber::EnvFilter;

/// Least size of the click log's cap.
const LEAST_CAP: u64 = 64 * 1024;

/// What the redirector is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// `STOPOVER_REDIRECTOR_LISTEN`, default `127.0.0.1:8081`: the address and port that visits come to; port 0 lets
    /// the system choose.
    pub listen: String,
    /// `STOPOVER_DATABASE_URL`, required: `postgres://...`, or `sqlite:...` in the embedded default.
    pub database_url: SecretString,
    /// `STOPOVER_REDIS_URL`, `redis://...`: required by the program `redirector`, not used in the embedded default.
    pub redis_url: Option<SecretString>,
    /// `STOPOVER_REDIS_PREFIX`, default `stopover`: what every name in Redis starts with.
    pub redis_prefix: String,
    /// `STOPOVER_DATA_DIR`, default `./stopover-data`: the click log is kept here.
    pub data_dir: PathBuf,
    /// `STOPOVER_TRUSTED_PROXIES`, default none: addresses and networks whose `X-Forwarded-For` counts.
    pub trusted_proxies: TrustedProxies,
    /// `STOPOVER_GEOIP_DATABASE`, default the first `*.mmdb` in the data folder: tells countries and cities.
    pub geoip_database: Option<PathBuf>,
    /// `STOPOVER_ALLOW_LOCAL_TARGETS`, default `false`: whether links may lead to local names and IP addresses.
    pub reach: Reach,
    /// `STOPOVER_CLICK_LOG_CAP`, default 2 GiB: most bytes of clicks that wait to be stored.
    pub click_log_cap: u64,
    /// `STOPOVER_LOG`, default `info`: which events are written to standard error.
    pub log: String,
}

impl Config {
    /// Reads the settings; what is wrong is noted in `settings`. In the embedded default Redis is left out.
    pub fn from_settings(settings: &mut Settings, embedded: bool) -> Self {
        let data_dir = PathBuf::from(settings.text("DATA_DIR").unwrap_or("./stopover-data"));
        let geoip_database = settings.text("GEOIP_DATABASE").map(PathBuf::from);
        if geoip_database.as_ref().is_some_and(|path| !path.is_file()) {
            settings.reject("GEOIP_DATABASE", "must be the path of a MaxMind database file");
        }
        let allow_local = settings.or("ALLOW_LOCAL_TARGETS", false, "must be true or false");
        let click_log_cap = settings.or("CLICK_LOG_CAP", 2 << 30, "must be a number of bytes");
        if click_log_cap < LEAST_CAP {
            settings.reject("CLICK_LOG_CAP", &format!("must be at least {LEAST_CAP} bytes"));
        }
        Self {
            listen: listen(settings),
            database_url: database_url(settings),
            redis_url: if embedded { None } else { redis_url(settings) },
            redis_prefix: redis_prefix(settings),
            geoip_database: geoip_database.or_else(|| first_geoip(&data_dir)),
            data_dir,
            trusted_proxies: settings.or(
                "TRUSTED_PROXIES",
                TrustedProxies::default(),
                "must be IP addresses or networks such as 10.0.0.0/8, separated by commas",
            ),
            reach: if allow_local { Reach::Local } else { Reach::Public },
            click_log_cap,
            log: log(settings),
        }
    }

    /// Reads the settings of the program `redirector`.
    ///
    /// # Errors
    /// Every variable that cannot be used.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, BadSettings> {
        let mut settings = Settings::new(variables);
        let config = Self::from_settings(&mut settings, false);
        settings.finish()?;
        Ok(config)
    }
}

/// The variables of this process; those that are not text are left out.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn listen(settings: &mut Settings) -> String {
    let text = settings.text("REDIRECTOR_LISTEN").unwrap_or("127.0.0.1:8081").to_owned();
    let has_port = text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if !has_port {
        settings.reject("REDIRECTOR_LISTEN", "must be an address and a port, such as 127.0.0.1:8081");
    }
    text
}

fn database_url(settings: &mut Settings) -> SecretString {
    const RULE: &str = "must start with postgres:// or sqlite:";
    let url = settings.required("DATABASE_URL", String::new(), RULE);
    let known = ["postgres://", "postgresql://", "sqlite:"].iter().any(|scheme| url.starts_with(scheme));
    if !url.is_empty() && !known {
        settings.reject("DATABASE_URL", RULE);
    }
    url.into()
}

fn redis_url(settings: &mut Settings) -> Option<SecretString> {
    const RULE: &str = "must be one address redis://[user:password@]host[:port][/database]; rediss:// and clusters are \
                        not supported";
    let url = settings.required("REDIS_URL", String::new(), RULE);
    let usable = url.starts_with("redis://") && redis::Client::open(url.as_str()).is_ok();
    if !url.is_empty() && !usable {
        settings.reject("REDIS_URL", RULE);
    }
    usable.then(|| url.into())
}

fn redis_prefix(settings: &mut Settings) -> String {
    let prefix = settings.text("REDIS_PREFIX").unwrap_or("stopover").to_owned();
    // braces would change which part of a key a cluster hashes
    if !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte)) {
        settings.reject("REDIS_PREFIX", "may hold letters, digits, '-', '_', '.' and ':' only");
    }
    prefix
}

fn log(settings: &mut Settings) -> String {
    let filter = settings.text("LOG").unwrap_or("info").to_owned();
    if EnvFilter::try_new(&filter).is_err() {
        settings.reject("LOG", "must be a level such as info, or directives such as redirector=debug,info");
    }
    filter
}

/// The first database of a folder, by name.
fn first_geoip(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let databases = entries.filter_map(|entry| Some(entry.ok()?.path()));
    databases.filter(|path| path.extension().is_some_and(|extension| extension == "mmdb") && path.is_file()).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn read(variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let variables = variables.iter().map(|(name, value)| (format!("STOPOVER_{name}"), (*value).to_owned()));
        Config::read(variables).map_err(|bad| bad.0.into_iter().map(|bad| bad.name).collect())
    }

    #[test]
    fn the_program_needs_its_database_and_redis_and_nothing_else() {
        assert_eq!(read(&[]).err(), Some(vec!["STOPOVER_DATABASE_URL".into(), "STOPOVER_REDIS_URL".into()]));
        let config = read(&[("DATABASE_URL", "postgres://db/x"), ("REDIS_URL", "redis://cache")]).unwrap();
        assert_eq!(config.listen, "127.0.0.1:8081");
        assert_eq!(config.redis_url.unwrap().expose_secret(), "redis://cache");
        assert_eq!((config.click_log_cap, config.reach), (2 * 1024 * 1024 * 1024, Reach::Public));
        assert_eq!((config.redis_prefix.as_str(), config.log.as_str()), ("stopover", "info"));
    }

    #[test]
    fn the_embedded_default_leaves_redis_out() {
        let variables = [("STOPOVER_DATABASE_URL", "sqlite:x.db"), ("STOPOVER_REDIS_URL", "rediss://elsewhere")];
        let mut settings = Settings::new(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let config = Config::from_settings(&mut settings, true);
        assert_eq!(settings.finish(), Ok(()));
        assert!(config.redis_url.is_none());
    }

    #[test]
    fn every_bad_variable_is_named() {
        let bad = read(&[
            ("DATABASE_URL", "mysql://db"),
            ("REDIS_URL", "rediss://cache"),
            ("REDIS_PREFIX", "a{b}"),
            ("REDIRECTOR_LISTEN", "8081"),
            ("TRUSTED_PROXIES", "nonsense"),
            ("GEOIP_DATABASE", "/nowhere/x.mmdb"),
            ("ALLOW_LOCAL_TARGETS", "perhaps"),
            ("CLICK_LOG_CAP", "1"),
            ("LOG", "a=b=c"),
        ]);
        let bad: std::collections::BTreeSet<_> = bad.err().unwrap().into_iter().collect();
        assert_eq!(bad.len(), 9, "{bad:?}");
    }

    #[test]
    fn a_geoip_database_is_found_in_the_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.mmdb", "a.mmdb", "notes.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(first_geoip(folder.path()), Some(folder.path().join("a.mmdb")));
        assert_eq!(first_geoip(&folder.path().join("none")), None);
    }
}
