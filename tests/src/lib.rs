//! The harness and the stories that drive the real Credex.
