//! The dialog in which a person decides where credentials go.
