//! Plays the mail server: takes every mail over plain SMTP (RFC 5321) on loopback and keeps it. It can be told to refuse the
//! next ones, as a server does that is too busy.

use super::wait;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A mail, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// Whom the envelope names.
    pub(crate) to: Vec<String>,
    /// Header lines, unfolded.
    pub(crate) headers: Vec<String>,
    /// Decoded.
    pub(crate) body: String,
}

impl Mail {
    /// The value of a header field.
    pub(crate) fn header(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        let found: Vec<_> = self.headers.iter().filter_map(|line| line.strip_prefix(&start)).collect();
        assert_eq!(found.len(), 1, "{name} in {:?}", self.headers);
        found[0]
    }

    /// The token at the end of the one link.
    pub(crate) fn token(&self, path: &str) -> String {
        let links: Vec<_> = self.body.lines().filter_map(|line| line.strip_prefix(path)).collect();
        assert_eq!(links.len(), 1, "{path} in {}", self.body);
        links[0].to_owned()
    }
}

/// The mail server.
#[derive(Clone)]
pub(crate) struct Mailbox {
    port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
    refusals: Arc<AtomicUsize>,
}

impl Mailbox {
    /// Starts it; it ends with the runtime of the test.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mailbox =
            Self { port: listener.local_addr().unwrap().port(), mails: Arc::default(), refusals: Arc::default() };
        let taking = mailbox.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let taking = taking.clone();
                tokio::spawn(async move { drop(taking.talk(stream).await) });
            }
        });
        mailbox
    }

    /// Where it listens, as the product is told.
    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Refuses this many mails from now on.
    pub(crate) fn refuse(&self, mails: usize) {
        self.refusals.store(mails, Ordering::SeqCst);
    }

    /// How many mails it is yet to refuse.
    pub(crate) fn to_refuse(&self) -> usize {
        self.refusals.load(Ordering::SeqCst)
    }

    /// The mails to an address so far.
    pub(crate) fn mails_to(&self, address: &str) -> Vec<Mail> {
        let mails = self.mails.lock().unwrap();
        mails.iter().filter(|mail| mail.to.iter().any(|to| to == address)).cloned().collect()
    }

    /// Waits for the nth mail to an address, from 1.
    pub(crate) async fn mail_to(&self, address: &str, number: usize) -> Mail {
        let what = format!("mail {number} to {address}");
        wait::until(&what, wait::PATIENCE, async || self.mails_to(address).into_iter().nth(number - 1)).await
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 mail.example.com ESMTP\r\n").await?;
        let mut to = Vec::new();
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let answer = match word.as_str() {
                "EHLO" => "250 mail.example.com",
                "MAIL" => "250 ok",
                "RCPT" => {
                    let refused =
                        self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
                    if refused.is_ok() {
                        "451 try again later"
                    } else {
                        to.push(line.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                        "250 ok"
                    }
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    let text = read_text(&mut stream).await?;
                    self.mails.lock().unwrap().push(parse(std::mem::take(&mut to), &text));
                    "250 taken"
                }
                "RSET" | "NOOP" => "250 ok",
                "QUIT" => return stream.write_all(b"221 bye\r\n").await,
                _ => "502 not here",
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
            line.clear();
        }
        Ok(())
    }
}

/// What comes up to the line of one dot.
async fn read_text(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn parse(to: Vec<String>, text: &str) -> Mail {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let headers: Vec<String> = head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect();
    let encoding = headers.iter().find_map(|line| line.strip_prefix("Content-Transfer-Encoding: ")).unwrap_or("7bit");
    let body = match encoding {
        "quoted-printable" => quoted_printable(body),
        "base64" => String::from_utf8(BASE64_STANDARD.decode(body.replace("\r\n", "")).unwrap()).unwrap(),
        _ => body.to_owned(),
    };
    Mail { to, headers, body: body.replace("\r\n", "\n") }
}

fn quoted_printable(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let mut parts = joined.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}
