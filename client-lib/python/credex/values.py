"""What is told: who an app is, what is in a document, what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Union

from credex._credex import Secret


class Tally(NamedTuple):
    """What became of the credentials of one type."""

    succeeded: int = 0
    failed: int = 0
    ignored: int = 0


#: What became of each type; a number alone is how many succeeded.
Tallies = Mapping[str, Union[Tally, tuple[int, int, int], int]]


#: Why something is lost at an importer: there is no place for it, it is too large, nothing but passwords of
#: websites is taken there, or something else.
LossReason = Literal["no-place", "too-large", "websites-only", "other"]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """So many of a kind that are lost at an importer."""

    #: How many.
    count: int
    #: Why.
    reason: LossReason
    #: The credential type; None if items lose a part that is not of a credential: titles, tags, collections.
    type: str | None = None
    #: Whether a part of each credential is lost, and not all of it.
    part: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will become of the items at one importer. Only for an app that knows what is there.

    It holds numbers and nothing else, of items if nothing else is said. The person is shown it, as the app's
    word, where they agree to that importer.
    """

    #: Where: `Importer.unique_name`, or the desktop-entry ID of an app that is installed.
    importer: str
    #: Are new there.
    added: int = 0
    #: Are there already.
    same: int = 0
    #: Say something else there, and stay there as they are.
    kept: int = 0
    #: Say something else there, and are replaced.
    replaced: int = 0
    #: Say something else there, and are added beside those.
    both: int = 0
    #: Are dropped: nothing of them can be kept there.
    dropped: int = 0
    #: Parts of the source that cannot be read.
    unreadable: int = 0
    #: What is lost. No more of a type than is counted in the request.
    losses: Sequence[Loss] = ()


@dataclass(frozen=True)
class Receipt:
    """The importer's report to the exporter."""

    #: What became of each credential type.
    types: Mapping[str, Tally]
    #: Where what arrived differs from what was declared and let go, a sentence each.
    discrepancies: Sequence[str]

    @property
    def total(self) -> Tally:
        """What became of all types together."""
        return Tally(*map(sum, zip(*self.types.values()))) if self.types else Tally()


@dataclass(frozen=True)
class App:
    """The app on the other side, as the service established it.

    Its names may be hostile text: show them as text, and never alone.
    """

    #: Desktop-entry ID; empty where there is none.
    app_id: str
    #: Display name; empty where there is none.
    name: str
    #: How sure the service is: ``unverified``, ``installed``, ``launched`` or ``sandboxed``.
    assurance: str
    #: Which exporting provider of the app, where it has several.
    provider: str | None
    #: Where it was installed from, if that is known.
    origin: str | None
    #: A warning of the service about what the app says of itself.
    conflict: str | None


@dataclass(frozen=True)
class Report:
    """What is in a document, and what is wrong with it. Speaks of places and kinds, never of values."""

    #: All credentials by type, usable or not: what an exporter declares.
    present: Mapping[str, int]
    #: The usable ones.
    usable: Mapping[str, int]
    #: Those without fault that the format says to ignore.
    ignored: Mapping[str, int]
    #: Parts of the document that an importer should leave out, and why; the first 1000.
    quarantined: Sequence[str]
    #: How many such parts there are in all.
    quarantined_total: int


@dataclass(frozen=True)
class WebCredential:
    """One saved password, and what it is for."""

    #: The website's host.
    domain: str
    #: Its port, mostly 443.
    port: int
    #: The user name.
    account: str
    #: The password, in UTF-8.
    password: Secret


@dataclass(frozen=True)
class Found:
    """What was found in one stage of a check. Texts may quote hostile text: show them as text."""

    #: ``declaration``, ``decision`` or ``association``.
    stage: str
    #: Whether it stands in nobody's way.
    passed: bool
    #: What was found.
    message: str
    #: What to change, where it did not pass.
    advice: str | None
    #: The file that was looked for.
    url: str | None
    #: The HTTP status.
    status: int | None
    #: Whose certificate was shown, and until when it holds.
    certificate: str | None
    #: ``network``, ``cache`` or ``stale``.
    source: str | None
    #: Seconds since it was fetched.
    age: int | None


@dataclass(frozen=True)
class DomainReport:
    """Whether an app and a website belong together."""

    #: The website.
    domain: str
    #: The app; empty if there is none.
    app_id: str
    #: Whether they belong together.
    associated: bool
    #: Whether developer mode is on, which lets through what would not pass otherwise.
    developer: bool
    #: What was found, in the order in which it was looked for.
    stages: Sequence[Found]


@dataclass(frozen=True)
class Decision:
    """What the person said for good about an app and a domain."""

    #: The app.
    app_id: str
    #: Its domain.
    domain: str
    #: ``never``: they are not asked any more. More words may come.
    decided: str
    #: When: seconds since 1970.
    at: int


@dataclass(frozen=True)
class GeneratedPassword:
    """A new password."""

    #: The password, in UTF-8.
    password: Secret
    #: How hard it is to guess, in bits.
    entropy: float
