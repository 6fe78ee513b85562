//! The parts of which pages are made. Text is always plain text: nothing that a stranger wrote is
//! ever read as markup or as the mark of an access key.

use gtk::prelude::*;
use gtk::{AccessibleRole, Align, Orientation, PolicyType};

use crate::accessible;

/// The width of a column of text, in pixels at the normal text size.
const COLUMN: i32 = 440;

/// The narrowest a text may become, in letters. Without it GTK would find out by breaking every text
/// after every letter, which costs a third of the start of the window.
const NARROWEST: i32 = 12;

/// Loads what the theme does not offer.
pub(crate) fn load_style() {
    let Some(display) = gtk::gdk::Display::default() else {
        return;
    };
    let style = gtk::CssProvider::new();
    style.load_from_data(include_str!("style.css"));
    let priority = gtk::STYLE_PROVIDER_PRIORITY_APPLICATION;
    gtk::style_context_add_provider_for_display(&display, &style, priority);
}

/// A paragraph.
pub(crate) fn text(words: &str, classes: &[&str]) -> gtk::Label {
    gtk::Label::builder()
        .label(words)
        .wrap(true)
        .wrap_mode(gtk::pango::WrapMode::WordChar)
        .attributes(&as_it_is())
        .width_chars(NARROWEST)
        .xalign(0.0)
        .css_classes(
            classes
                .iter()
                .map(|&class| class.to_owned())
                .collect::<Vec<_>>(),
        )
        .build()
}

/// A name or ID that is broken must not seem to have a hyphen in it.
fn as_it_is() -> gtk::pango::AttrList {
    let attributes = gtk::pango::AttrList::new();
    attributes.insert(gtk::pango::AttrInt::new_insert_hyphens(false));
    attributes
}

/// A paragraph in the middle.
pub(crate) fn centred(words: &str, classes: &[&str]) -> gtk::Label {
    let label = text(words, classes);
    label.set_justify(gtk::Justification::Center);
    label.set_xalign(0.5);
    label
}

/// The headline of a page, by which it is called.
pub(crate) fn headline(words: &str) -> gtk::Label {
    let label = gtk::Label::builder()
        .accessible_role(AccessibleRole::Heading)
        .label(words)
        .wrap(true)
        .wrap_mode(gtk::pango::WrapMode::WordChar)
        .attributes(&as_it_is())
        .width_chars(NARROWEST)
        .justify(gtk::Justification::Center)
        .css_classes(["title-2"])
        .build();
    accessible::first_headline(&label);
    label
}

/// A picture that says nothing that is not also said in words.
pub(crate) fn picture(icon: &str, pixels: i32) -> gtk::Image {
    gtk::Image::builder()
        .accessible_role(AccessibleRole::Presentation)
        .icon_name(icon)
        .pixel_size(pixels)
        .build()
}

/// What something is, under its caption.
pub(crate) fn fact(caption: &str, words: &str) -> gtk::Box {
    let fact = gtk::Box::new(Orientation::Vertical, 2);
    fact.append(&text(caption, &["caption", "dim-label"]));
    fact.append(&text(words, &[]));
    fact
}

/// A sentence behind a picture.
pub(crate) fn remark(icon: &str, words: &str, classes: &[&str]) -> gtk::Box {
    let remark = gtk::Box::new(Orientation::Horizontal, 8);
    let picture = picture(icon, 16);
    picture.set_valign(Align::Start);
    remark.append(&picture);
    let words = text(words, classes);
    words.set_hexpand(true);
    remark.append(&words);
    remark
}

/// Rows with lines between them.
pub(crate) fn card(class: &str) -> gtk::Box {
    gtk::Box::builder()
        .orientation(Orientation::Vertical)
        .css_classes(["card", class])
        .build()
}

/// Adds a row to a card.
pub(crate) fn add_row(card: &gtk::Box, row: &impl IsA<gtk::Widget>) {
    if card.first_child().is_some() {
        card.append(&gtk::Separator::new(Orientation::Horizontal));
    }
    card.append(row);
}

/// A switch behind what it is for. A click anywhere there counts.
pub(crate) fn switched(words: &str, switch: &gtk::Switch) -> gtk::Box {
    let row = gtk::Box::new(Orientation::Horizontal, 12);
    let label = text(words, &[]);
    label.set_hexpand(true);
    row.append(&label);
    row.append(switch);
    let click = gtk::GestureClick::new();
    let switch = switch.clone();
    click.connect_released(move |_, _, _, _| switch.set_active(!switch.is_active()));
    label.add_controller(click);
    row
}

/// A button with a word that may be long, and an access key.
pub(crate) fn button(words: &str, classes: &[&str]) -> gtk::Button {
    let label = gtk::Label::builder()
        .label(words)
        .use_underline(true)
        .wrap(true)
        .wrap_mode(gtk::pango::WrapMode::WordChar)
        .attributes(&as_it_is())
        .justify(gtk::Justification::Center)
        .build();
    let button = gtk::Button::builder().child(&label).hexpand(true).build();
    button.add_css_class("wide");
    for class in classes {
        button.add_css_class(class);
    }
    label.set_mnemonic_widget(Some(&button));
    button
}

/// A row that is a button: what it is about, and what pressing it does.
pub(crate) fn row_button(about: &str, does: &str) -> gtk::Button {
    let row = gtk::Box::new(Orientation::Horizontal, 12);
    let label = text(about, &["heading"]);
    label.set_hexpand(true);
    row.append(&label);
    row.append(&text(does, &["caption"]));
    gtk::Button::builder()
        .child(&row)
        .css_classes(["flat", "choice"])
        .build()
}

/// A text in which nothing is an access key.
pub(crate) fn literally(words: &str) -> String {
    words.replace('_', "__")
}

/// Gives a button another word.
pub(crate) fn rename(button: &gtk::Button, words: &str) {
    if let Some(label) = button.child().and_downcast::<gtk::Label>() {
        label.set_text_with_mnemonic(words);
    }
}

/// A step: what it tells, and its buttons, which stay in sight however long that is.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The whole.
    pub(crate) root: gtk::Box,
    content: gtk::Box,
    rows: gtk::Box,
    buttons: gtk::Box,
    has_way_back: bool,
}

impl Step {
    /// An empty step.
    pub(crate) fn new() -> Step {
        let content = gtk::Box::builder()
            .orientation(Orientation::Vertical)
            .spacing(18)
            .margin_top(12)
            .margin_bottom(18)
            .margin_start(18)
            .margin_end(18)
            .valign(Align::Center)
            .build();
        let scroll = scroll(&column(&content));
        let buttons = gtk::Box::builder()
            .orientation(Orientation::Horizontal)
            .spacing(12)
            .homogeneous(true)
            .build();
        let rows = gtk::Box::builder()
            .orientation(Orientation::Vertical)
            .spacing(12)
            .margin_top(12)
            .margin_bottom(18)
            .margin_start(18)
            .margin_end(18)
            .build();
        rows.append(&buttons);
        let root = gtk::Box::new(Orientation::Vertical, 0);
        root.append(&scroll);
        root.append(&column(&rows));
        Step {
            root,
            content,
            rows,
            buttons,
            has_way_back: false,
        }
    }

    /// An empty step that is not the first.
    pub(crate) fn with_way_back() -> Step {
        Step {
            has_way_back: true,
            ..Step::new()
        }
    }

    /// Whether there is a step before it.
    pub(crate) fn has_way_back(&self) -> bool {
        self.has_way_back
    }

    /// Adds to what it tells.
    pub(crate) fn add(&self, part: &impl IsA<gtk::Widget>) {
        self.content.append(part);
    }

    /// Adds a button above the others, as wide as all of them.
    pub(crate) fn add_wide_button(&self, button: &gtk::Button) {
        self.rows.prepend(button);
    }

    /// Adds a button.
    pub(crate) fn add_button(&self, button: &gtk::Button) {
        self.buttons.append(button);
    }
}

fn column(child: &gtk::Box) -> adw::Clamp {
    adw::Clamp::builder()
        .maximum_size(COLUMN)
        .tightening_threshold(COLUMN - 60)
        .child(child)
        .build()
}

/// Scrolls also by keyboard: it takes the focus where there is something to scroll.
fn scroll(child: &adw::Clamp) -> gtk::ScrolledWindow {
    let scroll = gtk::ScrolledWindow::builder()
        .hscrollbar_policy(PolicyType::Never)
        .overlay_scrolling(false)
        .vexpand(true)
        .child(child)
        .build();
    let adjustment = scroll.vadjustment();
    let weak = scroll.downgrade();
    adjustment.connect_changed(move |adjustment| {
        if let Some(scroll) = weak.upgrade() {
            scroll.set_focusable(adjustment.upper() > adjustment.page_size());
        }
    });
    accessible::name(&scroll, &crate::words::text());
    scroll
}
