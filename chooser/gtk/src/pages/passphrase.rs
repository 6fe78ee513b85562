//! A passphrase, typed unseen; a new one twice.

use credex_chooser::model::{PassphraseQuestion, Purpose};
use credex_chooser::wording;
use credex_protocol::{Passphrase as Typed, PassphraseError};
use gtk::prelude::*;
use zeroize::Zeroizing;

use crate::acts::{Act, Acts};
use crate::parts::{self, Step};
use crate::{accessible, words};

/// The only page of such a question.
pub(crate) struct Passphrase {
    pub(crate) step: Step,
    /// Has the keyboard first.
    pub(crate) field: gtk::PasswordEntry,
    again: Option<gtk::PasswordEntry>,
    hint: gtk::Label,
    give: gtk::Button,
}

impl Passphrase {
    /// Asks for it.
    pub(crate) fn new(question: &PassphraseQuestion, acts: &Acts) -> Passphrase {
        let step = Step::new();
        let headline = wording::passphrase_headline(question);
        let explanation = wording::passphrase_explanation(question);
        step.add(&parts::picture("dialog-password-symbolic", 48));
        step.add(&parts::headline(&headline));
        step.add(&parts::text(&explanation, &[]));
        let (label, label_again) = wording::new_passphrase();
        let field = field(&step, &label, acts);
        accessible::describe(&field, &format!("{headline} {explanation}"));
        let creates = question.purpose == Purpose::Create;
        let again = creates.then(|| self::field(&step, &label_again, acts));
        let hint = parts::text("", &[]);
        hint.set_visible(false);
        step.add(&hint);
        let cancel = parts::button(&words::cancel(), &[]);
        let give = if creates {
            words::create()
        } else {
            words::unlock()
        };
        let give = parts::button(&give, &["suggested-action"]);
        acts.when_pressed(&cancel, Act::Leave);
        acts.when_pressed(&give, Act::Send);
        step.add_button(&cancel);
        step.add_button(&give);
        let page = Passphrase {
            step,
            field,
            again,
            hint,
            give,
        };
        page.changed();
        page
    }

    /// Something was typed: it can be given once there is something in every field.
    pub(crate) fn changed(&self) {
        let mut fields = std::iter::once(&self.field).chain(&self.again);
        self.give
            .set_sensitive(fields.all(|field| !text_of(field).is_empty()));
        self.say("");
    }

    /// What was typed, if it is a passphrase; else says why it is none.
    pub(crate) fn typed(&self) -> Option<Typed> {
        let passphrase = match Typed::new(text_of(&self.field)) {
            Ok(passphrase) => passphrase,
            Err(PassphraseError::Empty) => return None,
            Err(_) => {
                self.say(&wording::passphrase_refused(false));
                return None;
            }
        };
        let again = self.again.as_ref().map(text_of);
        if again.is_some_and(|again| again.as_slice() != passphrase.as_bytes()) {
            self.say(&wording::passphrase_refused(true));
            return None;
        }
        Some(passphrase)
    }

    fn say(&self, hint: &str) {
        self.hint.set_text(hint);
        self.hint.set_visible(!hint.is_empty());
        accessible::describe(&self.give, hint);
    }
}

/// GTK keeps what is typed into it in memory that is not swapped, and wipes it.
fn field(step: &Step, label: &str, acts: &Acts) -> gtk::PasswordEntry {
    let group = gtk::Box::new(gtk::Orientation::Vertical, 6);
    let field = gtk::PasswordEntry::builder().show_peek_icon(true).build();
    group.append(&parts::text(label, &["heading"]));
    group.append(&field);
    step.add(&group);
    accessible::name(&field, label);
    let (enter, change) = (acts.clone(), acts.clone());
    field.connect_activate(move |_| enter.tell(Act::Send));
    field.connect_changed(move |_| change.tell(Act::Toggle));
    field
}

/// What was typed, in a copy that is wiped.
fn text_of(field: &gtk::PasswordEntry) -> Zeroizing<Vec<u8>> {
    use gtk::glib::translate::ToGlibPtr;
    let editable = field.upcast_ref::<gtk::Editable>();
    // SAFETY: GTK lends a string that ends with a zero and stays until the field changes, which it does
    // not before this returns. The bindings would copy it to where nobody wipes it.
    #[allow(unsafe_code)]
    let text = unsafe {
        let text = gtk::ffi::gtk_editable_get_text(editable.to_glib_none().0);
        std::ffi::CStr::from_ptr(text)
    };
    Zeroizing::new(text.to_bytes().to_vec())
}
