//! How many calls are worked on at once: in all, and of one connection, so that one that floods takes
//! no place from the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use zbus::names::{OwnedUniqueName, UniqueName};

/// Of all connections. None of the calls waits for a person.
const IN_ALL: usize = 4096;
/// Of one connection.
const OF_ONE: usize = 256;

/// Counts the calls that are being worked on.
#[derive(Debug, Clone, Default)]
pub(super) struct Room {
    taken: Arc<Mutex<Taken>>,
    left: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by: HashMap<OwnedUniqueName, usize>,
}

/// One call's place. Given back when dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Place {
    room: Room,
    caller: OwnedUniqueName,
}

impl Room {
    /// A place for a call of `caller`, if there is one.
    pub(super) fn enter(&self, caller: &UniqueName<'_>) -> Option<Place> {
        let mut taken = self.lock();
        let caller = OwnedUniqueName::from(caller.to_owned());
        let of_one = taken.by.get(&caller).copied().unwrap_or(0);
        if taken.in_all >= IN_ALL || of_one >= OF_ONE {
            return None;
        }
        taken.in_all += 1;
        taken.by.insert(caller.clone(), of_one + 1);
        let room = self.clone();
        Some(Place { room, caller })
    }

    /// Waits until no call is being worked on.
    pub(super) async fn emptied(&self) {
        loop {
            let left = self.left.notified();
            if self.lock().in_all == 0 {
                return;
            }
            left.await;
        }
    }

    /// A panic elsewhere leaves the counts whole.
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.room.lock();
        taken.in_all -= 1;
        match taken.by.get_mut(&self.caller) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.by.remove(&self.caller)),
        }
        if taken.in_all == 0 {
            self.room.left.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_floods_takes_no_place_from_the_others() {
        let room = Room::default();
        let [flood, calm] = [":1.1", ":1.2"].map(UniqueName::from_static_str_unchecked);
        let places: Vec<Place> = (0..OF_ONE).filter_map(|_| room.enter(&flood)).collect();
        assert_eq!(places.len(), OF_ONE);
        assert!(room.enter(&flood).is_none());
        assert!(room.enter(&calm).is_some());
        drop(places);
        assert!(room.lock().in_all == 0 && room.lock().by.is_empty());
        assert!(room.enter(&flood).is_some());
    }
}
