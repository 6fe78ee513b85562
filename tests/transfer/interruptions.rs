//! A transfer that is broken off at any moment.
