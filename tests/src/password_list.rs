//! The list of passwords in the preferences of GNOME Web 43 (design §7, "Store").
//!
//! Its rows do not tell a screen reader their titles, the origins. But the list can be searched for
//! an origin.

use crate::patience::within;
use crate::reader::{Object, Reader};
use crate::screen::Screen;

/// The list, on the screen.
#[derive(Debug)]
pub struct PasswordList<'a> {
    reader: &'a Reader,
}

impl PasswordList<'_> {
    /// Goes to it from the window of the browser.
    pub async fn open<'a>(reader: &'a Reader, screen: &Screen) -> PasswordList<'a> {
        reader.press("push button", "Preferences").await;
        reader.press("radio button", "Privacy").await;
        let row = reader.until("the way to the passwords", way_to_passwords);
        let row = row.await;
        screen.give_keyboard_to("Preferences");
        assert!(reader.focus(&row).await, "the row takes the keyboard");
        let focused = |objects: &[Object]| {
            let row = way_to_passwords(objects)?;
            row.is_focused().then_some(())
        };
        reader.until("the row to have the keyboard", focused).await;
        // The row has no action of its own.
        screen.press(&["Return"]);
        PasswordList { reader }
    }

    /// Leaves only what has `word` in its origin or user name.
    pub async fn search(&self, word: &str) {
        let field = |objects: &[Object]| {
            let mut fields = objects.iter().rev();
            fields
                .find(|object| object.role == "text" && object.name == "Search")
                .cloned()
        };
        let field = self.reader.until("the field for a search", field).await;
        assert!(self.reader.fill_in(&field, word).await, "it takes a text");
    }

    /// Waits until it shows the passwords of just these users, in the order of the alphabet.
    pub async fn shows(&self, users: &[&str]) {
        let what = format!("the list to show the passwords of {users:?}");
        within(&what, async { while self.users().await != users {} }).await;
    }

    async fn users(&self) -> Vec<String> {
        let objects = self.reader.objects().await;
        let is_open = |object: &Object| object.name == "Passwords" && object.is_showing();
        let start = objects.iter().position(is_open);
        let mut users = Vec::new();
        for (at, object) in objects.iter().enumerate().skip(start.unwrap_or(usize::MAX)) {
            if object.role == "list item" && object.is_showing() {
                // Folded up in it, the user name is to be copied.
                let mut fields = objects[at..].iter().filter(|object| object.role == "text");
                if let Some(user) = fields.next() {
                    users.extend(self.reader.text(user).await);
                }
            }
        }
        users.sort();
        users
    }
}

/// The second row that leads somewhere; the first is for clearing data. Neither tells its title.
fn way_to_passwords(objects: &[Object]) -> Option<Object> {
    let is_arrow = |object: &Object| object.name == "Forward" && object.is_showing();
    let arrows = (0..objects.len()).filter(|&at| is_arrow(&objects[at]));
    let &[_, arrow] = arrows.collect::<Vec<_>>().as_slice() else {
        return None;
    };
    let mut before = objects[..arrow].iter().rev();
    before.find(|object| object.role == "list item").cloned()
}
