//! Whether a site names an app: from the cache, or from the site itself, which is asked once however many
//! wait for it. Serves "Caching" of section "Shared web credentials: association" of
//! `protocol/README.md`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::association::{Malformed, Outcome, Silence};
use super::cache::{Cache, Kept, Page};
use super::domain::Site;
use super::fetch::{Developer, Fault, Fetch, FetchError, Inquired, inquire};

/// How long a site that gave no verdict is left alone.
const PAUSE: Duration = Duration::from_secs(60);
/// The most sites that are left alone at a time.
const MAX_PAUSES: usize = 256;

/// Asks sites, and remembers what they said.
pub struct Verdicts {
    fetch: Arc<dyn Fetch>,
    known: Mutex<Known>,
}

struct Known {
    cache: Cache,
    /// What was said under the exceptions of developer mode counts only there.
    developers: Cache,
    flights: HashMap<Key, Weak<Flight>>,
    pauses: HashMap<Key, (Instant, Open)>,
}

/// Which question: the app, the site, and the exceptions under which it is put.
type Key = (String, Site, Option<Developer>);
/// A question that is being asked, and then its answer.
type Flight = OnceCell<Arc<Asked>>;

/// What came of asking a site just now.
#[derive(Debug)]
pub struct Asked {
    /// All that was fetched.
    pub inquired: Inquired,
    /// What it means.
    pub verdict: Result<Verdict, Open>,
}

/// Whether a site names an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What the site said, when, and until when it counts.
    pub kept: Kept,
    /// Why it could not be asked again, if the verdict is older than it should be.
    pub stale: Option<FetchError>,
}

/// Why it is open whether a site names an app.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Open {
    /// The site gave no file, and there is no verdict of old.
    #[error(transparent)]
    Failed(FetchError),
    /// The site's file is not what it means to be.
    #[error("{url}: {malformed}")]
    Malformed {
        /// Where the file is.
        url: String,
        /// What is wrong with it, and where in it.
        malformed: Malformed,
    },
}

impl Verdicts {
    /// Asks with `fetch`, and remembers in `cache`.
    #[must_use]
    pub fn new(fetch: Arc<dyn Fetch>, cache: Cache) -> Verdicts {
        Verdicts {
            fetch,
            known: Mutex::new(Known {
                cache,
                developers: Cache::in_memory(),
                flights: HashMap::new(),
                pauses: HashMap::new(),
            }),
        }
    }

    /// Whether `site`, which answers for the app's domain, names the app `app_id`. A site that gave no
    /// verdict in the last minute is not asked again.
    ///
    /// # Errors
    /// It is open.
    pub async fn ask(
        &self,
        app_id: &str,
        site: &Site,
        developer: Option<&Developer>,
    ) -> Result<Verdict, Open> {
        let key = (app_id.to_owned(), site.clone(), developer.cloned());
        if let Some(known) = self.known().recall(&key) {
            return known;
        }
        self.fly(key).await.verdict.clone()
    }

    /// Asks the site anew, whatever is known. Whoever asks while it is being asked waits for the same answer.
    pub async fn refresh(
        &self,
        app_id: &str,
        site: &Site,
        developer: Option<&Developer>,
    ) -> Arc<Asked> {
        self.fly((app_id.to_owned(), site.clone(), developer.cloned()))
            .await
    }

    async fn fly(&self, key: Key) -> Arc<Asked> {
        let flight = self.known().board(&key);
        // If the one who flies gives up, the next who waits takes over.
        let asked = flight.get_or_init(|| async {
            let (app_id, site, developer) = &key;
            let inquired = inquire(self.fetch.as_ref(), site, app_id, developer.as_ref()).await;
            let (asked, page) = self.known().land(&key, inquired);
            if let Some(page) = page {
                // Up to 2 MB, for which neither the service nor who asked waits.
                tokio::task::spawn_blocking(move || page.write());
            }
            Arc::new(asked)
        });
        Arc::clone(asked.await)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Every change is of one map, so what a panic left behind is whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn cache(&mut self, key: &Key) -> &mut Cache {
        match key.2 {
            None => &mut self.cache,
            Some(_) => &mut self.developers,
        }
    }

    fn recall(&mut self, key: &Key) -> Option<Result<Verdict, Open>> {
        let now = SystemTime::now();
        let kept = self.cache(key).get(&key.0, &key.1);
        if let Some(kept) = kept.filter(|kept| kept.is_fresh(now)) {
            return Some(Ok(Verdict { kept, stale: None }));
        }
        let (until, why) = self.pauses.get(key)?;
        if *until <= Instant::now() {
            return None;
        }
        Some(self.without(key, why.clone()))
    }

    /// The flight for `key` that is under way, or a new one.
    fn board(&mut self, key: &Key) -> Arc<Flight> {
        self.flights.retain(|_, flight| flight.strong_count() > 0);
        if let Some(flight) = self.flights.get(key).and_then(Weak::upgrade) {
            return flight;
        }
        let flight = Arc::new(Flight::new());
        self.flights.insert(key.clone(), Arc::downgrade(&flight));
        flight
    }

    /// Takes in what came of a flight, and returns what is to be written down.
    fn land(&mut self, key: &Key, inquired: Inquired) -> (Asked, Option<Page>) {
        self.flights.remove(key);
        self.pauses.remove(key);
        let mut page = None;
        let verdict = match &inquired.verdict {
            Ok(outcome) => {
                let named = *outcome == Outcome::Named;
                let kept = Kept::new(named, SystemTime::now(), inquired.fresh_for);
                page = self.cache(key).put(&key.0, &key.1, kept);
                Ok(Verdict { kept, stale: None })
            }
            Err((source, why)) => {
                let why = match why.clone() {
                    Silence::Failed(error) => Open::Failed(error),
                    Silence::Malformed(malformed) => Open::Malformed {
                        url: source.url.clone(),
                        malformed,
                    },
                };
                self.pause(key, why.clone());
                self.without(key, why)
            }
        };
        (Asked { inquired, verdict }, page)
    }

    fn pause(&mut self, key: &Key, why: Open) {
        let now = Instant::now();
        self.pauses.retain(|_, (until, _)| *until > now);
        if self.pauses.len() < MAX_PAUSES {
            self.pauses.insert(key.clone(), (now + PAUSE, why));
        }
    }

    /// What counts while the site gives no verdict: the one of old if the site is out of reach, and none if it is
    /// there and says something else.
    fn without(&mut self, key: &Key, why: Open) -> Result<Verdict, Open> {
        let kept = self.cache(key).get(&key.0, &key.1);
        let kept = kept.filter(|kept| kept.is_usable(SystemTime::now()));
        match (kept, why) {
            (Some(kept), Open::Failed(error)) if is_out_of_reach(&error) => Ok(Verdict {
                kept,
                stale: Some(error),
            }),
            (_, why) => Err(why),
        }
    }
}

/// Whether an error says nothing of the site, but that it cannot be reached or is out of order.
fn is_out_of_reach(error: &FetchError) -> bool {
    match error.fault {
        Fault::TimedOut | Fault::NoSuchName | Fault::Connection | Fault::Here => true,
        Fault::Status => error.status.is_some_and(|status| status >= 500),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::web_credentials::domain::Mode;
    use crate::web_credentials::fetch::{Fetched, Request, Stage};

    const APP: &str = "org.example.App";

    /// A web in which every site serves the same, once it is let.
    struct Web {
        serves: Mutex<Result<&'static str, Fault>>,
        fetched: AtomicUsize,
        let_through: Semaphore,
    }

    #[async_trait]
    impl Fetch for Web {
        async fn fetch(&self, request: Request) -> Result<Fetched, FetchError> {
            self.let_through.acquire().await.unwrap().forget();
            self.fetched.fetch_add(1, Ordering::Relaxed);
            let serves = self.serves.lock().unwrap().clone();
            let absent = request.url.ends_with("assetlinks.json") && serves.is_ok();
            let mut error = FetchError::here(&request.url, "no");
            match serves {
                Ok(body) if !absent => return Ok(Fetched::new(&request.url, body.into())),
                Ok(_) => {
                    (error.stage, error.status, error.fault) =
                        (Stage::Http, Some(404), Fault::Status)
                }
                Err(fault) => error.fault = fault,
            }
            Err(error)
        }
    }

    fn names() -> Result<&'static str, Fault> {
        Ok(r#"{"webcredentials":{"apps":["org.example.App"]}}"#)
    }

    fn open(permits: usize) -> (Arc<Web>, Verdicts) {
        let web = Arc::new(Web {
            serves: Mutex::new(names()),
            fetched: AtomicUsize::new(0),
            let_through: Semaphore::new(permits),
        });
        (web.clone(), Verdicts::new(web, Cache::in_memory()))
    }

    fn site(text: &str) -> Site {
        Site::parse(text, Mode::Standard).unwrap()
    }

    fn count(web: &Web) -> usize {
        web.fetched.load(Ordering::Relaxed)
    }

    /// Lets the verdict age by `by`.
    fn age(verdicts: &Verdicts, by: Duration) {
        let mut known = verdicts.known();
        let mut kept = known.cache.get(APP, &site("example.org")).unwrap();
        kept.fetched -= by.as_secs();
        kept.until -= by.as_secs();
        assert!(known.cache.put(APP, &site("example.org"), kept).is_none());
    }

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    #[tokio::test]
    async fn many_who_wait_for_one_site_cause_one_inquiry() {
        let (web, verdicts) = open(0);
        let example = site("example.org");
        let waiting = (0..50).map(|_| verdicts.ask(APP, &example, None));
        let waiting = futures_util::future::join_all(waiting);
        let release = async {
            tokio::task::yield_now().await;
            web.let_through.add_permits(100);
        };
        let (answers, ()) = tokio::join!(waiting, release);
        assert!(
            answers
                .iter()
                .all(|answer| answer.as_ref().unwrap().kept.named)
        );
        assert_eq!(count(&web), 2, "two files, each once");
        verdicts.ask(APP, &site("example.com"), None).await.unwrap();
        assert_eq!(count(&web), 4, "another site is another question");
    }

    #[tokio::test]
    async fn whoever_waits_is_answered_when_the_first_gives_up() {
        let (web, verdicts) = open(0);
        let verdicts = Arc::new(verdicts);
        let ask = || {
            let verdicts = verdicts.clone();
            tokio::spawn(async move { verdicts.ask(APP, &site("example.org"), None).await })
        };
        let (first, second) = (ask(), ask());
        tokio::task::yield_now().await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        web.let_through.add_permits(100);
        assert!(second.await.unwrap().unwrap().kept.named);
    }

    #[tokio::test]
    async fn a_verdict_is_remembered_and_can_be_asked_for_anew() {
        let (web, verdicts) = open(100);
        let example = site("example.org");
        for _ in 0..3 {
            assert!(verdicts.ask(APP, &example, None).await.unwrap().kept.named);
        }
        assert_eq!(count(&web), 2);
        *web.serves.lock().unwrap() = Ok("{}");
        let asked = verdicts.refresh(APP, &example, None).await;
        assert!(!asked.verdict.as_ref().unwrap().kept.named);
        assert!(!verdicts.ask(APP, &example, None).await.unwrap().kept.named);
        assert_eq!(count(&web), 4);
    }

    #[test]
    fn nobody_waits_until_a_verdict_is_written_down() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("associations.json");
        let (web, _) = open(2);
        let verdicts = Verdicts::new(web, Cache::open(file.clone()));
        // The one thread that may wait for a disk is busy.
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime
            .enable_all()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (release, busy) = std::sync::mpsc::channel::<()>();
            let busy = tokio::task::spawn_blocking(move || busy.recv());
            let verdict = verdicts.ask(APP, &site("example.org"), None).await;
            assert!(verdict.unwrap().kept.named);
            assert!(!file.exists());
            release.send(()).unwrap();
            busy.await.unwrap().unwrap();
            tokio::task::spawn_blocking(|| ()).await.unwrap();
        });
        assert_eq!(Cache::open(file).len(), 1);
    }

    #[tokio::test]
    async fn an_old_verdict_counts_while_the_site_is_out_of_reach_and_not_when_it_says_otherwise() {
        for (serves, counts) in [
            (Err(Fault::Connection), true),
            (Err(Fault::NoSuchName), true),
            (Err(Fault::TimedOut), true),
            (Err(Fault::Expired), false),
            (Err(Fault::Redirect("x".into())), false),
            (Ok("rubbish"), false),
        ] {
            let (web, verdicts) = open(100);
            let example = site("example.org");
            verdicts.ask(APP, &example, None).await.unwrap();
            age(&verdicts, 10 * DAY);
            *web.serves.lock().unwrap() = serves.clone();
            let answer = verdicts.ask(APP, &example, None).await;
            assert_eq!(answer.is_ok(), counts, "{serves:?}: {answer:?}");
            assert!(answer.is_err() || answer.is_ok_and(|verdict| verdict.stale.is_some()));
            age(&verdicts, 30 * DAY);
            assert!(
                verdicts.ask(APP, &example, None).await.is_err(),
                "too old to count"
            );
        }
    }

    #[tokio::test]
    async fn a_site_that_fails_is_left_alone_for_a_minute_unless_it_is_asked_for_anew() {
        let (web, verdicts) = open(100);
        let example = site("example.org");
        *web.serves.lock().unwrap() = Err(Fault::Connection);
        for _ in 0..3 {
            let why = verdicts.ask(APP, &example, None).await.unwrap_err();
            assert!(matches!(why, Open::Failed(_)));
        }
        assert_eq!(count(&web), 2);
        *web.serves.lock().unwrap() = names();
        assert!(verdicts.ask(APP, &example, None).await.is_err());
        for (until, _) in verdicts.known().pauses.values_mut() {
            *until -= PAUSE;
        }
        assert!(verdicts.ask(APP, &example, None).await.is_ok());
        *web.serves.lock().unwrap() = Err(Fault::Expired);
        assert!(verdicts.refresh(APP, &example, None).await.verdict.is_err());
        *web.serves.lock().unwrap() = names();
        assert!(verdicts.refresh(APP, &example, None).await.verdict.is_ok());
    }

    #[tokio::test]
    async fn what_was_said_in_developer_mode_counts_nowhere_else() {
        let (web, verdicts) = open(100);
        let (example, developer) = (site("example.org"), Developer::default());
        verdicts.ask(APP, &example, Some(&developer)).await.unwrap();
        *web.serves.lock().unwrap() = Ok("{}");
        assert!(!verdicts.ask(APP, &example, None).await.unwrap().kept.named);
        assert!(
            verdicts
                .ask(APP, &example, Some(&developer))
                .await
                .unwrap()
                .kept
                .named
        );
    }
}
