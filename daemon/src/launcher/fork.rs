//! A copy of this process. Serves design §6.

use std::io;

/// Makes a copy of this process, which must have one thread, and says which process it is; `None` in
/// the copy.
///
/// # Errors
/// There is another thread, or `/proc` does not tell, or the system makes no process.
pub(super) fn fork() -> io::Result<Option<u32>> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("a process with threads cannot be copied"));
    }
    // SAFETY: what `fork` leaves behind is the other threads, with the locks that they hold and what they
    // are in the middle of. There are none: only we could have made one since we looked.
    #[allow(unsafe_code)]
    match unsafe { libc::fork() } {
        0 => Ok(None),
        child => match u32::try_from(child) {
            Ok(child) => Ok(Some(child)),
            Err(_) => Err(io::Error::last_os_error()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_is_not_copied() {
        // Whoever runs the tests may do so in the first thread.
        let refusal = std::thread::spawn(fork).join().unwrap().unwrap_err();
        let refusal = refusal.to_string();
        assert_eq!(refusal, "a process with threads cannot be copied");
    }
}
