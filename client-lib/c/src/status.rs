//! What every function returns.

/// What became of a call. More may be added: treat an unknown one as a failure.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredexStatus {
    /// It was done.
    Ok = 0,
    /// An argument is NULL, no UTF-8, or out of range.
    BadArgument = 1,
    /// A handle was freed already, is one of something else, or never was one.
    BadHandle = 2,
    /// Only the thread that made the client may do this; after fork(), only the parent.
    WrongThread = 3,
    /// Not now: it is not finished yet, was taken or reported already, or is being used.
    WrongState = 4,
    /// The time was up. What was waited for goes on, unless it was a call that blocks.
    TimedOut = 5,
    /// The app cancelled the operation, or freed what it needs.
    Cancelled = 6,
    /// There is no session bus to talk to.
    NoBus = 7,
    /// The bus name of the app belongs to another process.
    NameTaken = 8,
    /// The service is not there, or left.
    ServiceStopped = 9,
    /// The person said no; about a website, credex_error_reason() says whether that is for good.
    Declined = 10,
    /// The service refused: credex_error_reason() says why.
    Refused = 11,
    /// The exchange ended before it was completed: credex_error_reason() may say why.
    Ended = 12,
    /// The document is not valid CXF.
    BadDocument = 13,
    /// The attachments do not go with the document or with the format, or the payload does not open.
    BadPayload = 14,
    /// Something on the bus does not keep to the protocol, or is not the service.
    Protocol = 15,
    /// The operating system refused something.
    System = 16,
    /// A defect of this library.
    Internal = 17,
}
