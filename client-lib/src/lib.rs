//! Export and import credentials through the Credex session service.

pub mod cxf;
