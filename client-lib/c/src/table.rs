//! Every object that C has a handle of, by a number that is never given twice.
//!
//! A handle is that number in the guise of a pointer, and nobody looks where it points to. So one that was
//! freed, is of another kind, or was invented is not found, whatever the allocator has done meanwhile.

use std::any::Any;
use std::collections::HashMap;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::failure::{Failure, Result};
use crate::status::CredexStatus;

/// Something that C has handles of.
pub(crate) trait Object: Any + Send + Sync {
    /// As the header calls it.
    const NAME: &'static str;

    /// Whether it stays when the client goes that it came from.
    const STAYS: bool = false;
}

/// The objects that go with one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group(u64);

impl Group {
    /// What goes with no client, and lives until it is freed.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// An object of any kind.
pub(crate) type AnyObject = Arc<dyn Any + Send + Sync>;

struct Entry {
    object: AnyObject,
    name: &'static str,
    group: Group,
}

struct Table {
    last: usize,
    entries: HashMap<usize, Entry>,
}

static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(|| {
    Mutex::new(Table {
        last: 1,
        entries: HashMap::new(),
    })
});

/// Nothing is done in between that could leave the table in disorder.
fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives `object` a handle.
pub(crate) fn insert<T: Object>(group: Group, object: T) -> *mut T {
    insert_shared(group, Arc::new(object))
}

/// Gives `object` a handle.
pub(crate) fn insert_shared<T: Object>(group: Group, object: Arc<T>) -> *mut T {
    let mut table = table();
    // Odd, as no object in memory that is more than a byte: an address is no handle. An address space is
    // too small for so many.
    table.last += 2;
    let number = table.last;
    let name = T::NAME;
    table.entries.insert(
        number,
        Entry {
            object,
            name,
            group,
        },
    );
    ptr::without_provenance_mut(number)
}

/// The object of a handle.
///
/// # Errors
/// `BadArgument` for NULL, `BadHandle` for what is no handle of such an object.
pub(crate) fn get<T: Object>(handle: *const T) -> Result<Arc<T>> {
    let table = table();
    let entry = table.entries.get(&handle.addr());
    found(
        entry.map(|entry| (Arc::clone(&entry.object), entry.name)),
        handle,
    )
}

/// Takes a handle away; for NULL, as `free` does, nothing.
///
/// # Errors
/// As [`get`].
pub(crate) fn remove<T: Object>(handle: *const T) -> Result<Option<Arc<T>>> {
    if handle.is_null() {
        return Ok(None);
    }
    let object = get(handle)?;
    // Dropped once the table is free again: it may look something up itself.
    let entry = table().entries.remove(&handle.addr());
    drop(entry);
    Ok(Some(object))
}

/// Whether a handle is still one.
pub(crate) fn has<T: Object>(handle: *const T) -> bool {
    get(handle).is_ok()
}

/// Takes all handles of a client away.
pub(crate) fn remove_group(group: Group) -> Vec<AnyObject> {
    let mut table = table();
    let gone = table.entries.extract_if(|_, entry| entry.group == group);
    gone.map(|(_, entry)| entry.object).collect()
}

fn found<T: Object>(entry: Option<(AnyObject, &'static str)>, handle: *const T) -> Result<Arc<T>> {
    if handle.is_null() {
        return Err(Failure::null(T::NAME));
    }
    let (object, name) = entry.ok_or_else(|| {
        let wanted = T::NAME;
        bad(format!(
            "there is no {wanted} of this handle: it was freed, or never was one"
        ))
    })?;
    let wrong = |_| {
        bad(format!(
            "this is a handle of a {name}, and of no {}",
            T::NAME
        ))
    };
    object.downcast().map_err(wrong)
}

fn bad(message: String) -> Failure {
    Failure::new(CredexStatus::BadHandle, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Apple(u32);
    #[derive(Debug)]
    struct Pear;

    impl Object for Apple {
        const NAME: &'static str = "Apple";
    }
    impl Object for Pear {
        const NAME: &'static str = "Pear";
    }

    fn status<T: std::fmt::Debug>(result: Result<T>) -> CredexStatus {
        result.unwrap_err().status
    }

    #[test]
    fn a_handle_is_worth_something_until_it_is_freed_and_never_again() {
        let handle = insert(Group::NONE, Apple(7));
        assert_eq!(get(handle).unwrap().0, 7);
        assert!(remove(handle).unwrap().is_some());
        assert_eq!(status(get(handle)), CredexStatus::BadHandle);
        assert_eq!(status(remove(handle)), CredexStatus::BadHandle);
        assert_ne!(insert(Group::NONE, Apple(8)), handle);
    }

    #[test]
    fn a_handle_of_something_else_is_refused_and_stays() {
        let apple = insert(Group::NONE, Apple(7));
        assert_eq!(
            status(remove(apple.cast::<Pear>())),
            CredexStatus::BadHandle
        );
        assert!(has(apple));
    }

    #[test]
    fn an_address_is_no_handle_and_null_is_none_either() {
        let apple = Apple(7);
        assert_eq!(status(get(&raw const apple)), CredexStatus::BadHandle);
        assert_eq!(status(get(ptr::null::<Apple>())), CredexStatus::BadArgument);
        assert!(remove(ptr::null::<Apple>()).unwrap().is_none());
    }

    #[test]
    fn what_goes_with_a_client_goes_with_it() {
        let (group, other) = (Group::new(), Group::new());
        let (mine, theirs) = (insert(group, Apple(1)), insert(other, Apple(2)));
        assert_eq!(remove_group(group).len(), 1);
        assert!(!has(mine) && has(theirs));
    }
}
