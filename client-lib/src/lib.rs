//! Export and import credentials through the Credex session service.
