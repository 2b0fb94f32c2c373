//! One of the product's programs: started with variables only, asked for its health, ended by signals, started again.

use super::{
    process::{Process, Signal},
    wait,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use tests::hostile::memory::Memory;

/// How much of a log is shown when a test fails, in bytes.
const SHOWN: usize = 12_000;

/// A program of ours.
pub(crate) struct Program {
    name: &'static str,
    arguments: &'static [&'static str],
    variables: BTreeMap<String, String>,
    folder: PathBuf,
    health: Vec<String>,
    running: Option<Process>,
}

impl Program {
    /// Describes a program that is not started yet; `health` are the addresses that answer 200 once it serves.
    pub(crate) fn new(
        name: &'static str,
        arguments: &'static [&'static str],
        variables: BTreeMap<String, String>,
        folder: &Path,
        health: Vec<String>,
    ) -> Self {
        Self { name, arguments, variables, folder: folder.to_owned(), health, running: None }
    }

    /// Starts it and waits until it serves.
    pub(crate) async fn start(&mut self) {
        self.launch();
        let client = reqwest::Client::new();
        for address in &self.health {
            let what = format!("{} serves {address}", self.name);
            let start = std::time::Instant::now();
            loop {
                if client.get(address).send().await.is_ok_and(|answer| answer.status() == 200) {
                    break;
                }
                let ended = self.running.as_mut().and_then(Process::ended);
                assert!(ended.is_none(), "{} ended instead of serving: {ended:?}\n{}", self.name, self.log());
                assert!(start.elapsed() < wait::PATIENCE, "waited in vain: {what}\n{}", self.log());
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
    }

    /// Starts it without waiting for anything.
    pub(crate) fn launch(&mut self) {
        assert!(self.running.is_none(), "{} runs already", self.name);
        let mut command = command(self.name);
        command.args(self.arguments).current_dir(&self.folder);
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        self.running = Some(Process::start(&command, &self.log_file()));
    }

    /// What a variable of its own says.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(&format!("STOPOVER_{name}")).map(String::as_str)
    }

    /// Asks it to end, and waits until it has; it must end well.
    pub(crate) async fn stop(&mut self) {
        let mut running = self.running.take().expect("it runs");
        running.signal(Signal::Terminate);
        let status = running.end(wait::PATIENCE).await;
        assert!(status.success(), "{} ended with {status} when asked to stop\n{}", self.name, self.log());
    }

    /// Kills it, as the kernel does when memory is short.
    pub(crate) async fn kill(&mut self) {
        let mut running = self.running.take().expect("it runs");
        running.signal(Signal::Kill);
        running.end(wait::PATIENCE).await;
    }

    /// Runs another command of it, with the same variables, to its good end.
    pub(crate) fn once(&self, argument: &str) {
        let output = command(self.name).arg(argument).envs(&self.variables).output().unwrap();
        assert!(output.status.success(), "{argument}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Sends a signal that does not end it.
    pub(crate) fn signal(&self, signal: Signal) {
        self.running.as_ref().expect("it runs").signal(signal);
    }

    /// Bytes of memory that it has.
    pub(crate) fn memory(&self) -> u64 {
        self.peak_memory().now()
    }

    /// Its memory, as it comes and goes.
    pub(crate) fn peak_memory(&self) -> Memory {
        Memory::of(self.running.as_ref().expect("it runs").id())
    }

    /// All that it said so far.
    pub(crate) fn whole_log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The end of what it said so far, without the statements.
    pub(crate) fn log(&self) -> String {
        let log: Vec<_> =
            self.whole_log().lines().filter(|line| !line.contains(" TRACE ")).map(str::to_owned).collect();
        let log = log.join("\n");
        let start = log.len().saturating_sub(SHOWN);
        let start = log.ceil_char_boundary(start);
        format!("--- log of {}\n{}---", self.name, &log[start..])
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }
}

/// A command of a program of this workspace, in the folder where the test binary's own folder lies, with no variable
/// but `PATH`.
pub(crate) fn command(name: &str) -> Command {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().and_then(Path::parent).unwrap();
    let file = folder.join(name);
    assert!(file.is_file(), "{} is missing: cargo build --workspace", file.display());
    let mut command = Command::new(file);
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("STOPOVER_") {
            command.env_remove(variable);
        }
    }
    command
}
