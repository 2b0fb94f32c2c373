//! Starting and ending programs. What one test starts dies with the test's thread, what all tests share dies with the
//! test binary, and each is ended by its own id.

use super::wait;
use std::{
    ffi::OsStr,
    fs::{File, OpenOptions},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

/// A free port below those that the system hands out for outgoing connections, never given twice by this process.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 18_000).unwrap_or_default();
    loop {
        let port = 12_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Finds a program in `PATH` or in one of `folders`; fails with the Debian package that has it.
pub(crate) fn find(name: &str, folders: &[PathBuf], package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = std::env::split_paths(&path).chain(folders.iter().cloned());
    candidates.map(|folder| folder.join(name)).find(|file| file.is_file()).unwrap_or_else(|| {
        panic!("the integration tests need `{name}`: install the Debian package {package} (apt-get install {package})")
    })
}

/// How a process is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM
    Terminate,
    /// SIGINT
    Interrupt,
    /// SIGKILL
    Kill,
    /// SIGSTOP: it stands still, and its connections stay open.
    Freeze,
    /// SIGCONT
    Thaw,
}

/// A running program whose output goes into a file.
pub(crate) struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts `command`, appending its output to `log`. It is killed when the calling thread ends, at the latest.
    pub(crate) fn start(command: &Command, log: &Path) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let log = appending(log);
        // keeps the process id: setpriv turns into the program
        let mut guarded = Command::new("setpriv");
        guarded.args(["--pdeathsig", "KILL"]).arg(command.get_program()).args(command.get_args());
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => guarded.env(variable, value),
                None => guarded.env_remove(variable),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            guarded.current_dir(folder);
        }
        let errors = log.try_clone().unwrap();
        guarded.stdin(Stdio::null()).stdout(log).stderr(errors);
        let child = guarded.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self { child, name }
    }

    /// Its id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let name = match signal {
            Signal::Terminate => "TERM",
            Signal::Interrupt => "INT",
            Signal::Kill => "KILL",
            Signal::Freeze => "STOP",
            Signal::Thaw => "CONT",
        };
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &self.id().to_string()]).status();
        assert!(sent.unwrap().success(), "{} takes no signal", self.name);
    }

    /// Whether it has ended, and how.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end.
    pub(crate) async fn end(&mut self, limit: Duration) -> ExitStatus {
        let what = format!("{} ends", self.name);
        wait::until(&what, limit, async || self.ended()).await
    }

    /// The same, where nothing can be awaited.
    pub(crate) fn end_now(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        while self.ended().is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // a process that has ended already makes this an error, and that is fine
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn appending(log: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(log).unwrap()
}

/// Starts a command that lives as long as the test binary and then takes its folder with it.
pub(crate) fn share(command: &Command, folder: &Path, log: &Path) {
    // this process holds the other end of the shell's input, however it ends
    const SCRIPT: &str =
        "folder=$1; shift; \"$@\" & id=$!; cat >/dev/null; kill -INT $id; wait $id; rm -rf \"$folder\"";
    let log = appending(log);
    let errors = log.try_clone().unwrap();
    let arguments: [&OsStr; 4] = ["-c".as_ref(), SCRIPT.as_ref(), "share".as_ref(), folder.as_ref()];
    let mut shell = Command::new("sh");
    shell.args(arguments).arg(command.get_program()).args(command.get_args());
    let child = shell.stdin(Stdio::piped()).stdout(log).stderr(errors).spawn().unwrap();
    // the child's input stays open until this process is gone
    std::mem::forget(child);
}
