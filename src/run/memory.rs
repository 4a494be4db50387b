//! How much memory the process has.

/// What one process takes, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Now.
    pub resident: u64,
    /// At most, so far.
    pub peak: u64,
}

/// That of this process; `None` where the system does not tell (it is read from `/proc/self/status`).
pub fn memory() -> Option<Memory> {
    parse(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<Memory> {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    };
    Some(Memory { resident: field("VmRSS:")?, peak: field("VmHWM:")? })
}

#[cfg(test)]
mod tests {
    use super::{Memory, parse};

    #[test]
    fn the_status_of_a_process_is_read() {
        let status = "Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t    3000 kB\nVmRSS:\t    2000 kB\n";
        assert_eq!(parse(status), Some(Memory { resident: 2_048_000, peak: 3_072_000 }));
        assert_eq!(parse("VmHWM:\tmany\n"), None);
    }
}
