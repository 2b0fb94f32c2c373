//! A real Firefox, driven through its own Marionette protocol: lengths and JSON over TCP. A small proxy in this process
//! brings it to the stand-in, to some hosts by another port.

use super::{
    process::{self, Process},
    stand_in::StandIn,
    wait,
};
use serde_json::{Value, json};
use std::{process::Command, time::Instant};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

/// A browser.
pub(crate) struct Firefox {
    stream: BufReader<TcpStream>,
    number: u64,
    _process: Process,
    _profile: TempDir,
}

impl Firefox {
    /// Starts one that reaches some hosts by another port.
    pub(crate) async fn start_with(stand_in: &StandIn, elsewhere: &[(&str, u16)]) -> Self {
        let profile = tempfile::Builder::new().prefix("stopover-firefox-").tempdir().unwrap();
        let proxy = proxy(stand_in.port(), elsewhere.iter().map(|(host, port)| ((*host).to_owned(), *port)).collect());
        let (proxy, port) = (proxy.await, process::free_port());
        std::fs::write(profile.path().join("user.js"), preferences(proxy, port)).unwrap();
        let mut command = Command::new(process::find("firefox-esr", &[], "firefox-esr"));
        command.args(["--headless", "--marionette", "--no-remote", "--profile"]).arg(profile.path());
        command.env("HOME", profile.path());
        let process = Process::start(&command, &profile.path().join("firefox.log"));
        let connect = async || TcpStream::connect(("127.0.0.1", port)).await.ok();
        let stream = wait::until("Firefox listens", wait::PATIENCE, connect).await;
        let mut firefox = Self { stream: BufReader::new(stream), number: 0, _process: process, _profile: profile };
        firefox.read().await;
        let wishes = json!({ "acceptInsecureCerts": true, "pageLoadStrategy": "none" });
        firefox.call("WebDriver:NewSession", wishes).await;
        firefox
    }

    /// Goes to an address, without waiting for what comes of it.
    pub(crate) async fn visit(&mut self, url: &str) {
        self.call("WebDriver:Navigate", json!({ "url": url })).await;
    }

    /// Waits until it shows a page of a host, and all of it: a navigation that begins before another has ended can be
    /// dropped.
    pub(crate) async fn arrives_at(&mut self, host: &str) {
        const WHERE: &str = "return document.readyState === 'complete' ? location.host : ''";
        let deadline = Instant::now() + wait::PATIENCE;
        loop {
            // an error where the page goes away meanwhile
            let at = self.ask("WebDriver:ExecuteScript", json!({ "script": WHERE, "args": [] })).await;
            if at.as_ref().is_ok_and(|at| at["value"] == host) {
                return;
            }
            assert!(Instant::now() < deadline, "Firefox is at {at:?}, not at {host}");
        }
    }

    async fn call(&mut self, name: &str, parameters: Value) -> Value {
        self.ask(name, parameters).await.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    async fn ask(&mut self, name: &str, parameters: Value) -> Result<Value, Value> {
        self.number += 1;
        let text = json!([0, self.number, name, parameters]).to_string();
        self.stream.write_all(format!("{}:{text}", text.len()).as_bytes()).await.unwrap();
        let answer = self.read().await;
        if answer[2].is_null() { Ok(answer[3].clone()) } else { Err(answer[2].clone()) }
    }

    async fn read(&mut self) -> Value {
        let mut length = Vec::new();
        self.stream.read_until(b':', &mut length).await.unwrap();
        length.pop();
        let length = String::from_utf8(length).unwrap().parse().expect("Firefox answers");
        let mut text = vec![0; length];
        self.stream.read_exact(&mut text).await.unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

fn preferences(proxy: u16, marionette: u16) -> String {
    let preferences = [
        ("marionette.port", json!(marionette)),
        ("network.proxy.type", json!(1)),
        ("network.proxy.http", json!("127.0.0.1")),
        ("network.proxy.http_port", json!(proxy)),
        ("network.proxy.ssl", json!("127.0.0.1")),
        ("network.proxy.ssl_port", json!(proxy)),
        ("network.proxy.no_proxies_on", json!("localhost, 127.0.0.1")),
        ("dom.security.https_first", json!(false)),
        ("dom.security.https_first_pbm", json!(false)),
        ("network.captive-portal-service.enabled", json!(false)),
        ("network.connectivity-service.enabled", json!(false)),
        ("browser.safebrowsing.malware.enabled", json!(false)),
        ("browser.safebrowsing.phishing.enabled", json!(false)),
        ("app.update.disabledForTesting", json!(true)),
        ("datareporting.policy.dataSubmissionEnabled", json!(false)),
        ("extensions.getAddons.cache.enabled", json!(false)),
    ];
    let line = |(name, value): &(&str, Value)| format!("user_pref({}, {value});\n", json!(name));
    preferences.iter().map(line).collect()
}

/// A proxy by which every host is the stand-in's, some by another port.
async fn proxy(usual: u16, elsewhere: Vec<(String, u16)>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let elsewhere = elsewhere.clone();
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                // a plain request goes on as it is, after its first line was looked at
                let Ok(buffered) = stream.fill_buf().await else { return };
                let first = String::from_utf8_lossy(buffered).into_owned();
                let Some(target) = first.strip_prefix("CONNECT ") else { return forward(stream, usual).await };
                let host = target.split(':').next().unwrap_or_default();
                let port = elsewhere.iter().find(|(known, _)| known == host).map_or(usual, |(_, port)| *port);
                let mut line = String::new();
                while stream.read_line(&mut line).await.is_ok_and(|length| length > 2) {
                    line.clear();
                }
                if stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.is_ok() {
                    forward(stream, port).await;
                }
            });
        }
    });
    own
}

async fn forward(mut stream: BufReader<TcpStream>, port: u16) {
    let Ok(mut to) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    drop(copy_bidirectional(&mut stream, &mut to).await);
}
