//! Deposits that are none: refused with a reason and a word about what is wrong, and nothing else
//! suffers (design §4).

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;

use credex::{Error, Payload, cxf, silent};
use credex_protocol::envelope::{MAGIC, PrivateKey, envelope_size, memfd};
use credex_tests::Reason;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;
use credex_tests::importer::Importer;
use credex_tests::payload;

use crate::scene::{COUNTS, DOCUMENT, Scene, State, VAULT, payload};

/// What is refused, with which word, and why.
struct Bad {
    what: &'static str,
    fd: OwnedFd,
    reason: Reason,
    words: &'static [&'static str],
}

fn bad(what: &'static str, fd: impl Into<OwnedFd>, words: &'static [&'static str]) -> Bad {
    let (fd, reason) = (fd.into(), Reason::PayloadRefused);
    Bad {
        what,
        fd,
        reason,
        words,
    }
}

fn everything_bad(desktop: &Desktop) -> Vec<Bad> {
    let directory = desktop.path("home");
    let regular = desktop.path("home/payload");
    std::fs::write(&regular, [0; 100]).unwrap();
    let write_only = File::options().write(true).open(&regular).unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&[0; 100]).unwrap();
    let mut all = vec![
        bad("a pipe", reader, &["pipe", "memfd_create"]),
        bad(
            "a directory",
            File::open(directory).unwrap(),
            &["directory"],
        ),
        bad("a socket", UnixStream::pair().unwrap().0, &["socket"]),
        bad(
            "a device",
            File::open("/dev/zero").unwrap(),
            &["character device"],
        ),
        bad("a file", File::open(regular).unwrap(), &["ordinary file"]),
        bad("a file to write", write_only, &["O_WRONLY"]),
        bad(
            "an unsealed memfd",
            payload::write(DOCUMENT, &[]).file,
            &["F_SEAL_WRITE"],
        ),
        bad(
            "an empty memfd",
            sealed(memfd::create().unwrap()),
            &["empty"],
        ),
        bad("a truncated envelope", resized(-1), &["cut", "padded"]),
        bad("a padded envelope", resized(1), &["cut", "padded"]),
        bad("a header alone", resized(-1000), &["bytes"]),
        bad(
            "a stranger's file",
            of_bytes(&[b'x'; 100]),
            &["not a Credex envelope"],
        ),
        bad(
            "4 GiB that are not there",
            claiming(4 << 30, 100),
            &["4294967296", "100 bytes"],
        ),
    ];
    let huge = claiming(4 << 30, envelope_size(4 << 30));
    let mut huge = bad("4 GiB that are there", huge, &["4294967296", "1073741824"]);
    huge.reason = Reason::PayloadTooLarge;
    all.push(huge);
    all
}

fn sealed(file: File) -> File {
    memfd::seal(&file).unwrap();
    file
}

fn of_bytes(bytes: &[u8]) -> File {
    let mut file = memfd::create().unwrap();
    file.write_all(bytes).unwrap();
    sealed(file)
}

/// A good envelope that was made longer or shorter.
fn resized(by: i64) -> File {
    let file = payload::write(DOCUMENT, &[]).file;
    let size = file.metadata().unwrap().len();
    file.set_len(size.saturating_add_signed(by).max(20))
        .unwrap();
    sealed(file)
}

/// A header of `claimed` plaintext bytes in a file of `size` bytes, of which most are a hole.
fn claiming(claimed: u64, size: u64) -> File {
    let file = memfd::create().unwrap();
    file.set_len(size).unwrap();
    let segment = 65536_u32.to_be_bytes();
    let header = [&MAGIC[..], &segment, &[0; 12], &claimed.to_be_bytes()].concat();
    file.write_all_at(&header, 0).unwrap();
    sealed(file)
}

#[tokio::test]
async fn what_is_no_sealed_payload_is_refused_by_its_name_and_the_session_stays() {
    let mut scene = Scene::at(State::Exporting).await;
    let good = payload();
    let wrapped = good.wrapped(&scene.session().public_key, &scene.session().path);
    for Bad {
        what,
        fd,
        reason,
        words,
    } in everything_bad(&scene.desktop)
    {
        let refused = scene
            .session()
            .deposit_raw(fd.as_fd(), &wrapped, COUNTS)
            .await;
        let error = refused.expect_err(what);
        assert_eq!(error.reason, reason, "{what}: {error}");
        for word in words {
            assert!(error.message.contains(word), "{what}: {error}");
        }
    }
    assert_eq!(
        scene.exporter.left().await,
        [""; 0],
        "the session has not ended"
    );
    scene.session().deposit(&good, COUNTS).await.unwrap();
    assert_eq!(scene.importer.import().await.document, DOCUMENT);
    scene.session().receipt().await;
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn a_key_that_is_not_wrapped_to_this_session_is_refused_and_the_session_stays() {
    let mut scene = Scene::at(State::Exporting).await;
    let (session, good) = (scene.session(), payload());
    let stranger = PrivateKey::generate().unwrap().public_key();
    let cases = [
        ("random bytes", vec![7; 80]),
        ("another key", good.wrapped(&stranger, &session.path)),
        (
            "another session",
            good.wrapped(&session.public_key, "/org/credex/Exchange1/session/1_1/x"),
        ),
        ("too short", vec![7; 79]),
        ("nothing", Vec::new()),
    ];
    for (what, wrapped) in cases {
        let refused = session
            .deposit_raw(good.file.as_fd(), &wrapped, COUNTS)
            .await;
        let error = refused.expect_err(what);
        assert_eq!(error.reason, Reason::PayloadRefused, "{what}: {error}");
        assert!(error.message.contains("wrapped_key"), "{what}: {error}");
    }
    session.deposit(&good, COUNTS).await.unwrap();
    assert_eq!(scene.importer.import().await.document, DOCUMENT);
    session.receipt().await;
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn another_exporter_is_served_while_one_deposits_nonsense() {
    let scene = Scene::at(State::Exporting).await;
    let wrapped = payload().wrapped(&scene.session().public_key, &scene.session().path);
    let other = Exporter::join(&scene.desktop).await;
    for Bad { what, fd, .. } in everything_bad(&scene.desktop) {
        let nonsense = scene.session().deposit_raw(fd.as_fd(), &wrapped, COUNTS);
        let served = async {
            let session = other.agreed(COUNTS).await;
            session.deposit(&payload(), COUNTS).await.unwrap();
            assert_eq!(scene.importer.import().await.document, DOCUMENT);
            session.receipt().await;
        };
        let (refused, ()) = tokio::join!(nonsense, served);
        assert!(refused.is_err(), "{what}");
    }
}

#[tokio::test]
async fn a_second_deposit_is_refused_and_the_first_one_counts() {
    let scene = Scene::at(State::Offered).await;
    let second = payload::seal(b"{\"second\":true}", &[]);
    let error = scene.session().deposit(&second, COUNTS).await.unwrap_err();
    assert_eq!(error.reason, Reason::WrongState, "{error}");
    assert_eq!(scene.offer().redeem().await.unwrap().0.document, DOCUMENT);
}

#[tokio::test]
async fn a_payload_that_was_tampered_with_is_refused_by_the_importers_library() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = credex::Importer::builder(VAULT)
        .connect_to(desktop.bus.address())
        .await;
    let mut importer = importer.unwrap();
    let exporter = Exporter::join(&desktop).await;
    let session = exporter.agreed(COUNTS).await;
    let tampered = payload::write(cxf::sample(), &[]);
    let mut byte = [0];
    tampered.file.read_exact_at(&mut byte, 200).unwrap();
    tampered.file.write_all_at(&[byte[0] ^ 1], 200).unwrap();
    memfd::seal(&tampered.file).unwrap();
    session.deposit(&tampered, COUNTS).await.unwrap();
    let offer = importer.next_offer().await.unwrap();
    let error = offer.redeem(&mut silent).await.unwrap_err();
    assert!(matches!(error, Error::Open(_)), "{error:?}");
    let (error, handed_over) = session.failure().await;
    assert_eq!(error.reason, Reason::ImporterDeclined, "{error}");
    assert!(handed_over);
    let finished = desktop.person.finished().await;
    assert_eq!(finished["outcome"], "failed", "{finished}");
}

#[tokio::test]
async fn a_document_that_nobody_could_import_is_refused_by_the_exporters_library() {
    let desktop = Desktop::sending_to(VAULT).await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let address = desktop.bus.address();
    let exporter = credex::Exporter::connect_to(address, "org.example.App")
        .await
        .unwrap();
    let error = exporter
        .export(Payload::new("{\"version\":"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Document(_)), "{error:?}");
    assert_eq!(
        desktop.person.left(),
        [serde_json::Value::Null; 0],
        "nobody was asked"
    );
}
