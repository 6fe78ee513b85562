//! What an object or an array amounts to once all of it was seen: usable, to be ignored, or
//! tolerated with a note (CXF 1.0: an unknown value in an optional member costs the member, in a
//! required one it costs what encloses it).

use super::findings::Mark;
use super::role::{Cost, Member, Role};
use super::seen::Seen;
use super::walk::Walk;
use super::{Invalid, Quirk, Reason, Unit};

/// What must be remembered from the start of an object to its end.
#[derive(Debug)]
pub(super) struct Opened {
    /// Only of a credential, whose members cannot be judged if its type is not known.
    before: Option<Mark>,
}

impl Walk<'_> {
    pub(super) fn open(&mut self, role: Role) -> Opened {
        let before = match role {
            Role::Credential => {
                self.type_name = None;
                self.known_type = None;
                Some(self.findings.mark())
            }
            Role::Item => {
                self.pending.clear();
                None
            }
            _ => None,
        };
        Opened { before }
    }

    /// Judges an object whose members lie in [`Walk::met`] from `first` on.
    pub(super) fn close(&mut self, role: Role, first: usize, opened: &Opened) -> Seen {
        let is_usable = match role {
            Role::Unknown => true,
            Role::Root => self.close_root(first),
            Role::Credential => self.close_credential(first, opened),
            _ => self.judge(first, role.members(), role.cost()),
        };
        match role {
            Role::Account => self.accounts += 1,
            Role::Collection if is_usable => self.collections += 1,
            Role::Item if is_usable => {
                self.items += 1;
                let Self {
                    counts, pending, ..
                } = self;
                counts.take(pending);
            }
            _ => {}
        }
        if self.ids.is_some() {
            self.close_ids(role);
        }
        let has_otpauth = role == Role::Field
            && self
                .met
                .iter()
                .skip(first)
                .any(|met| met.seen.has(Seen::OTPAUTH));
        Seen::OBJECT | Seen::when(is_usable, Seen::SOUND) | Seen::when(has_otpauth, Seen::OTPAUTH)
    }

    /// Judges one element and folds it into what is known of its array.
    pub(super) fn close_element(&mut self, role: Role, seen: Seen, whole: Seen) -> Seen {
        if !role.accepts(seen) {
            self.problem(role.unit(), role.reason(seen), None);
        } else if role == Role::Url && !seen.has(Seen::SOUND) {
            self.note(Quirk::BareDomain, None);
        }
        whole | Seen::when(seen.has(Seen::OTPAUTH), Seen::OTPAUTH)
    }

    fn close_credential(&mut self, first: usize, opened: &Opened) -> bool {
        let Some((place, known)) = self.known_type else {
            return self.close_unknown_credential(first, opened);
        };
        self.look_up_late(first, known.members);
        let is_usable = self.judge(first, known.members, Role::Credential.cost());
        if is_usable {
            self.pending.add_known(place);
        }
        is_usable
    }

    fn close_unknown_credential(&mut self, first: usize, opened: &Opened) -> bool {
        if let Some(before) = &opened.before {
            self.findings.back_to(before);
        }
        match self.type_name.take() {
            Some(name) => {
                self.pending.add_unknown(&name, 1);
                true
            }
            None => {
                static ONLY_TYPE: &[Member] = &[Member {
                    name: "type",
                    role: Role::CredentialType,
                    required: true,
                }];
                self.look_up_late(first, ONLY_TYPE);
                self.judge(first, ONLY_TYPE, Role::Credential.cost())
            }
        }
    }

    /// Finds out what those members stand for that were met before the type was.
    fn look_up_late(&mut self, first: usize, members: &'static [Member]) {
        for met in self
            .met
            .iter_mut()
            .skip(first)
            .filter(|met| met.place.is_none())
        {
            let place = members.iter().position(|member| member.name == met.name);
            met.place = place.and_then(|place| u8::try_from(place).ok());
        }
    }

    fn close_root(&mut self, first: usize) -> bool {
        self.judge(first, Role::Root.members(), Cost::Nothing);
        let of = |name: &str| {
            let met = self.met.iter().skip(first).find(|met| met.name == name);
            met.map_or(Seen::NULL, |met| met.seen)
        };
        let (version, accounts, items) = (of("version"), of("accounts"), of("items"));
        let is_header = accounts.has(Seen::ARRAY);
        if !version.has(Seen::NULL) && !version.has(Seen::OBJECT | Seen::SOUND) {
            self.fatal = Some(Invalid::UnsupportedVersion { major: None });
        } else if is_header && items.has(Seen::ARRAY) {
            self.fatal = Some(Invalid::HeaderAndAccount);
        } else if is_header {
            self.note_missing(first, &["exporterRpId", "exporterDisplayName", "timestamp"]);
            if version.has(Seen::NULL) {
                self.note(Quirk::NoVersion, Some("version"));
            }
        } else if items.has(Seen::ARRAY) {
            self.accounts = 1;
            self.note(Quirk::BareAccount, None);
            self.note_missing(first, &["id", "username", "email", "collections"]);
        }
        if self.fatal.is_none() && self.accounts == 0 {
            self.fatal = Some(Invalid::NoAccounts);
        }
        true
    }

    fn note_missing(&mut self, first: usize, names: &[&'static str]) {
        for name in names {
            if !self.met.iter().skip(first).any(|met| met.name == *name) {
                self.note(Quirk::MissingMember, Some(name));
            }
        }
    }

    /// Holds the members from `first` on against those that are known, and says whether all that
    /// are required are there and sound.
    fn judge(&mut self, first: usize, members: &'static [Member], cost: Cost) -> bool {
        let mut is_usable = true;
        let mut present = 0_u64;
        for index in first..self.met.len() {
            let met = &self.met[index];
            let (seen, Some(place)) = (met.seen, met.place) else {
                continue;
            };
            let Some(member) = members.get(usize::from(place)) else {
                continue;
            };
            if seen == Seen::NULL {
                if !member.required {
                    self.note(Quirk::NullForAbsent, Some(member.name));
                }
                continue;
            }
            present |= 1 << place;
            if member.role.accepts(seen) {
                self.note_quirks(member, seen);
            } else if !member.required || cost == Cost::Nothing {
                self.problem(Unit::Member, member.role.reason(seen), Some(member.name));
            } else {
                is_usable = false;
                if let Cost::Itself(unit) = cost {
                    self.problem(unit, member.role.reason(seen), Some(member.name));
                }
            }
        }
        self.judge_absent(members, present, cost) && is_usable
    }

    fn judge_absent(&mut self, members: &'static [Member], present: u64, cost: Cost) -> bool {
        let mut is_usable = true;
        for (place, member) in members.iter().enumerate() {
            if !member.required || present & (1 << place) != 0 {
                continue;
            }
            is_usable = false;
            match cost {
                Cost::Itself(unit) => {
                    self.problem(
                        unit,
                        Reason::Missing {
                            member: member.name,
                        },
                        None,
                    );
                }
                Cost::Nothing => self.note(Quirk::MissingMember, Some(member.name)),
                Cost::Enclosing => {}
            }
        }
        is_usable
    }

    #[inline]
    fn note_quirks(&mut self, member: &'static Member, seen: Seen) {
        use Role::{AccountId, CollectionId, Fields, ItemId, OtherId, Timestamp};
        if seen.has(Seen::PADDED) {
            self.note(Quirk::PaddedBase64Url, Some(member.name));
        }
        match member.role {
            AccountId | CollectionId | ItemId | OtherId if seen.has(Seen::EMPTY) => {
                self.note(Quirk::EmptyId, Some(member.name));
            }
            Timestamp if seen.has(Seen::NEGATIVE) => {
                self.note(Quirk::NegativeTimestamp, Some(member.name));
            }
            Timestamp if seen.has(Seen::FAR) => {
                self.note(Quirk::FarFutureTimestamp, Some(member.name));
            }
            Fields if seen.has(Seen::OTPAUTH) => {
                self.note(Quirk::TotpAsCustomField, Some(member.name));
            }
            Role::MinorVersion if !seen.has(Seen::EMPTY) => {
                self.note(Quirk::MinorVersion, Some(member.name));
            }
            _ => {}
        }
    }
}
