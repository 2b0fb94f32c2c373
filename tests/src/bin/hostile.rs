//! `make hostile`: sends whatever is made to do harm to the released program in its embedded default, to nobody's account and
//! to a tenant's that has data, and prints how long each took and by how much the process grew while it was answered.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a program that measures")]

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tests::{
    hostile::{ACCEPT, Harm, documents, memory::Memory, stock, stocked},
    running::{Running, free_port},
};

/// What is aimed at for whatever is refused.
const TARGET: Duration = Duration::from_millis(50);
/// What is aimed at for everything.
const GROWTH: u64 = 20 * 1024 * 1024;
/// How many of the worst are listed.
const WORST: usize = 10;

fn start(folder: &Path, api: u16, redirector: u16) -> Running {
    let target = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("release/stopover");
    let child = Command::new(target)
        .env("STOPOVER_API_LISTEN", format!("127.0.0.1:{api}"))
        .env("STOPOVER_REDIRECTOR_LISTEN", format!("127.0.0.1:{redirector}"))
        .env("STOPOVER_DEFAULT_DOMAIN", format!("localhost:{redirector}"))
        .env("STOPOVER_DATA_DIR", folder.display().to_string())
        .env("STOPOVER_INTROSPECTION", "true")
        .env("STOPOVER_RATE_LIMIT_KEY", "0")
        .env("STOPOVER_RATE_LIMIT_TENANT", "0")
        .env("STOPOVER_LOG", "warn")
        .stdout(Stdio::null())
        .spawn()
        .expect("target/release/stopover is missing: cargo build --release -p stopover");
    let running = Running(child);
    let end = Instant::now() + Duration::from_secs(20);
    while [api, redirector].iter().any(|port| TcpStream::connect(("127.0.0.1", *port)).is_err()) {
        assert!(Instant::now() < end, "nothing listens");
        std::thread::sleep(Duration::from_millis(20));
    }
    running
}

/// What came of one body, over all runs.
struct Measured {
    name: String,
    status: u16,
    code: String,
    median: Duration,
    longest: Duration,
    grown: u64,
    as_expected: bool,
}

/// Sends bytes on a connection of their own; gives the status and the first code of what comes back.
fn send(port: u16, bytes: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    // a server that has answered may close before it has read everything
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let code = text.split("\"code\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned();
    (status, code)
}

fn request(harm: &Harm, token: Option<&str>) -> Vec<u8> {
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\naccept: {ACCEPT}\r\n\
         {token}content-length: {}\r\n\r\n",
        harm.body.len()
    );
    [head.as_bytes(), &harm.body].concat()
}

fn measure(port: u16, memory: Memory, runs: usize, bytes: &[u8]) -> (u16, String, Vec<Duration>, u64) {
    let (mut told, mut times, mut grown) = ((0, String::new()), Vec::new(), 0);
    for _ in 0..runs {
        let before = memory.forget();
        let start = Instant::now();
        told = send(port, bytes);
        times.push(start.elapsed());
        grown = grown.max(memory.peak().saturating_sub(before));
    }
    times.sort();
    (told.0, told.1, times, grown)
}

fn print(row: &Measured) {
    let Measured { name, status, code, median, longest, grown, as_expected } = row;
    let (median, longest) = (median.as_secs_f64() * 1_000.0, longest.as_secs_f64() * 1_000.0);
    let odd = if *as_expected { "" } else { "  NOT AS EXPECTED" };
    let grown = *grown as f64 / 1_048_576.0;
    println!("{status:>4} {median:>8.1} ms {longest:>8.1} ms {grown:>7.1} MiB  {name} {code}{odd}");
}

#[tokio::main]
async fn main() {
    let runs = std::env::args().nth(1).map_or(7, |runs| runs.parse().expect("how often each is sent"));
    let folder = tempfile::tempdir().unwrap();
    let (api, redirector) = (free_port(), free_port());
    let running = start(folder.path(), api, redirector);
    let memory = Memory::of(running.0.id());
    let (endpoint, visits) = (format!("http://127.0.0.1:{api}/graphql"), format!("http://localhost:{redirector}"));
    let stock = stock::make(&endpoint, &visits).await;
    println!("status, median and longest of {runs} runs, and by how much the process grew at most");
    let mut rows = Vec::new();
    let nobodys = documents::bodies().into_iter().map(|harm| (harm, None));
    let members = stocked::bodies(&stock).into_iter().map(|harm| (harm, Some(stock.token.as_str())));
    for (harm, token) in nobodys.chain(members) {
        let (status, code, times, grown) = measure(api, memory, runs, &request(&harm, token));
        // nobody may send more than little
        let too_large = token.is_none() && harm.body.len() > 65_536 && status == 413;
        let data = code.is_empty() || (status == 200 && token.is_some());
        let as_expected = too_large || harm.expected.is(status, if data { "" } else { &code });
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        rows.push(Measured { name: harm.name.to_owned(), status, code, median, longest, grown, as_expected });
        print(&rows[rows.len() - 1]);
    }
    for (name, bytes, expected) in documents::raw() {
        let (status, code, times, grown) = measure(api, memory, runs, &bytes);
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        let as_expected = expected.contains(&status);
        rows.push(Measured { name: name.to_owned(), status, code, median, longest, grown, as_expected });
        print(&rows[rows.len() - 1]);
    }
    summarise(rows);
    assert_eq!(
        send(api, b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").0,
        200,
        "it does not serve any more"
    );
}

fn summarise(mut rows: Vec<Measured>) {
    let refused = |row: &&Measured| row.status != 200;
    let slow = rows.iter().filter(refused).filter(|row| row.median > TARGET).count();
    let large = rows.iter().filter(|row| row.grown > GROWTH).count();
    let odd = rows.iter().filter(|row| !row.as_expected).count();
    println!(
        "\n{} in all: {slow} refused in more than {TARGET:?}, {large} with more than 20 MiB, {odd} not as expected",
        rows.len()
    );
    println!("\nthe slowest that were refused");
    rows.sort_by_key(|row| std::cmp::Reverse(row.median));
    rows.iter().filter(refused).take(WORST).for_each(print);
    println!("\nthe slowest that ran");
    rows.iter().filter(|row| row.status == 200).take(WORST).for_each(print);
    println!("\nthe largest");
    rows.sort_by_key(|row| std::cmp::Reverse(row.grown));
    rows.iter().take(WORST).for_each(print);
}
