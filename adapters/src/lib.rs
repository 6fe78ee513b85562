//! Brings credentials into and out of the stores that people have: KDBX files, `pass`, exports of
//! other managers.
//!
//! Everything passes through one model, which loses nothing that a CXF 1.0 document can say:
//!
//! - [`Record`]: an item as CXF has it, the account and the collections that it is in, and the bytes
//!   of its attachments. [`read_document`] and [`write_document`] turn documents into records and back.
//! - [`Adapter`]: a kind of store. It reads records, and writes records.
//! - [`carry`]: what a store cannot hold by itself, put into fields that it can hold, in such a way
//!   that a later reading turns them back.
//!
//! No file, process or bus is touched outside the folders of the stores and [`mod@file`]. Everything
//! that holds a secret is wiped when it is dropped, and has a `Debug` that does not show it.

mod adapter;
mod archive;
pub mod carry;
mod document;
pub mod file;
mod foresee;
pub mod forms;
mod item;
mod object;
mod record;
pub mod stores;
pub mod transfer;

pub use adapter::{
    Access, Adapter, Ask, Asked, Change, Description, Direction, Fault, Foreseen, Question, Store,
    Why, Written,
};
pub use document::{Document, DocumentError, read_document, write_document};
pub use foresee::foresee;
pub use item::{FieldType, Item};
pub use object::Object;
pub use record::{Account, Attachment, Place, Quarantined, Record, Step, new_id, stable_id};
