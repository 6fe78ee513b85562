//! Somebody listens on the bus, as any process of the same user may (design §4, §5).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;

use credex_protocol::envelope::{CheckedEnvelope, ContentKey};
use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;
use credex_tests::importer::Importer;
use credex_tests::monitor::{self, Monitor};

use crate::scene::{COUNTS, DOCUMENT, MARKER, Scene, State, VAULT, payload};

/// Reads an fd empty, so that its shared offset stands at the end.
fn drain(fd: OwnedFd) {
    let mut file = File::from(fd);
    let mut content = Vec::new();
    file.read_to_end(&mut content).ok();
    file.seek(SeekFrom::End(1 << 20)).ok();
}

#[tokio::test]
async fn a_listener_holds_no_plaintext_no_key_and_no_token_and_spoils_nothing() {
    let desktop = Desktop::sending_to(VAULT).await;
    let monitor = Monitor::listen(&desktop, drain).await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let session = exporter.agreed(COUNTS).await;
    let payload = payload();
    session.deposit(&payload, COUNTS).await.unwrap();
    let offer = importer.offer().await;
    let token = offer.token();
    let (opened, results) = offer.redeem().await.unwrap();
    assert_eq!(opened.document, DOCUMENT);
    let receipt = credex_tests::importer::all_taken(&results);
    offer.complete(&receipt).await.unwrap();
    session.receipt().await;

    let seen = monitor.seen().await;
    let bytes = monitor::bytes(&seen);
    let fds = monitor::fds(&seen);
    assert!(
        monitor::contains(&bytes, b"RequestExport"),
        "the listener heard nothing"
    );
    assert!(
        fds.len() >= 2,
        "the payload went by twice, and {} fds were seen",
        fds.len()
    );
    let mut hoard = bytes;
    for fd in &fds {
        hoard.extend(content(fd));
        assert_unchangeable(fd);
    }
    let forms = forms_of(&token);
    let key = payload.key.as_bytes();
    let secrets = [MARKER.as_bytes(), key]
        .into_iter()
        .chain(forms.iter().map(Vec::as_slice));
    for secret in secrets {
        assert!(
            !monitor::contains(&hoard, secret),
            "the listener holds {secret:x?}"
        );
    }
    for fd in fds {
        assert_opens_with_nothing_of(&hoard, fd);
    }
}

#[tokio::test]
async fn the_most_talkative_log_tells_no_secret() {
    let plan = Desktop::plan().variable("CREDEX_LOG", "trace");
    let scene = Scene::planned(State::Exporting, plan).await;
    let payload = payload();
    let session = scene.session();
    session.deposit(&payload, COUNTS).await.unwrap();
    let offer = scene.importer.offer().await;
    let wrong = offer.seal_token(&[7; 16]);
    let refused = scene.importer.redeem_raw(&offer.path, &wrong).await;
    assert!(refused.is_err());
    let (_, results) = offer.redeem().await.unwrap();
    let receipt = credex_tests::importer::all_taken(&results);
    offer.complete(&receipt).await.unwrap();
    session.receipt().await;
    let log = scene.desktop.log();
    assert!(log.contains("TRACE"), "{log}");
    let key = payload.key.as_bytes();
    let listed = format!("{key:?}");
    let listed = listed.trim_matches(['[', ']']);
    let secrets = forms_of(&offer.token()).into_iter().chain(forms_of(key));
    let texts = [MARKER, listed].map(|text| text.as_bytes().to_vec());
    for secret in secrets.chain(texts) {
        assert!(
            !monitor::contains(log.as_bytes(), &secret),
            "{secret:x?} is in the log"
        );
    }
}

fn content(fd: &OwnedFd) -> Vec<u8> {
    let file = File::from(fd.try_clone().unwrap());
    let mut content = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    file.read_exact_at(&mut content, 0).unwrap();
    content
}

fn assert_unchangeable(fd: &OwnedFd) {
    let file = File::from(fd.try_clone().unwrap());
    assert!(
        file.write_at(b"x", 40).is_err(),
        "the payload could be written"
    );
    assert!(file.set_len(0).is_err(), "the payload could be cut");
    assert!(
        file.set_len(1 << 20).is_err(),
        "the payload could be padded"
    );
}

/// A token as bytes, and as the texts that are usual for a UUID.
pub(crate) fn forms_of(token: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
    let cuts = [0..8, 8..12, 12..16, 16..20, 20..32];
    let dashed = cuts.map(|cut| hex[cut].to_owned()).join("-");
    let texts = [hex.to_uppercase(), dashed.to_uppercase(), hex, dashed];
    let texts = texts.into_iter().map(String::into_bytes);
    std::iter::once(token.to_vec()).chain(texts).collect()
}

/// Tries every 32 bytes that were seen as the key.
fn assert_opens_with_nothing_of(hoard: &[u8], fd: OwnedFd) {
    let envelope =
        CheckedEnvelope::check(fd.as_fd().try_clone_to_owned().unwrap(), u64::MAX).unwrap();
    for (at, window) in hoard.array_windows_of::<32>().enumerate() {
        let mut opener = envelope.opener(&ContentKey::from_bytes(window)).unwrap();
        let mut plaintext = vec![0; opener.segment_buffer_len()];
        let opened = opener.read_segment_into(&mut plaintext);
        assert!(
            opened.is_err(),
            "the bytes at {at} of what was seen are the key"
        );
    }
}

/// `slice::array_windows`, which is not stable yet.
trait ArrayWindows {
    fn array_windows_of<const N: usize>(&self) -> impl Iterator<Item = &[u8; N]>;
}

impl ArrayWindows for [u8] {
    fn array_windows_of<const N: usize>(&self) -> impl Iterator<Item = &[u8; N]> {
        self.windows(N).map(|window| window.try_into().unwrap())
    }
}
