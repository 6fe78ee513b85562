//! Every sentence that a person reads, whichever front end shows it. Serves design §1, §5 and §7.
//!
//! All of them are translatable: `tr!` looks them up in the catalogue of [`language`](crate::language),
//! and puts what strangers wrote into the translation last, so that it is never read as a pattern.

mod consent;
mod ending;
mod export;
mod identity;
mod kinds;
mod passphrase;
mod plan;

pub use consent::{
    ConsentWords, account, agreed, consent_headline, consent_words, consequence, developer, refused,
};
pub use ending::{ending, progress, withdrawn, withdrawn_prompt};
pub use export::{
    declined, headline, origin, risks, sends, summary, unchecked, waiting, will_not_take,
};
pub use identity::{app_id, assurance, identity, nameless, no_proof, warning};
pub use kinds::{quantities, quantity};
pub use passphrase::{
    nameless_store, new_passphrase, passphrase_explanation, passphrase_headline, passphrase_hint,
    passphrase_refused, passphrase_typed,
};
pub use plan::{PlanWords, plan, plan_of_everything};
