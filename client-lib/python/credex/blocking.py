"""The calls that wait. Other threads go on meanwhile, and Ctrl-C ends the waiting and what it was for.

Every object may be used by any thread, and by several. What is used up or closed raises
`credex.errors.Closed`; every object is closed at the end of its ``with``, and when it is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from credex import _credex
from credex._given import attachments_of, description_of, question_of, types_of, utf8_of
from credex._told import Delivered, Granted, Imported, Offered, Reachable
from credex.values import (
    Decision,
    DomainReport,
    GeneratedPassword,
    Plan,
    Receipt,
    Tallies,
    WebCredential,
)

if TYPE_CHECKING:
    from typing import NoReturn, Self

    from _typeshed import ReadableBuffer


class _Closing:
    """What is closed at the end of its ``with``."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes it; twice is fine."""
        raise NotImplementedError


class Exporter(_Closing):
    """An app that can send credentials to others. It may export several times at once."""

    def __init__(self, native: _credex.Exporter) -> None:
        """Use `connect`."""
        self._native = native

    @classmethod
    def connect(cls, app_id: str, *, address: str | None = None) -> Self:
        """Connects to the session bus, or the bus at a D-Bus `address`; `app_id` is the app's
        desktop-entry ID. Raises `NoBus`."""
        return cls(_credex.connect_exporter(app_id, address).wait())

    def export(
        self,
        document: ReadableBuffer,
        attachments: Mapping[str, ReadableBuffer] | None = None,
        *,
        parent_window: str = "",
        activation_token: str | None = None,
        provider: str | None = None,
        plan: Plan | None = None,
        timeout: float | None = None,
    ) -> Receipt:
        """Does a whole exchange: checks the CXF `document`, asks the person, sends what was let go, and
        waits until the importer has reported.

        `attachments` are the bytes of its ``file`` credentials by their ids. After `timeout` seconds the
        exchange is called off. The other arguments are those of `request`. Raises `InvalidDocument` before
        anybody is asked, and what `request`, `Grant.send` and `Delivery.receipt` raise.
        """
        question = question_of(parent_window, activation_token, provider, None, plan)
        exchange = self._native.export(document, attachments_of(attachments), question)
        return exchange.wait(timeout)

    def request(
        self,
        counts: Mapping[str, int],
        *,
        parent_window: str = "",
        activation_token: str | None = None,
        provider: str | None = None,
        format_versions: Iterable[str] | None = None,
        plan: Plan | None = None,
        timeout: float | None = None,
    ) -> Grant:
        """Asks the person to whom credentials may go, and which of `counts`, the number of credentials
        of each type. What is not counted does not travel.

        The chooser is placed above `parent_window`: ``x11:XID`` (hexadecimal), ``wayland:HANDLE``
        (xdg-foreign), or ``tty:/dev/pts/N`` for the terminal to ask in. What is foreseen in a `plan` is
        shown where the person agrees to that importer, as the app's word. After `timeout` seconds the
        question is taken back. Raises `Declined`, `Refused`, `ServiceUnavailable`, `NotTheService`;
        `TimeoutError`; `ValueError` for a plan with a reason that is none.
        """
        question = question_of(
            parent_window, activation_token, provider, format_versions, plan
        )
        return Grant(self._native.request(dict(counts), question).wait(timeout))

    def close(self) -> None:
        """Leaves the bus, and calls off what is under way in other threads."""
        self._native.close().wait()


class Grant(Granted, _Closing):
    """The person's consent to one exchange. Closing it without having sent calls the exchange off."""

    def send(
        self, document: ReadableBuffer, attachments: Mapping[str, ReadableBuffer] | None = None
    ) -> Delivery:
        """Leaves out what the person did not let go, seals the rest, and hands it to the service. May be
        tried again if it fails. Raises `InvalidDocument`, `InvalidPayload`, `Refused`, `Ended`."""
        return Delivery(self._native.send(document, attachments_of(attachments)).wait())

    def close(self) -> None:
        """Calls the exchange off, unless something was sent."""
        self._native.close().wait()


class Delivery(Delivered, _Closing):
    """A payload that waits for its importer. Closing it before the receipt is there takes it back."""

    def receipt(self, timeout: float | None = None) -> Receipt:
        """Waits until the importer has reported, for up to `timeout` seconds, and may be called again until
        it has. Raises `Cancelled`, `Expired` or `Failed`; `TimeoutError`."""
        receipt = self._native.receipt().wait(timeout)
        self._over = True
        return receipt

    def cancel(self) -> None:
        """Takes the payload back. What the importer has already redeemed it keeps."""
        self._native.cancel().wait()

    def close(self) -> None:
        """Takes the payload back, unless the exchange is over."""
        if not self._over:
            self._over = True
            self._native.close().wait()


class Importer(Reachable, _Closing):
    """An app that credentials can be sent to, until it is closed. It acknowledges every offer by
    itself; several may be open at once."""

    @classmethod
    def connect(
        cls,
        app_id: str,
        *,
        name: str | None = None,
        credential_types: Iterable[str] | None = None,
        format_versions: Iterable[str] | None = None,
        own_name: bool = False,
        limit: int | None = None,
        address: str | None = None,
    ) -> Self:
        """Connects to the session bus, or the bus at a D-Bus `address`, and is there for offers.

        `app_id` is the app's desktop-entry ID. `name` is shown where no desktop entry gives one. An app
        that D-Bus activates says `own_name`, to own its ID on the bus instead of announcing itself. It
        takes every type if no `credential_types` are said, and payloads of up to `limit` plaintext
        bytes (1 GiB and 64 MiB). Raises `NoBus`, `NameTaken`, `Refused`, `ServiceUnavailable`.
        """
        description = description_of(
            name, credential_types, format_versions, own_name, limit, address
        )
        return cls(_credex.connect_importer(app_id, description).wait())

    def next_offer(self, timeout: float | None = None) -> Offer:
        """Waits for the next offer that is still open, for up to `timeout` seconds. Raises
        `TimeoutError`; `ServiceUnavailable` once the bus itself is gone."""
        return Offer(self._native.next_offer().wait(timeout))

    def close(self) -> None:
        """Leaves the bus. Offers that were taken from it stay."""
        self._native.close().wait()


class Offer(Offered, _Closing):
    """An offer of credentials. Closing it without having redeemed it declines it."""

    def extend(self, seconds: float) -> float:
        """Asks for the offer to last so many seconds from now, while the person unlocks the app; it
        never lasts longer than 30 minutes in all. Returns how many it does last. Raises `Ended`,
        `Refused`, `ServiceUnavailable`."""
        return self._native.extend(seconds).wait()

    def withdrawn(self, timeout: float | None = None) -> NoReturn:
        """Waits until somebody else has ended the offer, for up to `timeout` seconds, so that the app takes
        back what it asks the person meanwhile, as for a master password. Never returns: raises why the offer
        ended, `Ended` or `ServiceUnavailable`; `Closed` once it is redeemed, declined or closed in another
        thread; `TimeoutError` while it is open."""
        self._native.withdrawn().wait(timeout)

    def redeem(self) -> Import:
        """Redeems the offer, opens the payload, and reads the document through. Once.

        Without success the offer is declined, and the exporter is told why. Raises `InvalidDocument`,
        `InvalidPayload`, `Ended`, `Refused`, `ServiceUnavailable`.
        """
        return Import(self._native.redeem().wait())

    def decline(self, reason: str) -> None:
        """Refuses the offer; `reason` is a sentence for the person, cut at 256 bytes."""
        self._native.decline(reason).wait()

    def close(self) -> None:
        """Puts the offer aside, unless it was redeemed or declined."""
        self._native.close().wait()


class Import(Imported, _Closing):
    """Credentials to import, wiped when they are reported or closed. Closing it without having reported
    tells the exporter that nothing came of them."""

    def complete_all(self) -> None:
        """Reports that every usable credential was taken over, and ends the exchange. Release all
        memoryviews before. Raises `BufferError`, `Ended`, `Refused`, `ServiceUnavailable`."""
        self._native.complete_all().wait()

    def complete(self, types: Tallies) -> None:
        """Reports what became of each credential type: a `Tally`, or how many succeeded. Ends the
        exchange, and raises as `complete_all`."""
        self._native.complete(types_of(types)).wait()

    def reject(self, reason: str) -> None:
        """Reports that nothing could be made of the payload; `reason` is a sentence for the person, cut
        at 256 bytes. Raises as `complete_all`."""
        self._native.reject(reason).wait()

    def close(self) -> None:
        """Wipes it, and tells the exporter, unless something was reported."""
        self._native.close()


class SharedWebCredentials(_Closing):
    """An app that shares passwords with its websites, which it declares in its desktop entry."""

    def __init__(self, native: _credex.SharedWebCredentials) -> None:
        """Use `connect`."""
        self._native = native

    @classmethod
    def connect(
        cls,
        app_id: str,
        *,
        parent_window: str = "",
        activation_token: str | None = None,
        address: str | None = None,
    ) -> Self:
        """Connects to the session bus, or the bus at a D-Bus `address`. Dialogs are placed above
        `parent_window`, in the notation of `Exporter.request`. Raises `NoBus`."""
        connecting = _credex.connect_shared(app_id, parent_window, activation_token, address)
        return cls(connecting.wait())

    def add(self, domain: str, account: str, password: str | ReadableBuffer) -> str:
        """Saves a password for `account` at `domain` (``HOST``, or ``HOST:PORT``), or changes the one
        that is saved. Returns ``added``, ``updated`` or ``unchanged``. Raises `InvalidPassword`,
        `WebRefused`, `Refused`."""
        return self._native.add(domain, account, utf8_of(password)).wait()

    def request(
        self,
        domain: str | None = None,
        account: str | None = None,
        port: int | None = None,
    ) -> WebCredential:
        """Asks for a saved password; the person picks it. Raises `WebRefused`, with the reason
        ``NoCredential`` if there is none."""
        return self._native.request(domain, account, port).wait()

    def delete(self, domain: str, account: str) -> str:
        """Deletes what is saved. Returns ``deleted`` or ``absent``. Raises `WebRefused`."""
        return self._native.delete(domain, account).wait()

    def generate(self, *, strong: bool = False, rules: str | None = None) -> GeneratedPassword:
        """Makes a random password: ``xxx-xxx-xxx-xxx``, or `strong`, or as the website wants it, in the
        ``passwordrules`` language. Nothing is saved. Raises `Refused` for rules that cannot be kept."""
        return self._native.generate(strong, rules).wait()

    def check(self, domain: str, app_id: str | None = None, *, anew: bool = False) -> DomainReport:
        """Tells stage by stage whether `app_id` (this app, if none is said) and `domain` belong together;
        `anew`, the website is asked whatever is cached. Raises `Refused`, `ServiceUnavailable`."""
        return self._native.check(domain, app_id, anew).wait()

    def refresh(self, domain: str) -> DomainReport:
        """Has the statement of the website fetched anew, and tells what it says. Raises `WebRefused`."""
        return self._native.refresh(domain).wait()

    def decisions(self) -> list[Decision]:
        """What the person decided for good. A sandboxed app sees its own alone."""
        return self._native.decisions().wait()

    def revoke(self, app_id: str, domain: str) -> None:
        """Forgets what the person decided for an app and a domain, so that they are asked again. Raises
        `Refused`, with the reason ``NotFound`` if there is no such decision, and ``AccessDenied`` in a
        sandbox."""
        self._native.revoke(app_id, domain).wait()

    def close(self) -> None:
        """Leaves the bus, and takes back what is asked in other threads."""
        self._native.close().wait()
