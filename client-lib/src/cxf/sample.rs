//! A document to try things with: fictional persons, all 17 credential types, an unknown one,
//! unknown members at every level, and the habits of real exporters that a Header allows.

/// The sample: a CXF 1.0 document in which nothing is quarantined and much is tolerated.
pub fn sample() -> &'static [u8] {
    include_bytes!("sample.json")
}

/// What travels beside [`sample`]: the `id` of each `file` credential, and the bytes of the file.
pub fn sample_attachments() -> &'static [(&'static str, &'static [u8])] {
    &[(
        "ZmlsZS1yZWNvdmVyeS1jb2Rlcw",
        include_bytes!("sample-recovery-codes.txt"),
    )]
}
