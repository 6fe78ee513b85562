//! What an object or an array amounts to once all of it was seen: usable, to be ignored, or
//! tolerated with a note (CXF 1.0: an unknown value in an optional member costs the member, in a
//! required one it costs what encloses it).

use super::frame::Frame;
use super::members::Member;
use super::role::{Cost, Role};
use super::seen::Seen;
use super::walk::{Met, Walk};
use super::{Invalid, Quirk, Reason, Unit};

impl<'de> Walk<'de> {
    #[inline]
    pub(super) fn open(&mut self, role: Role) -> Frame<'de> {
        if role == Role::Credential {
            self.type_name = None;
            self.known_type = None;
            self.before = self.findings.mark();
        }
        Frame::new(role, self.met.len())
    }

    /// Judges an object all of whose members were met.
    #[inline]
    pub(super) fn close(&mut self, role: Role, frame: &Frame<'de>) -> Seen {
        let is_usable = match role {
            Role::Unknown => return Seen::OBJECT,
            Role::Root => self.close_root(frame),
            Role::Credential => self.close_credential(frame),
            _ => self.judge(frame, role.cost()),
        };
        match role {
            Role::Account => self.accounts += 1,
            Role::Collection if is_usable => self.collections += 1,
            Role::Item => self.close_item(is_usable),
            _ => {}
        }
        if self.ids.is_some() {
            self.close_ids(role);
        }
        let has_otpauth = role == Role::Field && frame.all.has(Seen::OTPAUTH);
        Seen::OBJECT | Seen::when(is_usable, Seen::SOUND) | Seen::when(has_otpauth, Seen::OTPAUTH)
    }

    /// Judges one element and folds it into what is known of its array.
    pub(super) fn close_element(&mut self, role: Role, seen: Seen, whole: Seen) -> Seen {
        if !role.accepts(seen) {
            self.problem(role.unit(), role.reason(seen), None);
            if matches!(role, Role::Account | Role::Item | Role::Credential) {
                self.has_credentials |= role == Role::Credential;
                self.untyped = self.untyped.saturating_add(1);
            }
        } else if role == Role::Url && !seen.has(Seen::SOUND) {
            self.note(Quirk::BareDomain, None);
        }
        whole | Seen::when(seen.has(Seen::OTPAUTH), Seen::OTPAUTH)
    }

    /// Takes over what was counted in an item, or forgets it.
    fn close_item(&mut self, is_usable: bool) {
        let ignored = std::mem::take(&mut self.pending_ignored);
        let has_credentials = std::mem::take(&mut self.has_credentials);
        if is_usable {
            self.items += 1;
            self.counts.take(&mut self.pending);
            self.ignored = self.ignored.saturating_add(ignored);
            return;
        }
        self.pending.clear();
        if !has_credentials {
            self.untyped = self.untyped.saturating_add(1);
        }
    }

    fn close_credential(&mut self, frame: &Frame<'de>) -> bool {
        if self.known_type.is_none() {
            self.findings.back_to(&self.before);
        }
        if frame.presumed {
            self.look_up_late(frame);
        }
        self.has_credentials = true;
        let is_usable = self.judge(frame, Role::Credential.cost());
        match (self.known_type, self.type_name.take()) {
            (Some((place, _)), _) => {
                self.present.add_known(place);
                if is_usable {
                    self.pending.add_known(place);
                } else if self.lacks_only_an_algorithm(frame) {
                    self.pending_ignored = self.pending_ignored.saturating_add(1);
                }
            }
            (None, Some(name)) => {
                self.present.add_unknown(&name, 1);
                self.pending.add_unknown(&name, 1);
            }
            (None, None) => self.untyped = self.untyped.saturating_add(1),
        }
        is_usable
    }

    /// Whether an unusable credential would be usable if CXF knew its TOTP algorithm.
    fn lacks_only_an_algorithm(&self, frame: &Frame<'de>) -> bool {
        let mut sound = 0_u64;
        for met in self.met.iter().skip(frame.first) {
            let member = met.place.and_then(|place| frame.shape.members.get(place));
            let is_algorithm =
                |member: &Member| member.role == Role::TotpAlgorithm && met.seen.has(Seen::STRING);
            let fits = member.is_some_and(|it| it.accepts(met.seen) || is_algorithm(it));
            if let Some(place) = met.place.filter(|_| fits) {
                sound |= 1 << place;
            }
        }
        frame.shape.required & !sound == 0
    }

    /// Finds out what those members stand for that were met before the type was.
    fn look_up_late(&mut self, frame: &Frame<'de>) {
        for met in self
            .met
            .iter_mut()
            .skip(frame.first)
            .filter(|met| met.place.is_none())
        {
            met.place = frame
                .shape
                .members
                .iter()
                .position(|member| member.name == met.name);
        }
    }

    fn close_root(&mut self, frame: &Frame<'de>) -> bool {
        self.judge(frame, Cost::Nothing);
        let of = |name: &str| {
            let met = self
                .met
                .iter()
                .skip(frame.first)
                .find(|met| met.name == name);
            met.map_or(Seen::NULL, |met| met.seen)
        };
        let (version, accounts, items) = (of("version"), of("accounts"), of("items"));
        let is_header = accounts.has(Seen::ARRAY);
        if !version.has(Seen::NULL) && !version.has(Seen::OBJECT | Seen::SOUND) {
            self.fatal = Some(Invalid::UnsupportedVersion { major: None });
        } else if is_header && items.has(Seen::ARRAY) {
            self.fatal = Some(Invalid::HeaderAndAccount);
        } else if is_header {
            self.note_missing(frame, &["exporterRpId", "exporterDisplayName", "timestamp"]);
            if version.has(Seen::NULL) {
                self.note(Quirk::NoVersion, Some("version"));
            }
        } else if items.has(Seen::ARRAY) {
            self.accounts = 1;
            self.note(Quirk::BareAccount, None);
            self.note_missing(frame, &["id", "username", "email", "collections"]);
        }
        if self.fatal.is_none() && self.accounts == 0 {
            self.fatal = Some(Invalid::NoAccounts);
        }
        true
    }

    fn note_missing(&mut self, frame: &Frame<'de>, names: &[&'static str]) {
        for name in names {
            if !self
                .met
                .iter()
                .skip(frame.first)
                .any(|met| met.name == *name)
            {
                self.note(Quirk::MissingMember, Some(name));
            }
        }
    }

    /// Whether all members that are required are there and sound. Most objects give no reason to
    /// look at their members again.
    #[inline]
    fn judge(&mut self, frame: &Frame<'de>, cost: Cost) -> bool {
        let is_complete = frame.shape.required & !frame.present == 0;
        (is_complete && !frame.is_odd && !frame.presumed) || self.look_again(frame, cost)
    }

    fn look_again(&mut self, frame: &Frame<'de>, cost: Cost) -> bool {
        let mut is_usable = true;
        let mut present = 0_u64;
        for index in frame.first..self.met.len() {
            let (seen, place) = match self.met.get(index) {
                Some(Met {
                    seen,
                    place: Some(place),
                    ..
                }) => (*seen, *place),
                _ => continue,
            };
            let Some(member) = frame.shape.members.get(place) else {
                continue;
            };
            if seen == Seen::NULL {
                if !member.required {
                    self.note(Quirk::NullForAbsent, Some(member.name));
                }
                continue;
            }
            present |= 1 << place;
            if member.accepts(seen) {
                self.note_quirks(member, seen);
                continue;
            }
            let is_needed = member.required && cost != Cost::Nothing;
            is_usable &= !is_needed;
            match cost {
                Cost::Itself(unit) if is_needed => self.misfit(unit, member, seen),
                Cost::Enclosing if is_needed => {}
                _ => self.misfit(Unit::Member, member, seen),
            }
        }
        self.judge_absent(frame.shape.members, present, cost) && is_usable
    }

    fn misfit(&mut self, unit: Unit, member: &Member, seen: Seen) {
        self.problem(unit, member.role.reason(seen), Some(member.name));
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
            Role::MinorVersion if seen.has(Seen::LATER) => {
                self.note(Quirk::MinorVersion, Some(member.name));
            }
            _ => {}
        }
    }
}
