//! The parts of which pages are made. Text is always plain text: nothing that a stranger wrote is
//! ever read as markup or as the mark of an access key.

use std::ops::Range;

use gtk::prelude::*;
use gtk::{AccessibleRole, Align, Orientation, PolicyType, glib};

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
        .attributes(&as_one_reads_it(words))
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

/// Beside that, a number stays on the line of what there are so many of.
fn as_one_reads_it(words: &str) -> gtk::pango::AttrList {
    let attributes = as_it_is();
    for number in numbers(words) {
        let mut together = gtk::pango::AttrInt::new_allow_breaks(false);
        together.set_start_index(u32::try_from(number.start).unwrap_or(u32::MAX));
        together.set_end_index(u32::try_from(number.end).unwrap_or(u32::MAX));
        attributes.insert(together);
    }
    attributes
}

/// Where numbers stand in `words`, each with the space and the first letter behind it, in bytes.
fn numbers(words: &str) -> Vec<Range<usize>> {
    let mut numbers = Vec::new();
    for (at, _) in words.match_indices(' ') {
        let (before, after) = (&words[..at], &words[at + 1..]);
        let digits = before.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let Some(first) = after.chars().next() else {
            continue;
        };
        if digits.len() < at {
            numbers.push(digits.len()..at + 1 + first.len_utf8());
        }
    }
    numbers
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

/// A row that is a button: what it is about, and below it what pressing it does, so that both have
/// the whole width of a narrow window.
pub(crate) fn row_button(about: &str, does: &str) -> gtk::Button {
    let row = gtk::Box::new(Orientation::Vertical, 3);
    row.append(&text(about, &["heading"]));
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
            .margin_top(6)
            .margin_bottom(12)
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
        let footer = column(&rows);
        keep_below(&footer, &scroll);
        root.append(&scroll);
        root.append(&footer);
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

/// Keeps the buttons right below what they are about, where a bar takes room beside that.
fn keep_below(footer: &adw::Clamp, scroll: &gtk::ScrolledWindow) {
    let make_room = |footer: glib::WeakRef<adw::Clamp>, width: i32| {
        // Not while the page is being laid out, which is when the bar comes and goes.
        glib::idle_add_local_once(move || {
            if let Some(footer) = footer.upgrade() {
                footer.set_margin_end(width);
            }
        });
    };
    let bar = scroll.vscrollbar();
    let comes = footer.downgrade();
    bar.connect_map(move |bar| {
        let (_, width, _, _) = bar.measure(Orientation::Horizontal, -1);
        make_room(comes.clone(), width);
    });
    let goes = footer.downgrade();
    bar.connect_unmap(move |_| make_room(goes.clone(), 0));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_kept_with_what_there_are_so_many_of() {
        let words = "“Old” sends: 142 passwords, 8 Schlüssel und 1 Übriges in 2";
        let together: Vec<_> = numbers(words)
            .into_iter()
            .map(|range| &words[range])
            .collect();
        assert_eq!(together, ["142 p", "8 S", "1 Ü"]);
    }
}
