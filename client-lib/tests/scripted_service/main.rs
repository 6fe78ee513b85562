//! The two sides of the library against a service that does what a test tells it, on a real bus.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod exporter;
mod importer;
mod stage;
mod web;
