//! Stories of the memory file (design §4): what a stranger may hand over as an envelope, and what
//! a thief with a duplicate of the descriptor can do to it.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use credex_protocol::envelope::{
    CheckedEnvelope, ContentKey, FileKind, HEADER_LEN, HeaderError, Opener, Refusal, Sealer,
    envelope_size, memfd,
};
use rustix::fs::{Mode, OFlags, SealFlags, fcntl_add_seals, fcntl_get_seals};

const LIMIT: u64 = 1 << 30;

fn key() -> ContentKey {
    ContentKey::from_bytes(&[7; 32])
}

/// A whole envelope in a memory file that can still change.
fn unsealed(plaintext: &[u8]) -> File {
    let mut sealer = Sealer::new(memfd::create().unwrap(), &key()).unwrap();
    sealer.write_all(plaintext).unwrap();
    sealer.finish().unwrap()
}

fn envelope(plaintext: &[u8]) -> File {
    let file = unsealed(plaintext);
    memfd::seal(&file).unwrap();
    file
}

fn refusal(fd: impl Into<OwnedFd>) -> Refusal {
    CheckedEnvelope::check(fd.into(), LIMIT).unwrap_err()
}

fn kind(fd: impl Into<OwnedFd>) -> FileKind {
    match refusal(fd) {
        Refusal::NotAMemfd(kind) => kind,
        other => panic!("{other}"),
    }
}

/// A memory file sealed around the header of an envelope, changed, and a given size.
fn sealed_with(header: impl FnOnce(&mut [u8]), size: u64) -> File {
    let mut whole = vec![0; HEADER_LEN];
    let mut file = unsealed(b"");
    file.rewind().unwrap();
    file.read_exact(&mut whole).unwrap();
    header(&mut whole);
    file.rewind().unwrap();
    file.write_all(&whole).unwrap();
    file.set_len(size).unwrap();
    memfd::seal(&file).unwrap();
    file
}

#[test]
fn a_sealed_envelope_passes_and_opens() {
    let checked = CheckedEnvelope::check(envelope(b"hunter2").into(), LIMIT).unwrap();
    assert_eq!(
        (checked.plaintext_len(), checked.size()),
        (7, envelope_size(7))
    );
    let opened = checked.opener(&key()).unwrap().open_whole(LIMIT).unwrap();
    assert_eq!(&*opened, b"hunter2");
}

#[test]
fn an_envelope_passes_from_hand_to_hand_and_is_checked_by_each() {
    let daemon = CheckedEnvelope::check(envelope(b"").into(), LIMIT).unwrap();
    let importer = CheckedEnvelope::check(OwnedFd::from(daemon), LIMIT).unwrap();
    assert!(
        importer
            .opener(&key())
            .unwrap()
            .open_whole(LIMIT)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_memory_file_for_an_envelope_does_not_survive_exec_and_is_not_executable() {
    let file = memfd::create().unwrap();
    let flags = rustix::io::fcntl_getfd(&file).unwrap();
    assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    if fcntl_get_seals(&file).unwrap().contains(SealFlags::EXEC) {
        assert_eq!(rustix::fs::fstat(&file).unwrap().st_mode & 0o111, 0);
    } else {
        eprintln!("this kernel knows no MFD_NOEXEC_SEAL: that half was not tested");
    }
}

#[test]
fn a_sealed_envelope_can_be_neither_written_nor_grown_nor_shrunk_nor_unsealed() {
    let mut file = envelope(b"hunter2");
    file.rewind().unwrap();
    assert!(file.write_all(b"x").is_err());
    assert!(file.set_len(0).is_err());
    assert!(file.set_len(1 << 20).is_err());
    assert!(fcntl_add_seals(&file, SealFlags::FUTURE_WRITE).is_err());
}

#[test]
fn a_pipe_is_refused_without_waiting_for_it() {
    let (reader, _writer) = std::io::pipe().unwrap();
    assert_eq!(kind(reader), FileKind::Pipe);
}

#[test]
fn a_socket_is_refused_without_waiting_for_it() {
    let (ours, _theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    assert_eq!(kind(ours), FileKind::Socket);
}

#[test]
fn a_directory_is_refused() {
    assert_eq!(kind(File::open("/").unwrap()), FileKind::Directory);
}

#[test]
fn an_endless_device_is_refused_unread() {
    assert_eq!(
        kind(File::open("/dev/zero").unwrap()),
        FileKind::CharacterDevice
    );
}

#[test]
fn an_anonymous_inode_is_refused() {
    let event = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
    assert_eq!(kind(event), FileKind::Other);
}

#[test]
fn an_ordinary_file_is_refused_whatever_it_holds() {
    let file = File::open(std::env::current_exe().unwrap()).unwrap();
    let refusal = refusal(file);
    let told = refusal.to_string();
    assert!(
        matches!(
            refusal,
            Refusal::NotAMemfd(FileKind::RegularFile) | Refusal::MissingSeals(_)
        ),
        "{told}"
    );
    assert!(
        told.contains("memfd_create") || told.contains("F_ADD_SEALS"),
        "{told}"
    );
}

#[test]
fn a_file_of_a_memory_file_system_is_refused_for_it_can_be_changed() {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::open("/dev/shm", flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => assert!(matches!(
            refusal(file),
            Refusal::MissingSeals(_) | Refusal::NotAMemfd(FileKind::RegularFile)
        )),
        Err(error) => eprintln!("no /dev/shm here ({error}): not tested"),
    }
}

#[test]
fn an_unsealed_envelope_is_refused_and_told_every_seal_it_lacks() {
    let Refusal::MissingSeals(missing) = refusal(unsealed(b"hunter2")) else {
        panic!()
    };
    let all = [
        "F_SEAL_WRITE",
        "F_SEAL_GROW",
        "F_SEAL_SHRINK",
        "F_SEAL_SEAL",
    ];
    assert!(missing.names().eq(all), "{missing}");
}

#[test]
fn each_seal_is_missed_on_its_own() {
    let seals = [
        (SealFlags::WRITE, "F_SEAL_WRITE"),
        (SealFlags::GROW, "F_SEAL_GROW"),
        (SealFlags::SHRINK, "F_SEAL_SHRINK"),
        (SealFlags::SEAL, "F_SEAL_SEAL"),
    ];
    for (left_out, name) in seals {
        let file = unsealed(b"hunter2");
        fcntl_add_seals(&file, memfd::SEALS - left_out).unwrap();
        let Refusal::MissingSeals(missing) = refusal(file) else {
            panic!("{name}")
        };
        assert!(missing.names().eq([name]), "{missing}");
    }
}

#[test]
fn a_seal_against_future_writers_alone_is_not_enough() {
    let file = unsealed(b"hunter2");
    let seals = (memfd::SEALS - SealFlags::WRITE) | SealFlags::FUTURE_WRITE;
    fcntl_add_seals(&file, seals).unwrap();
    assert!(matches!(refusal(file), Refusal::MissingSeals(_)));
}

#[test]
fn an_empty_memory_file_is_refused() {
    let file = memfd::create().unwrap();
    memfd::seal(&file).unwrap();
    assert!(matches!(refusal(file), Refusal::Empty));
}

#[test]
fn a_file_shorter_than_a_header_is_refused() {
    assert!(matches!(
        refusal(sealed_with(|_| (), 31)),
        Refusal::TooShort { size: 31 }
    ));
}

#[test]
fn a_file_of_something_else_is_refused_by_its_magic() {
    let plain = sealed_with(|header| header[..8].copy_from_slice(b"{\"versio"), 100);
    assert!(matches!(
        refusal(plain),
        Refusal::Header(HeaderError::BadMagic)
    ));
}

#[test]
fn a_segment_size_that_would_make_an_opener_hold_too_much_is_refused() {
    let huge = (1_u32 << 30).to_be_bytes();
    let file = sealed_with(|header| header[8..12].copy_from_slice(&huge), 100);
    assert!(matches!(
        refusal(file),
        Refusal::Header(HeaderError::UnsupportedSegmentSize(0x4000_0000))
    ));
}

#[test]
fn a_cut_or_padded_envelope_is_refused_without_being_opened() {
    let whole = envelope_size(0);
    for size in [whole - 1, whole + 1, whole + 4096] {
        let refusal = refusal(sealed_with(|_| (), size));
        assert!(
            matches!(refusal, Refusal::LengthMismatch { claimed: 0, .. }),
            "{size}: {refusal}"
        );
    }
}

#[test]
fn an_envelope_cut_at_a_segment_border_is_refused_by_its_claim() {
    let claimed = 3 * 65_536_u64;
    let claim = |header: &mut [u8]| header[24..32].copy_from_slice(&claimed.to_be_bytes());
    let file = sealed_with(claim, envelope_size(2 * 65_536));
    assert!(matches!(
        refusal(file),
        Refusal::LengthMismatch {
            claimed: 196_608,
            ..
        }
    ));
}

#[test]
fn an_envelope_whose_sealer_never_finished_is_refused() {
    let mut file = memfd::create().unwrap();
    let mut sealer = Sealer::new(&mut file, &key()).unwrap();
    sealer.write_all(&[0; 70_000]).unwrap();
    drop(sealer);
    memfd::seal(&file).unwrap();
    assert!(matches!(
        refusal(file),
        Refusal::LengthMismatch {
            claimed: u64::MAX,
            ..
        }
    ));
}

#[test]
fn a_sparse_file_that_claims_four_gibibytes_is_refused_for_its_size() {
    let claimed = 4_u64 << 30;
    let claim = |header: &mut [u8]| header[24..32].copy_from_slice(&claimed.to_be_bytes());
    let file = sealed_with(claim, envelope_size(claimed));
    assert!(matches!(
        refusal(file),
        Refusal::TooLarge {
            size: 0x1_0000_0000,
            limit: LIMIT
        }
    ));
}

#[test]
fn a_payload_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    assert!(CheckedEnvelope::check(envelope(b"1234567").into(), 7).is_ok());
    let refused = CheckedEnvelope::check(envelope(b"12345678").into(), 7);
    assert!(matches!(
        refused,
        Err(Refusal::TooLarge { size: 8, limit: 7 })
    ));
}

#[test]
fn a_descriptor_that_is_only_a_path_is_refused() {
    let file = envelope(b"hunter2");
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let fd = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap();
    assert!(matches!(refusal(fd), Refusal::NotReadable { .. }));
}

#[test]
fn a_descriptor_that_can_only_be_written_is_refused() {
    let file = unsealed(b"hunter2");
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let write_only = OpenOptions::new()
        .write(true)
        .custom_flags(0)
        .open(path)
        .unwrap();
    memfd::seal(&file).unwrap();
    assert!(matches!(refusal(write_only), Refusal::NotReadable { .. }));
}

#[test]
fn the_offset_of_the_descriptor_is_neither_used_nor_moved() {
    let mut file = envelope(b"hunter2");
    file.seek(SeekFrom::Start(1_000_000)).unwrap();
    let checked = CheckedEnvelope::check(file.try_clone().unwrap().into(), LIMIT).unwrap();
    assert_eq!(
        &*checked.opener(&key()).unwrap().open_whole(LIMIT).unwrap(),
        b"hunter2"
    );
    assert_eq!(file.stream_position().unwrap(), 1_000_000);
}

#[test]
fn a_thief_who_moves_the_shared_offset_between_two_reads_changes_nothing() {
    let plaintext: Vec<u8> = (0..200_000_u32).map(|at| (at % 251) as u8).collect();
    let mut theirs = envelope(&plaintext);
    let checked = CheckedEnvelope::check(theirs.try_clone().unwrap().into(), LIMIT).unwrap();
    let mut opener: Opener<_> = checked.opener(&key()).unwrap();
    let (mut opened, mut piece) = (Vec::new(), vec![0; 10_000]);
    for offset in (0..).step_by(777) {
        theirs.seek(SeekFrom::Start(offset)).unwrap();
        match opener.read(&mut piece).unwrap() {
            0 => break,
            got => opened.extend_from_slice(&piece[..got]),
        }
    }
    assert!(opened == plaintext);
}
