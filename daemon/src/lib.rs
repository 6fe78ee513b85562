//! The Credex session service: hands credentials from one app to another.
