//! The floor of a hand-over: the same bytes through the same cipher, once each way, in a memory file
//! that goes over a raw socket from one thread to another. No bus, no daemon, no consent, no seals,
//! no wiping, and the key is known to both.
//!
//! It ends with what ours ends with: the whole plaintext in one piece of memory, huge pages asked for
//! from 1 MiB on.

use std::io::{IoSlice, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use credex_protocol::envelope::memfd;
use memmap2::{Advice, MmapMut};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustix::io::pread;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

const SEGMENT: usize = 65_536;
const TAG: usize = 16;

/// Looks at a document; the floor of a checked hand-over does it at both ends.
pub(crate) type Look = fn(&[u8]);

/// A sending thread, which is the caller's, and a receiving one.
pub(crate) struct RawPair {
    socket: Option<UnixStream>,
    arrivals: Receiver<Instant>,
    receiver: Option<JoinHandle<()>>,
    look: Look,
}

impl RawPair {
    pub(crate) fn start(look: Look) -> RawPair {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (arrived, arrivals) = channel();
        let receiver = std::thread::spawn(move || {
            while let Some((fd, len)) = receive(&theirs) {
                let plaintext = open(&fd, len);
                look(&plaintext);
                arrived.send(Instant::now()).unwrap();
            }
        });
        RawPair {
            socket: Some(ours),
            arrivals,
            receiver: Some(receiver),
            look,
        }
    }

    /// Sends `plaintext`, and returns the time until it is there in the clear.
    pub(crate) fn hand_over(&self, plaintext: &[u8]) -> Duration {
        let start = Instant::now();
        (self.look)(plaintext);
        let file = seal(plaintext);
        send(self.socket.as_ref().unwrap(), &file, plaintext.len());
        self.arrivals.recv().unwrap() - start
    }
}

impl Drop for RawPair {
    fn drop(&mut self) {
        self.socket = None;
        self.receiver.take().unwrap().join().unwrap();
    }
}

fn key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap())
}

fn nonce(number: usize) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&(number as u64).to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Seals a copy of each segment, since the plaintext is the app's.
fn seal(plaintext: &[u8]) -> OwnedFd {
    let key = key();
    let mut file = memfd::create().unwrap();
    let mut scratch = Vec::with_capacity(SEGMENT + TAG);
    for (number, segment) in plaintext.chunks(SEGMENT).enumerate() {
        scratch.clear();
        scratch.extend_from_slice(segment);
        key.seal_in_place_append_tag(nonce(number), Aad::empty(), &mut scratch)
            .unwrap();
        file.write_all(&scratch).unwrap();
    }
    file.into()
}

fn open(file: &OwnedFd, len: usize) -> Memory {
    let key = key();
    let mut memory = Memory::with_room_for(len);
    let room = memory.room();
    for (number, start) in (0..len).step_by(SEGMENT).enumerate() {
        let end = (start + SEGMENT).min(len) + TAG;
        let segment = &mut room[start..end];
        let got = pread(file, &mut *segment, (start + number * TAG) as u64).unwrap();
        assert_eq!(got, segment.len());
        key.open_in_place(nonce(number), Aad::empty(), segment)
            .unwrap();
    }
    memory
}

enum Memory {
    Heap(Vec<u8>, usize),
    Pages(MmapMut, usize),
}

impl Memory {
    fn with_room_for(len: usize) -> Memory {
        if len < 1 << 20 {
            return Memory::Heap(vec![0; len + TAG], len);
        }
        let map = MmapMut::map_anon(len + TAG).unwrap();
        map.advise(Advice::HugePage).unwrap();
        Memory::Pages(map, len)
    }

    fn room(&mut self) -> &mut [u8] {
        match self {
            Memory::Heap(heap, _) => heap,
            Memory::Pages(map, _) => map,
        }
    }
}

impl Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Memory::Heap(heap, len) => &heap[..*len],
            Memory::Pages(map, len) => &map[..*len],
        }
    }
}

fn send(socket: &UnixStream, file: &OwnedFd, len: usize) {
    let fds = [file.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(&fds)));
    let len = len.to_ne_bytes();
    sendmsg(
        socket,
        &[IoSlice::new(&len)],
        &mut ancillary,
        SendFlags::empty(),
    )
    .unwrap();
}

/// `None` once the sender is gone.
fn receive(socket: &UnixStream) -> Option<(OwnedFd, usize)> {
    let mut len = [0; size_of::<usize>()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let into = &mut [IoSliceMut::new(&mut len)];
    recvmsg(socket, into, &mut ancillary, RecvFlags::CMSG_CLOEXEC).unwrap();
    let fds = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    fds.map(|fd| (fd, usize::from_ne_bytes(len)))
}
