//! Two things at the same moment: whichever comes first, everybody gets one answer, and the answers
//! agree (design §3, "each terminal step answers exactly once").

use credex_protocol::envelope::CheckedEnvelope;
use credex_tests::Reason;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::{Ending, Exporter, Session};
use credex_tests::importer::{Importer, Offer};
use credex_tests::payload;
use futures_util::future::{join, join_all};
use rustix::time::{ClockId, clock_gettime};

use crate::scene::{COUNTS, DOCUMENT, Scene, State, VAULT, payload};

const ROUNDS: usize = 50;

/// Many exchanges, one after the other.
struct Apps {
    _desktop: Desktop,
    exporter: Exporter,
    importer: Importer,
}

impl Apps {
    async fn on(desktop: Desktop) -> Apps {
        Apps {
            importer: Importer::announced(&desktop, VAULT).await,
            exporter: Exporter::join(&desktop).await,
            _desktop: desktop,
        }
    }

    async fn offered(&self) -> (Session, Offer) {
        let session = self.exporter.agreed(COUNTS).await;
        session.deposit(&payload(), COUNTS).await.unwrap();
        (session, self.importer.offer().await)
    }

    /// Nobody was told anything that nobody waited for.
    async fn nothing_more_is_said(&self) {
        assert_eq!(self.exporter.left().await, [""; 0]);
        assert_eq!(self.importer.left().await, [""; 0]);
        assert_eq!(self.exporter.status().await.exchanges, Some(0));
    }
}

#[tokio::test]
async fn a_redemption_and_a_close_agree_on_who_came_first() {
    let apps = Apps::on(Desktop::sending_to(VAULT).await).await;
    let mut redeemed = 0;
    for round in 0..ROUNDS {
        let (session, offer) = apps.offered().await;
        // Who is asked first takes turns; the daemon asks the bus about the redeemer in between.
        let (taken, closed) = match round % 2 {
            0 => join(offer.redeem(), session.close()).await,
            _ => {
                let (closed, taken) = join(session.close(), offer.redeem()).await;
                (taken, closed)
            }
        };
        closed.unwrap();
        match taken {
            Ok((opened, _)) => {
                redeemed += 1;
                assert_eq!(opened.document, DOCUMENT);
                offer.complete(&Default::default()).await.unwrap();
                session.receipt().await;
            }
            Err(refusal) => {
                assert_eq!(refusal.reason, Reason::Cancelled, "{refusal}");
                assert_eq!(
                    apps.importer.withdrawn().await.error.reason,
                    Reason::Cancelled
                );
            }
        }
        apps.nothing_more_is_said().await;
    }
    eprintln!("{redeemed} of {ROUNDS} were redeemed first");
}

#[tokio::test]
async fn an_extension_at_the_last_moment_is_granted_or_too_late_and_nothing_between() {
    let plan = Desktop::plan().chooser(credex_tests::chooser::Script::choose(VAULT));
    let plan = plan.seconds("offer", 1).limit("exchanges_per_app", 64);
    let apps = Apps::on(plan.open().await).await;
    let mut all = Vec::new();
    for _ in 0..16 {
        all.push(apps.offered().await);
    }
    // Each asks at another moment around its end.
    let asked = all.into_iter().zip((0i64..).map(|number| number - 6));
    let ends = asked.map(|((session, offer), before)| async move {
        let expires = i64::try_from(offer.options.expires.unwrap()).unwrap();
        while now() < expires - before {
            tokio::task::yield_now().await;
        }
        match offer.extend(60).await {
            Ok(longer) => {
                assert!(longer > expires.unsigned_abs() + 50_000);
                offer
                    .redeem()
                    .await
                    .expect("what was extended can be redeemed");
                offer.complete(&Default::default()).await.unwrap();
                session.receipt().await;
                true
            }
            Err(refusal) => {
                assert_eq!(refusal.reason, Reason::Expired, "{refusal}");
                let refusal = offer.redeem().await.unwrap_err();
                assert_eq!(refusal.reason, Reason::Expired, "{refusal}");
                assert_eq!(session.failure().await.0.reason, Reason::Expired);
                false
            }
        }
    });
    let extended = join_all(ends).await;
    for _ in extended.iter().filter(|extended| !**extended) {
        assert_eq!(
            apps.importer.withdrawn().await.error.reason,
            Reason::Expired
        );
    }
    apps.nothing_more_is_said().await;
}

/// Milliseconds of CLOCK_BOOTTIME, by which offers end.
fn now() -> i64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

#[tokio::test]
async fn of_two_deposits_at_once_one_is_taken_and_it_is_the_one_that_arrives() {
    let apps = Apps::on(Desktop::sending_to(VAULT).await).await;
    for _ in 0..ROUNDS {
        let session = apps.exporter.agreed(COUNTS).await;
        let (one, two) = (payload::seal(b"one", &[]), payload::seal(b"two", &[]));
        let (first, second) =
            join(session.deposit(&one, COUNTS), session.deposit(&two, COUNTS)).await;
        let taken = match (&first, &second) {
            (Ok(_), Err(refusal)) => (one, refusal),
            (Err(refusal), Ok(_)) => (two, refusal),
            both => panic!("{both:?}"),
        };
        assert_eq!(taken.1.reason, Reason::WrongState, "{}", taken.1);
        let offer = apps.importer.offer().await;
        let (fd, key, _) = offer.redeem_unopened().await.unwrap();
        assert_eq!(key.as_bytes(), taken.0.key.as_bytes());
        CheckedEnvelope::check(fd.into(), u64::MAX)
            .unwrap()
            .opener(&key)
            .unwrap();
        offer.complete(&Default::default()).await.unwrap();
        session.receipt().await;
        apps.nothing_more_is_said().await;
    }
}

#[tokio::test]
async fn of_two_receipts_at_once_one_is_taken() {
    let apps = Apps::on(Desktop::sending_to(VAULT).await).await;
    for _ in 0..ROUNDS {
        let (session, offer) = apps.offered().await;
        offer.redeem().await.unwrap();
        let receipt = Default::default();
        let both = join(offer.complete(&receipt), offer.complete(&receipt)).await;
        let refusal = match both {
            (Ok(()), Err(refusal)) | (Err(refusal), Ok(())) => refusal,
            both => panic!("{both:?}"),
        };
        assert_eq!(refusal.reason, Reason::AlreadyRedeemed, "{refusal}");
        session.receipt().await;
        apps.nothing_more_is_said().await;
    }
}

#[tokio::test]
async fn of_a_receipt_and_a_refusal_at_once_the_first_counts() {
    let apps = Apps::on(Desktop::sending_to(VAULT).await).await;
    for round in 0..ROUNDS {
        let (session, offer) = apps.offered().await;
        offer.redeem().await.unwrap();
        let receipt = Default::default();
        let (completed, declined) = match round % 2 {
            0 => join(offer.complete(&receipt), offer.decline("no")).await,
            _ => {
                let (declined, completed) =
                    join(offer.decline("no"), offer.complete(&receipt)).await;
                (completed, declined)
            }
        };
        match (completed, declined, session.ending().await) {
            (Ok(()), Err(refusal), Ending::Completed { .. })
            | (
                Err(refusal),
                Ok(()),
                Ending::Closed {
                    handed_over: true, ..
                },
            ) => {
                assert_eq!(refusal.reason, Reason::AlreadyRedeemed, "{refusal}");
            }
            other => panic!("{other:?}"),
        }
        apps.nothing_more_is_said().await;
    }
}

#[tokio::test]
async fn a_receipt_for_what_was_not_redeemed_changes_nothing() {
    let scene = Scene::at(State::Offered).await;
    let refusal = scene
        .offer()
        .complete(&Default::default())
        .await
        .unwrap_err();
    assert_eq!(refusal.reason, Reason::WrongState, "{refusal}");
    let (opened, _) = scene.offer().redeem().await.unwrap();
    assert_eq!(opened.document, DOCUMENT);
    scene.offer().complete(&Default::default()).await.unwrap();
    scene.session().receipt().await;
    assert_eq!(scene.exporter.left().await, [""; 0]);
}
