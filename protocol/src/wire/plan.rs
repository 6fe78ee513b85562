//! What an exporter says will become of its credentials at an importer: `plan` of
//! `Export.RequestExport`, and of an importer in `Chooser1.ChooseImporter`. Numbers and words of this
//! page, and no text of anybody's.

use zbus::zvariant::{DeserializeDict, SerializeDict, Type};

/// What is foreseen, in items unless it says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct Plan {
    /// Where: the unique name of an importer that is announced, or else the ID of one that is
    /// installed. Not told to the chooser, which gets the plan with its importer.
    pub importer: Option<String>,
    /// Are new there.
    pub added: Option<u32>,
    /// Are there already.
    pub same: Option<u32>,
    /// Say something else there, and stay as they are.
    pub kept: Option<u32>,
    /// Say something else there, and are replaced.
    pub replaced: Option<u32>,
    /// Say something else there, and are added beside those.
    pub both: Option<u32>,
    /// Are dropped: nothing of them can be kept there.
    pub dropped: Option<u32>,
    /// Parts of the source that cannot be read.
    pub unreadable: Option<u32>,
    /// What is lost of those that are not left as they are.
    pub losses: Option<Vec<PlannedLoss>>,
}

/// One kind of loss.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct PlannedLoss {
    /// The type of the credentials; missing if it is the items that lose something else.
    #[zvariant(rename = "type")]
    pub credential_type: Option<String>,
    /// The name of a [`LossReason`].
    pub reason: Option<String>,
    /// How many.
    pub count: Option<u32>,
    /// Whether only a part of each is lost.
    pub part: Option<bool>,
}

macro_rules! loss_reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+) => {
        /// Why something is lost at an importer. The doc of each is its line in the table of
        /// `README.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum LossReason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl LossReason {
            /// Every reason, in the order of the table.
            pub const ALL: &'static [LossReason] = &[$(LossReason::$name,)+];

            /// Its word on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(LossReason::$name => $word,)+ }
            }

            /// What it means: the line of the table.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(LossReason::$name => concat!($($doc,)+).trim_ascii(),)+ }
            }
        }
    };
}

loss_reasons! {
    /// There is no place for such a thing.
    NoPlace = "no-place",
    /// It is larger or longer than what is taken there.
    TooLarge = "too-large",
    /// Nothing but passwords of websites is taken there.
    WebsitesOnly = "websites-only",
    /// Another reason, or one that the reader does not know.
    Other = "other",
}

impl LossReason {
    /// The reason of this word; [`Other`](LossReason::Other) if it is not known.
    #[must_use]
    pub fn from_name(word: &str) -> LossReason {
        let mut known = Self::ALL.iter().copied();
        known
            .find(|reason| reason.name() == word)
            .unwrap_or(LossReason::Other)
    }
}
