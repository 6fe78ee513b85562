//! The wire of Credex: D-Bus names, types, errors, proxies and the sealed envelope.
