//! What controls are called to those who do not see them.
//!
//! GTK has had these functions since 4.0, but its bindings offer them only from 4.10 on, when the
//! interface became public: so they are declared here.

use std::ffi::c_int;

use gtk::glib::object::{Cast, IsA};
use gtk::glib::translate::ToGlibPtr;
use gtk::glib::value::ToValue;
use gtk::glib::{self, gobject_ffi};

/// Says what `control` is called.
pub(crate) fn name(control: &impl IsA<gtk::Widget>, words: &str) {
    let property = gtk::ffi::GTK_ACCESSIBLE_PROPERTY_LABEL;
    set(control.upcast_ref(), property, &words.to_value());
}

/// Says more about `control`: it is read after its name.
pub(crate) fn describe(control: &impl IsA<gtk::Widget>, words: &str) {
    let property = gtk::ffi::GTK_ACCESSIBLE_PROPERTY_DESCRIPTION;
    set(control.upcast_ref(), property, &words.to_value());
}

/// Says that `label` is the first of the headlines.
pub(crate) fn first_headline(label: &gtk::Label) {
    let property = gtk::ffi::GTK_ACCESSIBLE_PROPERTY_LEVEL;
    set(label.upcast_ref(), property, &1_i32.to_value());
}

/// `value` must be of the type of `property`.
fn set(widget: &gtk::Widget, property: c_int, value: &glib::Value) {
    let widget: *mut gtk::ffi::GtkWidget = widget.to_glib_none().0;
    let mut property = property;
    // SAFETY: every widget implements GtkAccessible, one property and one value are given, and GTK
    // copies both. The three callers above give a value of the type that GTK documents.
    #[allow(unsafe_code)]
    unsafe {
        gtk_accessible_update_property_value(widget.cast(), 1, &mut property, value.as_ptr());
    }
}

// SAFETY: the signature is that of gtkaccessible.h, and GTK is linked by its bindings.
#[allow(unsafe_code)]
unsafe extern "C" {
    fn gtk_accessible_update_property_value(
        accessible: *mut gtk::ffi::GtkAccessible,
        count: c_int,
        properties: *mut c_int,
        values: *const gobject_ffi::GValue,
    );
}
