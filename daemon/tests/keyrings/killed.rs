//! gnome-keyring killed in the middle of a write: nothing is lost, and nothing is there twice.

use std::time::{Duration, Instant};

use credexd::web_credentials::store::{Asking, Comparison, Saved, Store, StoreError};

use crate::gnome::keyring;
use crate::keyring::{login, told};
use crate::session::{Running, Session, has};

const ROUNDS: u32 = 50;

/// Kills the keyring at a point of a `put` that moves on from round to round.
#[tokio::test(flavor = "current_thread")]
async fn a_keyring_that_is_killed_while_it_writes_loses_nothing_and_doubles_nothing() {
    if !has("gnome-keyring-daemon") || !has("secret-tool") {
        return;
    }
    let session = Session::start().await;
    let asking = Asking::default();
    let store = session.store();
    let mut running = keyring(&session, None).await;
    let bystander = login("example.org", "bystander", "stays as it is");
    store.put(&bystander, &asking).await.unwrap();
    let mut held = login("example.org", "ann", "the first one");
    let span = {
        let before = Instant::now();
        store.put(&held, &asking).await.unwrap();
        before.elapsed()
    };
    let (mut confirmed, mut written, mut kept) = (0, 0, 0);
    for round in 1..=ROUNDS {
        let new = login("example.org", "ann", &format!("password {round}"));
        let put = cut_short(store.put(&new, &asking), blow(span, round), running).await;
        running = keyring(&session, None).await;
        let there = store.compare(&new, &asking).await.unwrap();
        match (&put, there) {
            (Ok(saved), Comparison::Same) => {
                assert_eq!(*saved, Saved::Updated);
                confirmed += 1;
            }
            (Ok(_), there) => panic!("confirmed, and then {there:?}"),
            (_, Comparison::Same) => written += 1,
            (_, Comparison::Different) => {
                assert_eq!(
                    store.compare(&held, &asking).await.unwrap(),
                    Comparison::Same
                );
                kept += 1;
            }
            (_, Comparison::Absent) => panic!("lost in round {round}"),
        }
        if let Err(error) = &put {
            let of_the_end = matches!(error, StoreError::Gone(_) | StoreError::Unavailable(_));
            assert!(of_the_end, "{error}");
        }
        assert_eq!(store.put(&new, &asking).await.unwrap(), Saved::Updated);
        held = new;
        let items = told(&session, &["username", "ann"]);
        let items = items.iter().filter(|line| line.starts_with("secret = "));
        assert_eq!(items.count(), 1, "round {round}");
        assert_eq!(
            store.compare(&bystander, &asking).await.unwrap(),
            Comparison::Same
        );
    }
    eprintln!(
        "{ROUNDS} kills: {confirmed} confirmed, {written} written, {kept} kept what was there"
    );
}

/// The same for what is new: it is there once or not at all, and saving it again makes it one.
#[tokio::test(flavor = "current_thread")]
async fn a_keyring_that_is_killed_while_it_adds_has_it_once_or_not_at_all() {
    if !has("gnome-keyring-daemon") || !has("secret-tool") {
        return;
    }
    let session = Session::start().await;
    let asking = Asking::default();
    let store = session.store();
    let mut running = keyring(&session, None).await;
    let span = {
        let before = Instant::now();
        let first = login("example.org", "ann", "hunter2");
        store.put(&first, &asking).await.unwrap();
        before.elapsed()
    };
    let (mut added, mut absent) = (0, 0);
    for round in 1..=ROUNDS {
        let site = format!("{round}.example.org");
        let new = login(&site, "ann", "hunter2");
        let put = cut_short(store.put(&new, &asking), blow(span, round), running).await;
        running = keyring(&session, None).await;
        let there = store.compare(&new, &asking).await.unwrap();
        match there {
            Comparison::Same => added += 1,
            Comparison::Absent if put.is_err() => {
                // Also what was begun and not finished is no credential.
                let sites = std::slice::from_ref(new.site());
                assert_eq!(store.find(sites, None, &asking).await.unwrap(), []);
                absent += 1;
            }
            other => panic!("round {round}: {put:?}, and then {other:?}"),
        }
        let again = store.put(&new, &asking).await.unwrap();
        assert_eq!(again == Saved::Added, there == Comparison::Absent);
        let items = told(&session, &["uri", &new.site().origin()]);
        let items = items.iter().filter(|line| line.starts_with("secret = "));
        assert_eq!(items.count(), 1, "round {round}");
    }
    let all = told(&session, &["username", "ann"]);
    let all = all.iter().filter(|line| line.starts_with("secret = "));
    assert_eq!(all.count(), ROUNDS as usize + 1);
    assert!(absent > 0, "every blow came too late");
    eprintln!("{ROUNDS} kills: {added} added, {absent} not");
}

/// When to kill in this round: from the beginning of a write until well after its end.
fn blow(span: Duration, round: u32) -> Duration {
    span * round * 3 / (ROUNDS * 2)
}

/// Runs `work`, and kills `victim` after `span`.
async fn cut_short<T>(work: impl Future<Output = T>, span: Duration, victim: Running) -> T {
    // Not to wait for anything: to let the blow fall at another point each time.
    let strike = async {
        tokio::time::sleep(span).await;
        drop(victim);
    };
    let (done, ()) = tokio::join!(work, strike);
    done
}
