//! The verdicts of sites, kept between 1 hour and 7 days as HTTP says. Serves "Caching" of section "Shared
//! web credentials: association" of `protocol/README.md`.
//!
//! What is kept is small: whether a site names an app, since when and until when. Not the files, which
//! may be a thousand times as long, and so nothing by which a site could be asked whether they have changed.
//!
//! The file is written whole, up to 2 MB at a time, and not here: whoever keeps a verdict gets a [`Page`] to write
//! where nobody waits for it.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::domain::Site;

/// The least time for which a verdict is kept.
pub const MIN_FRESH: Duration = Duration::from_secs(60 * 60);
/// The longest time for which a verdict is kept.
pub const MAX_FRESH: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How old a verdict may be that is used because the site cannot be reached.
pub const MAX_STALE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The most that is kept, in bytes of the file.
pub const MAX_BYTES: usize = 2_000_000;

/// The name of the file in the directory of caches.
const FILE: &str = "credex/associations.json";
/// Of the file's form: another is not read.
const VERSION: u32 = 1;
/// What one verdict takes in the file beside the name of its site, in bytes, and at most.
const ENTRY: usize = 40;
/// The same of an app.
const APP: usize = 8;

/// Whether a site names an app, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u8, u64, u64)", into = "(u8, u64, u64)")]
pub struct Kept {
    /// Whether it does.
    pub named: bool,
    /// When the site said so, in seconds since 1970.
    pub fetched: u64,
    /// Until when that counts, in seconds since 1970.
    pub until: u64,
}

/// All verdicts, by app and site.
#[derive(Debug, Default)]
pub struct Cache {
    shelf: Option<Arc<Shelf>>,
    apps: Arc<Apps>,
    bytes: usize,
    /// How many pages there have been.
    pages: u64,
}

/// Where all verdicts are written down.
#[derive(Debug)]
struct Shelf {
    path: PathBuf,
    /// The last page that was written, so that an older one never takes its place.
    written: Mutex<u64>,
}

/// All verdicts as they were at one moment, to be written down.
#[derive(Debug)]
#[must_use]
pub struct Page {
    shelf: Arc<Shelf>,
    apps: Arc<Apps>,
    number: u64,
}

type Apps = BTreeMap<Box<str>, BTreeMap<Box<str>, Kept>>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<A> {
    version: u32,
    apps: A,
}

impl Kept {
    /// A verdict of the moment `now`, which HTTP would keep for `fresh_for`.
    #[must_use]
    pub fn new(named: bool, now: SystemTime, fresh_for: Duration) -> Kept {
        let fetched = seconds(now);
        Kept {
            named,
            fetched,
            until: fetched + fresh_for.clamp(MIN_FRESH, MAX_FRESH).as_secs(),
        }
    }

    /// Whether it still counts. A clock that was set back makes it old.
    #[must_use]
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        let latest = self
            .fetched
            .saturating_add(MAX_FRESH.as_secs())
            .min(self.until);
        (self.fetched..latest).contains(&seconds(now))
    }

    /// Whether it may serve while the site cannot be reached.
    #[must_use]
    pub fn is_usable(&self, now: SystemTime) -> bool {
        let last = self.fetched.saturating_add(MAX_STALE.as_secs());
        (self.fetched..last).contains(&seconds(now))
    }
}

impl From<(u8, u64, u64)> for Kept {
    fn from((named, fetched, until): (u8, u64, u64)) -> Kept {
        Kept {
            named: named == 1,
            fetched,
            until,
        }
    }
}

impl From<Kept> for (u8, u64, u64) {
    fn from(kept: Kept) -> (u8, u64, u64) {
        (kept.named.into(), kept.fetched, kept.until)
    }
}

impl Cache {
    /// The file of this session: `$XDG_CACHE_HOME/credex/associations.json`, or the same below `~/.cache`.
    #[must_use]
    pub fn file_of_session() -> Option<PathBuf> {
        let absolute = |path: &PathBuf| path.is_absolute();
        let named = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(absolute);
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        let directory = named.or_else(|| home().filter(absolute))?;
        Some(directory.join(FILE))
    }

    /// A cache that ends with the process.
    #[must_use]
    pub fn in_memory() -> Cache {
        Cache::default()
    }

    /// The cache in `file`. One that cannot be read is an empty one, and is replaced in time.
    #[must_use]
    pub fn open(file: PathBuf) -> Cache {
        let apps = read(&file).unwrap_or_else(|error| {
            tracing::warn!(file = %file.display(), %error, "the cache of associations is not used");
            Apps::new()
        });
        let mut cache = Cache {
            shelf: Some(Shelf::at(file)),
            bytes: 0,
            apps: Arc::new(apps),
            pages: 0,
        };
        cache.bytes = cache
            .apps
            .iter()
            .map(|(app, sites)| {
                let sites: usize = sites.keys().map(|site| site.len() + ENTRY).sum();
                app.len() + APP + sites
            })
            .sum();
        cache.make_room();
        cache
    }

    /// Keeps everything in `file` from now on. The page holds what there is.
    pub fn keep_in(&mut self, file: PathBuf) -> Page {
        self.turn(Shelf::at(file))
    }

    /// What is known of `site` and the app `app_id`, fresh or not.
    #[must_use]
    pub fn get(&self, app_id: &str, site: &Site) -> Option<Kept> {
        let sites = self.apps.get(app_id)?;
        sites.get(site.to_string().as_str()).copied()
    }

    /// Keeps a verdict. The page, if there is a file, holds all of them.
    #[must_use]
    pub fn put(&mut self, app_id: &str, site: &Site, kept: Kept) -> Option<Page> {
        let site = site.to_string().into_boxed_str();
        if !self.apps.contains_key(app_id) {
            self.bytes += app_id.len() + APP;
        }
        let length = site.len();
        let apps = Arc::make_mut(&mut self.apps);
        let sites = apps.entry(app_id.into()).or_default();
        if sites.insert(site, kept).is_none() {
            self.bytes += length + ENTRY;
        }
        self.make_room();
        self.page()
    }

    /// Forgets what is known of `site` and the app `app_id`.
    #[must_use]
    pub fn forget(&mut self, app_id: &str, site: &Site) -> Option<Page> {
        match self.remove(app_id, &site.to_string()) {
            true => self.page(),
            false => None,
        }
    }

    fn page(&mut self) -> Option<Page> {
        let shelf = self.shelf.clone()?;
        Some(self.turn(shelf))
    }

    fn turn(&mut self, shelf: Arc<Shelf>) -> Page {
        self.pages += 1;
        self.shelf = Some(Arc::clone(&shelf));
        Page {
            shelf,
            apps: Arc::clone(&self.apps),
            number: self.pages,
        }
    }

    /// How many verdicts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.apps.values().map(BTreeMap::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.apps.is_empty()
    }

    fn remove(&mut self, app_id: &str, site: &str) -> bool {
        let apps = Arc::make_mut(&mut self.apps);
        let Some(sites) = apps.get_mut(app_id) else {
            return false;
        };
        let was_there = sites.remove(site).is_some();
        if was_there {
            self.bytes -= site.len() + ENTRY;
        }
        if sites.is_empty() && apps.remove(app_id).is_some() {
            self.bytes -= app_id.len() + APP;
        }
        was_there
    }

    /// Lets the oldest verdicts go until what is left fits, with some room for the next.
    fn make_room(&mut self) {
        if self.bytes <= MAX_BYTES {
            return;
        }
        let all = self.apps.iter().flat_map(|(app, sites)| {
            sites
                .iter()
                .map(move |(site, kept)| (kept.fetched, app.clone(), site.clone()))
        });
        let mut oldest: Vec<_> = all.collect();
        oldest.sort_unstable();
        for (_, app, site) in oldest {
            if self.bytes <= MAX_BYTES / 10 * 9 {
                return;
            }
            self.remove(&app, &site);
        }
    }
}

impl Shelf {
    fn at(path: PathBuf) -> Arc<Shelf> {
        Arc::new(Shelf {
            path,
            written: Mutex::new(0),
        })
    }
}

impl Page {
    /// Writes all of it down, unless a later one was. A cache that cannot be written costs time and nothing else.
    pub fn write(self) {
        let Shelf { path, written } = &*self.shelf;
        // A number is whole whatever happened.
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        if *written >= self.number {
            return;
        }
        *written = self.number;
        if let Err(error) = write(path, &self.apps) {
            tracing::warn!(file = %path.display(), %error, "the cache of associations is not written");
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn read(file: &Path) -> io::Result<Apps> {
    let opened = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Apps::new()),
        opened => opened?,
    };
    let mut text = Vec::new();
    let longest = u64::try_from(MAX_BYTES * 2).unwrap_or(u64::MAX);
    opened.take(longest).read_to_end(&mut text)?;
    let document: Document<Apps> = serde_json::from_slice(&text)?;
    if document.version != VERSION {
        return Err(io::Error::other(format!(
            "it has version {}",
            document.version
        )));
    }
    Ok(document.apps)
}

/// Whoever reads the file, sees the old one or the new one.
fn write(file: &Path, apps: &Apps) -> io::Result<()> {
    let directory = file.parent().ok_or(io::ErrorKind::InvalidFilename)?;
    // It tells which sites a person has to do with.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    let document = Document {
        version: VERSION,
        apps,
    };
    temporary.write_all(&serde_json::to_vec(&document)?)?;
    temporary.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::web_credentials::domain::Mode;

    const HOUR: Duration = Duration::from_secs(3600);
    const APP_ID: &str = "org.example.App";

    fn site(text: &str) -> Site {
        Site::parse(text, Mode::Standard).unwrap()
    }

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_790_000_000)
    }

    #[test]
    fn a_verdict_is_kept_as_long_as_http_says_between_an_hour_and_seven_days() {
        for (http, hours) in [
            (Duration::ZERO, 1),
            (2 * HOUR, 2),
            (24 * 7 * HOUR, 168),
            (5000 * HOUR, 168),
        ] {
            let kept = Kept::new(true, now(), http);
            let last = now() + hours * HOUR - Duration::from_secs(1);
            assert!(kept.is_fresh(now()) && kept.is_fresh(last), "{http:?}");
            assert!(!kept.is_fresh(now() + hours * HOUR), "{http:?}");
            assert!(
                kept.is_usable(now() + 29 * 24 * HOUR) && !kept.is_usable(now() + 30 * 24 * HOUR)
            );
        }
    }

    #[test]
    fn a_verdict_from_the_future_is_none() {
        let kept = Kept::new(true, now() + HOUR, HOUR);
        assert!(!kept.is_fresh(now()) && !kept.is_usable(now()));
        let forged = Kept {
            named: true,
            fetched: seconds(now()),
            until: u64::MAX,
        };
        assert!(!forged.is_fresh(now() + 8 * 24 * HOUR));
    }

    #[test]
    fn what_was_kept_is_there_after_a_restart_and_for_nobody_else_to_read() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("credex/associations.json");
        let kept = Kept::new(true, now(), HOUR);
        let page = Cache::open(file.clone()).put(APP_ID, &site("example.org"), kept);
        page.unwrap().write();
        let cache = Cache::open(file.clone());
        assert_eq!(cache.get(APP_ID, &site("example.org")), Some(kept));
        assert_eq!(cache.get(APP_ID, &site("example.org:8443")), None);
        assert_eq!(cache.get("org.example.Other", &site("example.org")), None);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        let left: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing temporary is left");
    }

    #[test]
    fn a_broken_file_is_ignored_and_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("associations.json");
        for broken in [
            "",
            "{",
            "[]",
            r#"{"version":2,"apps":{}}"#,
            r#"{"version":1,"apps":{"a":{"b":[1]}}}"#,
            "\0\0",
        ] {
            std::fs::write(&file, broken).unwrap();
            let mut cache = Cache::open(file.clone());
            assert!(cache.is_empty(), "{broken}");
            let page = cache.put(APP_ID, &site("example.org"), Kept::new(false, now(), HOUR));
            page.unwrap().write();
            assert_eq!(Cache::open(file.clone()).len(), 1, "{broken}");
        }
    }

    #[test]
    fn a_cache_that_cannot_be_written_still_works() {
        let mut cache = Cache::open("/proc/nowhere/associations.json".into());
        let page = cache.put(APP_ID, &site("example.org"), Kept::new(true, now(), HOUR));
        page.unwrap().write();
        assert!(cache.get(APP_ID, &site("example.org")).unwrap().named);
    }

    #[test]
    fn a_page_that_is_written_late_does_not_take_the_place_of_a_later_one() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("associations.json");
        let mut cache = Cache::open(file.clone());
        let early = cache.put(APP_ID, &site("a.example"), Kept::new(true, now(), HOUR));
        let late = cache.put(APP_ID, &site("b.example"), Kept::new(true, now(), HOUR));
        late.unwrap().write();
        early.unwrap().write();
        assert_eq!(Cache::open(file).len(), 2);
    }

    #[test]
    fn what_is_forgotten_is_gone() {
        let mut cache = Cache::in_memory();
        let page = cache.put(APP_ID, &site("example.org"), Kept::new(true, now(), HOUR));
        assert!(page.is_none(), "there is no file");
        assert!(cache.forget(APP_ID, &site("example.org")).is_none());
        assert_eq!((cache.len(), cache.bytes), (0, 0));
    }

    #[test]
    fn more_than_fits_lets_the_oldest_go() {
        let mut cache = Cache::in_memory();
        let host = |n: u32| site(&format!("a-rather-long-name-of-a-host-{n:06}.example.org"));
        let many = 30_000;
        for n in 0..many {
            let then = now() + Duration::from_secs(n.into());
            let page = cache.put(APP_ID, &host(n), Kept::new(true, then, HOUR));
            assert!(page.is_none(), "there is no file");
        }
        assert!(cache.bytes <= MAX_BYTES && cache.len() < 30_000);
        assert_eq!(cache.get(APP_ID, &host(0)), None);
        assert!(cache.get(APP_ID, &host(many - 1)).is_some());
        assert!(serde_json::to_vec(&*cache.apps).unwrap().len() <= MAX_BYTES);
    }
}
