//! The most memory that a process has had since it was last asked, as the kernel counts it (`proc_pid_status(5)`).

use std::fs;

/// Memory of a process.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    id: u32,
}

impl Memory {
    /// Of the process with this id.
    #[must_use]
    pub const fn of(id: u32) -> Self {
        Self { id }
    }

    /// Bytes that it has now.
    #[must_use]
    pub fn now(self) -> u64 {
        self.line("VmRSS:")
    }

    /// The most bytes that it has had since [`Memory::forget`].
    #[must_use]
    pub fn peak(self) -> u64 {
        self.line("VmHWM:")
    }

    /// Begins to watch anew; gives what it has now.
    pub fn forget(self) -> u64 {
        fs::write(format!("/proc/{}/clear_refs", self.id), "5").unwrap();
        self.peak()
    }

    fn line(self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}
