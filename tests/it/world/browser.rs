//! A real Chromium, driven through chromedriver, for which the stand-in plays every host but this machine. At most two
//! run at a time; each has a profile of its own, and nothing of it is left when it is dropped.

use super::{
    process::{self, Process},
    stand_in::StandIn,
    wait,
};
use fantoccini::{Client, ClientBuilder, Locator, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::{path::Path, process::Command, time::Duration};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    sync::{Semaphore, SemaphorePermit},
};
use url::Url;

/// A person's user agent: that of a Chromium without a window names itself as a machine's.
pub(crate) const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

/// Two at a time: the machine may have two cores.
static SEATS: Semaphore = Semaphore::const_new(2);

/// What is different from a usual browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scripts {
    /// They run.
    Run,
    /// They are switched off.
    Off,
}

/// A browser.
pub(crate) struct Browser {
    client: Client,
    driver: Process,
    profile: TempDir,
    _seat: SemaphorePermit<'static>,
}

impl Browser {
    /// Starts one.
    pub(crate) async fn start(stand_in: &StandIn, scripts: Scripts) -> Self {
        Self::start_with(stand_in, scripts, &[]).await
    }

    /// Starts one that reaches some hosts by another port.
    pub(crate) async fn start_with(stand_in: &StandIn, scripts: Scripts, elsewhere: &[(&str, u16)]) -> Self {
        let seat = SEATS.acquire().await.unwrap();
        let profile = tempfile::Builder::new().prefix("stopover-chromium-").tempdir().unwrap();
        let chromium = process::find("chromium", &[], "chromium");
        let port = process::free_port();
        let mut command = Command::new(process::find("chromedriver", &[], "chromium-driver"));
        command.arg(format!("--port={port}"));
        let driver = Process::start(&command, &profile.path().join("driver.log"));
        let capabilities = capabilities(stand_in, scripts, elsewhere, &chromium, profile.path());
        wait::until("chromedriver listens", wait::PATIENCE, async || {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.as_object().cloned().unwrap_or_default());
        let client = builder.connect(&format!("http://127.0.0.1:{port}")).await.expect("Chromium starts");
        Self { client, driver, profile, _seat: seat }
    }

    /// Goes to an address, without waiting for what comes of it.
    pub(crate) async fn visit(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Waits until the address fulfils `is_it`.
    pub(crate) async fn arrives(&self, what: &str, is_it: impl Fn(&Url) -> bool) -> Url {
        let seen = std::cell::RefCell::new(String::new());
        let look = async || {
            let url = self.client.current_url().await;
            *seen.borrow_mut() = format!("{url:?}");
            url.ok().filter(|url| is_it(url))
        };
        let arrived = wait::within(Duration::from_secs(15), look).await;
        arrived.unwrap_or_else(|| panic!("the browser never arrived: {what}; it is at {}", seen.borrow()))
    }

    /// Waits until it is on a host.
    pub(crate) async fn arrives_at(&self, host: &str) -> Url {
        self.arrives(host, |url| url.host_str() == Some(host)).await
    }

    /// What the console has said since it was asked last: refusals by a content security policy among it.
    pub(crate) async fn console(&self) -> Vec<String> {
        let said = self.client.issue_cmd(Ask("se/log", json!({ "type": "browser" }))).await.unwrap();
        let text = |line: &Value| line["message"].as_str().unwrap_or_default().to_owned();
        said.as_array().map(|lines| lines.iter().map(text).collect()).unwrap_or_default()
    }

    /// Presses what a CSS selector finds, as soon as it is there.
    pub(crate) async fn press(&self, selector: &str) {
        let found = async || self.client.find(Locator::Css(selector)).await.ok();
        let button = wait::until(selector, Duration::from_secs(15), found).await;
        button.click().await.unwrap();
    }

    /// Forgets the cookies of an address; the browser is somewhere else afterwards.
    pub(crate) async fn forget_cookies(&self, url: &str) {
        let robots = Url::parse(url).unwrap().join("/robots.txt").unwrap();
        self.visit(robots.as_str()).await;
        self.arrives("the address of the cookies", |url| url == &robots).await;
        self.client.delete_all_cookies().await.unwrap();
    }

    /// Gives out another user agent from now on, as the browser inside an app does.
    pub(crate) async fn call_itself(&self, user_agent: &str) {
        self.devtools("Network.setUserAgentOverride", json!({ "userAgent": user_agent })).await;
    }

    /// Calls a method of the DevTools protocol and gives its result.
    pub(crate) async fn devtools(&self, method: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": method, "params": parameters });
        self.client.issue_cmd(Ask("goog/cdp/execute", body)).await.unwrap()
    }

    /// Presses the back button.
    pub(crate) async fn back(&self) {
        self.client.back().await.unwrap();
    }

    /// Runs a script in the page and gives what it returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Ends it in good order.
    pub(crate) async fn close(self) {
        drop(self.client.clone().close().await);
    }
}

/// What WebDriver's standard does not know and chromedriver does: an endpoint of the session, and the body.
#[derive(Debug)]
struct Ask(&'static str, Value);

impl WebDriverCompatibleCommand for Ask {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (reqwest::Method, Option<String>) {
        (reqwest::Method::POST, Some(self.1.to_string()))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // chromedriver takes its browser along when it is asked to end
        self.driver.signal(process::Signal::Terminate);
        let profile = self.profile.path().to_string_lossy().into_owned();
        let deadline = std::time::Instant::now() + Duration::from_secs(5);
        while std::time::Instant::now() < deadline && !processes_with(&profile).is_empty() {
            std::thread::sleep(Duration::from_millis(20));
        }
        for id in processes_with(&profile) {
            drop(Command::new("sh").args(["-c", "kill -KILL \"$0\" 2>/dev/null", &id]).status());
        }
    }
}

/// Ids of the processes whose command line names a folder that only they use.
fn processes_with(folder: &str) -> Vec<String> {
    let named = |process: &Path| {
        let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(folder)
    };
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let ids = processes.filter(|process| named(process));
    ids.filter_map(|process| Some(process.file_name()?.to_str()?.to_owned())).collect()
}

fn capabilities(
    stand_in: &StandIn,
    scripts: Scripts,
    elsewhere: &[(&str, u16)],
    chromium: &Path,
    profile: &Path,
) -> Value {
    let first: String = elsewhere.iter().map(|(host, port)| format!("MAP {host} 127.0.0.1:{port}, ")).collect();
    let rules = format!("{first}MAP * 127.0.0.1:{}, EXCLUDE 127.0.0.1, EXCLUDE localhost", stand_in.port());
    let arguments = [
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-extensions".to_owned(),
        // the stand-in speaks TLS on every port, and plain addresses are meant
        "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable".to_owned(),
        "--no-first-run".to_owned(),
        "--no-default-browser-check".to_owned(),
        "--ignore-certificate-errors".to_owned(),
        "--window-size=800,600".to_owned(),
        format!("--host-resolver-rules={rules}"),
        format!("--user-agent={USER_AGENT}"),
        format!("--user-data-dir={}", profile.join("profile").display()),
    ];
    let mut preferences = json!({
        // third-party cookies as most of the world's Chromium has them: Debian's blocks them
        "profile.cookie_controls_mode": 0,
        "profile.block_third_party_cookies": false,
    });
    if scripts == Scripts::Off {
        preferences["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    json!({
        "browserName": "chrome",
        "acceptInsecureCerts": true,
        "pageLoadStrategy": "none",
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": { "binary": chromium, "args": arguments, "prefs": preferences },
    })
}
