//! A window: its frame, its pages one after another, and the keyboard. What is in it belongs to others.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use gtk::gdk::Key;
use gtk::glib::Propagation;
use gtk::prelude::*;
use gtk::{AccessibleRole, EventControllerKey, PropagationPhase, StackTransitionType};

use crate::accessible;
use crate::acts::{Act, Acts};
use crate::guard::Guard;
use crate::parent::Parent;
use crate::parts::Step;
use crate::words;

/// Fits a laptop; the pages also fit into 360 pixels.
const SIZE: (i32, i32) = (480, 736);

/// A window that is not shown yet.
pub(crate) struct Window {
    window: adw::Window,
    stack: gtk::Stack,
    back: gtk::Button,
}

impl Window {
    /// A window that belongs to `parent`, called `title`.
    pub(crate) fn new(title: &str, parent: &str, acts: &Acts) -> Window {
        let stack = gtk::Stack::builder().vexpand(true).hexpand(true).build();
        let back = gtk::Button::builder()
            .icon_name("go-previous-symbolic")
            .tooltip_text(words::back())
            .visible(false)
            .build();
        accessible::name(&back, &words::back());
        acts.when_pressed(&back, Act::Back);
        let bar = adw::HeaderBar::new();
        bar.pack_start(&back);
        bar.add_css_class("flat");
        let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
        content.append(&bar);
        content.append(&stack);
        let window = adw::Window::builder()
            .accessible_role(AccessibleRole::Dialog)
            .title(title)
            .content(&content)
            .default_width(SIZE.0)
            .default_height(SIZE.1)
            .modal(true)
            .build();
        accessible::name(&window, title);
        stack.connect_transition_running_notify(forget_others);
        let window = Window {
            window,
            stack,
            back,
        };
        window.listen(acts);
        window.guard();
        window.belong(parent);
        window
    }

    /// Shows it. `token` is what lets it take the keyboard.
    pub(crate) fn present(&self, token: Option<&str>) {
        if let Some(token) = token {
            self.window.set_startup_id(token);
        }
        self.window.present();
    }

    /// Turns to `step`, with the keyboard at `focus`.
    pub(crate) fn turn_to(&self, step: &Step, focus: &impl IsA<gtk::Widget>, way: Way) {
        self.stack.set_transition_type(match way {
            Way::On => StackTransitionType::SlideLeft,
            Way::Back => StackTransitionType::SlideRight,
        });
        if let Some(before) = self.stack.visible_child() {
            // It may still be in sight for a moment.
            before.set_sensitive(false);
        }
        if step.root.parent().is_none() {
            self.stack.add_child(&step.root);
        }
        self.stack.set_visible_child(&step.root);
        self.back.set_visible(step.has_way_back());
        gtk::prelude::GtkWindowExt::set_focus(&self.window, Some(focus));
        self.window.set_focus_visible(true);
        forget_others(&self.stack);
    }

    /// Takes it from the screen, for good.
    pub(crate) fn destroy(&self) {
        self.window.destroy();
    }

    fn listen(&self, acts: &Acts) {
        let leave = acts.clone();
        self.window.connect_close_request(move |_| {
            leave.tell(Act::Leave);
            Propagation::Stop
        });
        let focus = acts.clone();
        self.window.connect_is_active_notify(move |window| {
            if window.is_active() {
                focus.tell(Act::Focus);
            }
        });
        let escape = gtk::ShortcutController::new();
        let acts = acts.clone();
        escape.add_shortcut(gtk::Shortcut::new(
            gtk::ShortcutTrigger::parse_string("Escape"),
            Some(gtk::CallbackAction::new(move |_, _| {
                acts.tell(Act::Leave);
                Propagation::Stop
            })),
        ));
        self.window.add_controller(escape);
    }

    /// Keeps keys away that were not meant for this window.
    fn guard(&self) {
        let guard = Rc::new(RefCell::new(Guard::new(Instant::now())));
        let keys = EventControllerKey::new();
        keys.set_propagation_phase(PropagationPhase::Capture);
        let pressed = Rc::clone(&guard);
        keys.connect_key_pressed(move |_, key, code, _| {
            let counts = !activates(key) || pressed.borrow_mut().pressed(code, Instant::now());
            if counts {
                Propagation::Proceed
            } else {
                Propagation::Stop
            }
        });
        let released = Rc::clone(&guard);
        keys.connect_key_released(move |_, _, code, _| released.borrow_mut().released(code));
        self.window.add_controller(keys);
        self.window.connect_is_active_notify(move |window| {
            if window.is_active() {
                guard.borrow_mut().focused(Instant::now());
            }
        });
    }

    fn belong(&self, parent: &str) {
        let parent = Parent::parse(parent);
        self.window.connect_realize(move |window| {
            if let Err(why) = parent.adopt(window) {
                gtk::glib::g_message!("credex-chooser-gtk", "the window has no parent: {why}");
            }
        });
    }
}

/// A page that was left is made anew if it is needed again, so that nothing old answers.
fn forget_others(stack: &gtk::Stack) {
    let mut next = stack
        .first_child()
        .filter(|_| !stack.is_transition_running());
    while let Some(page) = next {
        next = page.next_sibling();
        if Some(&page) != stack.visible_child().as_ref() {
            stack.remove(&page);
        }
    }
}

/// Which way the pages turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To a later one.
    On,
    /// To an earlier one.
    Back,
}

fn activates(key: Key) -> bool {
    matches!(
        key,
        Key::Return | Key::KP_Enter | Key::ISO_Enter | Key::space | Key::KP_Space
    )
}
