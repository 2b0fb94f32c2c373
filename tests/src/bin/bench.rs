//! `make bench`: a 302 and an interstitial from memory, every click in the local log, against nginx, in one run. The
//! server side (redirector and its Redis, or nginx) has one core, the load the other. Figures are medians of rounds
//! that alternate between the two, so that a noisy machine disturbs both alike.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a program that measures")]

use contract::{address::Host, clock::Clock, frame};
use entities::{domain, link, link_pixel, pixel, slot, tenant};
use migration::Migrator;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait;
use serde_json::json;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tests::running::{Running, free_port};
use uuid::Uuid;

const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const ROUNDS: usize = 3;

fn on_core(core: u8, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string(), program]);
    command
}

fn wait_for(port: u16) {
    let end = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "nothing listens on port {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Two links of one tenant: `plain` without pixels, `pixels` with four of them.
async fn prepare(db: &DatabaseConnection, host: &Host) {
    Migrator::up(db, None).await.unwrap();
    let at = Clock::system().now();
    let (tenant_id, domain_id) = (Uuid::now_v7(), Uuid::now_v7());
    let row = tenant::ActiveModel {
        id: Set(tenant_id),
        name: Set("Bench".to_owned()),
        active: Set(true),
        ver: Set(1),
        budget_ms: Set(1_000),
        confirm_share: Set(200),
        honour_gpc: Set(true),
        referrer_policy: Set("strict-origin-when-cross-origin".to_owned()),
        health_threshold: Set(5_000),
        consent: Set(None),
        branding: Set(None),
        link_defaults: Set(None),
        created_at: Set(at),
        updated_at: Set(at),
    };
    row.insert(db).await.unwrap();
    let row = domain::ActiveModel {
        id: Set(domain_id),
        tenant_id: Set(None),
        host: Set(host.to_string()),
        state: Set(domain::State::Verified),
        serving: Set(true),
        fallback: Set(None),
        is_default: Set(false),
        ver: Set(1),
        created_at: Set(at),
        updated_at: Set(at),
        ..Default::default()
    };
    row.insert(db).await.unwrap();
    for slug in ["plain", "pixels"] {
        let id = Uuid::now_v7();
        insert_link(db, id, tenant_id, domain_id, slug, at).await;
        if slug == "pixels" {
            for (network, ids) in [
                ("meta", json!({"pixel_id": "246813579024680"})),
                ("google_ads", json!({"conversion_id": "AW-946162814"})),
                ("linkedin", json!({"partner_id": "2503796"})),
                ("custom_image", json!({"url": "https://t.example.com/p.gif?c=1&cb={cachebuster}"})),
            ] {
                insert_pixel(db, tenant_id, id, network, ids, at).await;
            }
        }
    }
}

async fn insert_link(db: &DatabaseConnection, id: Uuid, tenant_id: Uuid, domain_id: Uuid, slug: &str, at: i64) {
    let row = link::ActiveModel {
        id: Set(id),
        tenant_id: Set(tenant_id),
        domain_id: Set(domain_id),
        slug: Set(slug.to_owned()),
        external_id: Set(None),
        destination: Set("https://www.example.com/an/article?edition=spring".to_owned()),
        title: Set(Some("An article".to_owned())),
        state: Set(link::State::Active),
        starts_at: Set(None),
        expires_at: Set(None),
        fallback: Set(None),
        forwarding: Set(json!("all")),
        utm_source: Set(Some("newsletter".to_owned())),
        utm_medium: Set(None),
        utm_campaign: Set(None),
        utm_term: Set(None),
        utm_content: Set(None),
        merge_values: Set(json!({})),
        without_pixels: Set(false),
        card: Set(None),
        search_text: Set(slug.to_owned()),
        created_at: Set(at),
        updated_at: Set(at),
    };
    row.insert(db).await.unwrap();
    let resolution = slot::Resolution { domain_id, slug: slug.to_owned(), link_id: Some(id) };
    slot::bump(db, vec![resolution]).await.unwrap();
}

async fn insert_pixel(
    db: &DatabaseConnection,
    tenant_id: Uuid,
    link_id: Uuid,
    network: &str,
    ids: serde_json::Value,
    at: i64,
) {
    let id = Uuid::now_v7();
    let row = pixel::ActiveModel {
        id: Set(id),
        tenant_id: Set(tenant_id),
        network: Set(network.to_owned()),
        name: Set(network.to_owned()),
        ids: Set(ids),
        mode: Set(pixel::Mode::Auto),
        is_default: Set(false),
        created_at: Set(at),
        updated_at: Set(at),
    };
    row.insert(db).await.unwrap();
    let row = link_pixel::ActiveModel { link_id: Set(link_id), pixel_id: Set(id), tenant_id: Set(tenant_id) };
    row.insert(db).await.unwrap();
}

/// The body of one GET, for the static file and as a check that the page is the page.
fn get(port: u16, host: &str, path: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {AGENT}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let split = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
    (String::from_utf8_lossy(&answer[..split]).into_owned(), answer[split + 4..].to_vec())
}

struct Load {
    per_second: f64,
    requests: u64,
    p99: String,
}

fn load(port: u16, host: &str, path: &str, seconds: u32) -> Load {
    let output = on_core(1, "wrk")
        .args(["-t1", "-c64", "--latency", &format!("-d{seconds}s"), "-H", &format!("Host: {host}")])
        .args(["-H", &format!("User-Agent: {AGENT}"), "-H", "Accept-Language: en-GB,en;q=0.8"])
        .arg(format!("http://127.0.0.1:{port}{path}"))
        .output()
        .expect("wrk is missing: install the package wrk");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let word = |label: &str, at: usize| {
        let line = text.lines().find(|line| line.trim_start().starts_with(label) || line.contains(label));
        line.and_then(|line| line.split_whitespace().nth(at)).unwrap_or_default().to_owned()
    };
    assert!(!text.contains("Socket errors"), "{text}");
    Load {
        per_second: word("Requests/sec:", 1).parse().unwrap(),
        requests: word(" requests in ", 0).parse().unwrap(),
        p99: word("99%", 1),
    }
}

fn nginx(folder: &Path, plain: u16, page: u16) -> Running {
    let folder = folder.display();
    let config = format!(
        "daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log; user root;
         events {{ worker_connections 1024; }}
         http {{ access_log {folder}/access.log combined buffer=64k flush=1s; client_body_temp_path {folder}/body;
           proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
           scgi_temp_path {folder}/scgi; keepalive_requests 100000000; sendfile on; tcp_nopush on;
           server {{ listen 127.0.0.1:{plain}; location / {{ return 302 https://www.example.com/an/article; }} }}
           server {{ listen 127.0.0.1:{page}; root {folder}/www; default_type text/html; }} }}"
    );
    fs::write(format!("{folder}/nginx.conf"), config).unwrap();
    let child = on_core(0, "nginx")
        .args(["-c", &format!("{folder}/nginx.conf")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let child = child.expect("nginx is missing: install the package nginx");
    wait_for(plain);
    Running(child)
}

/// Peak resident memory of a process, in MiB.
fn peak_memory(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

fn records_in(folder: &Path) -> u64 {
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            count += records_in(&path);
        } else if path.extension().is_some_and(|extension| extension == "log") {
            count += frame::records(&fs::read(&path).unwrap()).count() as u64;
        }
    }
    count
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main]
async fn main() {
    let seconds = std::env::args().nth(1).map_or(6, |seconds| seconds.parse().expect("seconds a round"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir_all(path.join("www")).unwrap();
    let (redis, ours, plain, page) = (free_port(), free_port(), free_port(), free_port());
    let host = Host::parse(&format!("localhost:{ours}")).unwrap();
    let url = format!("sqlite://{}/bench.db?mode=rwc", path.display());
    prepare(&Database::connect(&url).await.unwrap(), &host).await;

    let _redis = Running(
        on_core(0, "redis-server")
            .args(["--port", &redis.to_string(), "--bind", "127.0.0.1", "--dir", &path.display().to_string()])
            .args(["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is missing: install the package redis-server"),
    );
    wait_for(redis);
    let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("release/redirector");
    let redirector = on_core(0, program.to_str().unwrap())
        .env("STOPOVER_DATABASE_URL", &url)
        .env("STOPOVER_REDIS_URL", format!("redis://127.0.0.1:{redis}"))
        .env("STOPOVER_REDIRECTOR_LISTEN", format!("127.0.0.1:{ours}"))
        .env("STOPOVER_DATA_DIR", path.join("data"))
        .env("STOPOVER_LOG", "warn")
        .spawn()
        .expect("target/release/redirector is missing: cargo build --release -p redirector");
    let redirector = Running(redirector);
    wait_for(ours);
    let (head, body) = get(ours, host.as_str(), "/pixels");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    fs::write(path.join("www/pixels"), &body).unwrap();
    let _nginx = nginx(path, plain, page);

    let mut sent = 1;
    let mut rates: [Vec<f64>; 4] = Default::default();
    println!("page {} bytes; {ROUNDS} rounds of {seconds} s, 64 connections, one core each side", body.len());
    for _ in 0..ROUNDS {
        for (slot, (name, port, path)) in [
            ("nginx return 302, access log", plain, "/plain"),
            ("stopover 302, click logged", ours, "/plain"),
            ("nginx static file of the page", page, "/pixels"),
            ("stopover interstitial, click logged", ours, "/pixels"),
        ]
        .into_iter()
        .enumerate()
        {
            let load = load(port, host.as_str(), path, seconds);
            println!("{name:<37} {:>9.0} requests/s, p99 {}", load.per_second, load.p99);
            rates[slot].push(load.per_second);
            sent += if port == ours { load.requests } else { 0 };
        }
    }
    let memory = peak_memory(redirector.0.id());
    let logged = records_in(&path.join("data"));
    let [nginx_302, our_302, nginx_page, our_page] = rates.map(median);
    println!("302:          {:.2} of nginx ({our_302:.0} / {nginx_302:.0})", our_302 / nginx_302);
    println!("interstitial: {:.2} of nginx ({our_page:.0} / {nginx_page:.0})", our_page / nginx_page);
    println!("memory:       {memory:.1} MiB at most");
    // a request may be cut off at the end of a round after its click was logged
    println!("clicks:       {logged} in the local log for {sent} answers");
    assert!(logged >= sent, "answers without a click in the log");
}
