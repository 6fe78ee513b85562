"""The calls for asyncio. They are those of `credex`, and to be awaited.

Whatever a task awaits here ends when the task is cancelled: the question is taken back, the exchange called
off. Objects belong to no event loop; the thread behind them wakes whichever loop awaits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

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

_T = TypeVar("_T")

__all__ = [
    "Delivery",
    "Exporter",
    "Grant",
    "Import",
    "Importer",
    "Offer",
    "SharedWebCredentials",
]


async def over(call: _credex.Pending[_T], timeout: float | None = None) -> _T:
    """Awaits the end of a call; a task that does not wait for it any more ends it."""
    loop = asyncio.get_running_loop()
    woken = loop.create_future()

    def wake() -> None:
        if not woken.done():
            woken.set_result(None)

    def wake_in_loop() -> None:
        try:
            loop.call_soon_threadsafe(wake)
        except RuntimeError:
            pass  # The loop was closed, and with it went whoever waited.

    call.on_done(wake_in_loop)
    try:
        await asyncio.wait([woken], timeout=timeout)
        if not woken.done():
            # It may be over by the time that it ends, and then it counts.
            call.cancel()
            await woken
    except BaseException:
        call.cancel()
        raise
    return call.result()


class _Closing:
    """What is closed at the end of its ``async with``."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes it; twice is fine."""
        raise NotImplementedError


class Exporter(_Closing):
    """An app that can send credentials to others. It may export several times at once."""

    def __init__(self, native: _credex.Exporter) -> None:
        """Use `connect`."""
        self._native = native

    @classmethod
    async def connect(cls, app_id: str, *, address: str | None = None) -> Self:
        """As `credex.Exporter.connect`."""
        return cls(await over(_credex.connect_exporter(app_id, address)))

    async def export(
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
        """As `credex.Exporter.export`."""
        question = question_of(parent_window, activation_token, provider, None, plan)
        exchange = self._native.export(document, attachments_of(attachments), question)
        return await over(exchange, timeout)

    async def request(
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
        """As `credex.Exporter.request`."""
        question = question_of(
            parent_window, activation_token, provider, format_versions, plan
        )
        return Grant(await over(self._native.request(dict(counts), question), timeout))

    async def close(self) -> None:
        """As `credex.Exporter.close`."""
        await over(self._native.close())


class Grant(Granted, _Closing):
    """The person's consent to one exchange. Closing it without having sent calls the exchange off."""

    async def send(
        self, document: ReadableBuffer, attachments: Mapping[str, ReadableBuffer] | None = None
    ) -> Delivery:
        """As `credex.Grant.send`."""
        return Delivery(await over(self._native.send(document, attachments_of(attachments))))

    async def close(self) -> None:
        """As `credex.Grant.close`."""
        await over(self._native.close())


class Delivery(Delivered, _Closing):
    """A payload that waits for its importer. Closing it before the receipt is there takes it back."""

    async def receipt(self, timeout: float | None = None) -> Receipt:
        """As `credex.Delivery.receipt`."""
        receipt = await over(self._native.receipt(), timeout)
        self._over = True
        return receipt

    async def cancel(self) -> None:
        """As `credex.Delivery.cancel`."""
        await over(self._native.cancel())

    async def close(self) -> None:
        """As `credex.Delivery.close`."""
        if not self._over:
            self._over = True
            await over(self._native.close())


class Importer(Reachable, _Closing):
    """An app that credentials can be sent to, until it is closed. It acknowledges every offer by
    itself; several may be open at once."""

    @classmethod
    async def connect(
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
        """As `credex.Importer.connect`."""
        description = description_of(
            name, credential_types, format_versions, own_name, limit, address
        )
        return cls(await over(_credex.connect_importer(app_id, description)))

    async def next_offer(self, timeout: float | None = None) -> Offer:
        """As `credex.Importer.next_offer`."""
        return Offer(await over(self._native.next_offer(), timeout))

    async def close(self) -> None:
        """As `credex.Importer.close`."""
        await over(self._native.close())


class Offer(Offered, _Closing):
    """An offer of credentials. Closing it without having redeemed it declines it."""

    async def extend(self, seconds: float) -> float:
        """As `credex.Offer.extend`."""
        return await over(self._native.extend(seconds))

    async def withdrawn(self, timeout: float | None = None) -> NoReturn:
        """As `credex.Offer.withdrawn`."""
        await over(self._native.withdrawn(), timeout)

    async def redeem(self) -> Import:
        """As `credex.Offer.redeem`."""
        return Import(await over(self._native.redeem()))

    async def decline(self, reason: str) -> None:
        """As `credex.Offer.decline`."""
        await over(self._native.decline(reason))

    async def close(self) -> None:
        """As `credex.Offer.close`."""
        await over(self._native.close())


class Import(Imported, _Closing):
    """Credentials to import, wiped when they are reported or closed. Closing it without having reported
    tells the exporter that nothing came of them."""

    async def complete_all(self) -> None:
        """As `credex.Import.complete_all`."""
        await over(self._native.complete_all())

    async def complete(self, types: Tallies) -> None:
        """As `credex.Import.complete`."""
        await over(self._native.complete(types_of(types)))

    async def reject(self, reason: str) -> None:
        """As `credex.Import.reject`."""
        await over(self._native.reject(reason))

    async def close(self) -> None:
        """As `credex.Import.close`."""
        self._native.close()


class SharedWebCredentials(_Closing):
    """An app that shares passwords with its websites, which it declares in its desktop entry."""

    def __init__(self, native: _credex.SharedWebCredentials) -> None:
        """Use `connect`."""
        self._native = native

    @classmethod
    async def connect(
        cls,
        app_id: str,
        *,
        parent_window: str = "",
        activation_token: str | None = None,
        address: str | None = None,
    ) -> Self:
        """As `credex.SharedWebCredentials.connect`."""
        connecting = _credex.connect_shared(app_id, parent_window, activation_token, address)
        return cls(await over(connecting))

    async def add(self, domain: str, account: str, password: str | ReadableBuffer) -> str:
        """As `credex.SharedWebCredentials.add`."""
        return await over(self._native.add(domain, account, utf8_of(password)))

    async def request(
        self,
        domain: str | None = None,
        account: str | None = None,
        port: int | None = None,
    ) -> WebCredential:
        """As `credex.SharedWebCredentials.request`."""
        return await over(self._native.request(domain, account, port))

    async def delete(self, domain: str, account: str) -> str:
        """As `credex.SharedWebCredentials.delete`."""
        return await over(self._native.delete(domain, account))

    async def generate(self, *, strong: bool = False, rules: str | None = None) -> GeneratedPassword:
        """As `credex.SharedWebCredentials.generate`."""
        return await over(self._native.generate(strong, rules))

    async def check(
        self, domain: str, app_id: str | None = None, *, anew: bool = False
    ) -> DomainReport:
        """As `credex.SharedWebCredentials.check`."""
        return await over(self._native.check(domain, app_id, anew))

    async def refresh(self, domain: str) -> DomainReport:
        """As `credex.SharedWebCredentials.refresh`."""
        return await over(self._native.refresh(domain))

    async def decisions(self) -> list[Decision]:
        """As `credex.SharedWebCredentials.decisions`."""
        return await over(self._native.decisions())

    async def revoke(self, app_id: str, domain: str) -> None:
        """As `credex.SharedWebCredentials.revoke`."""
        await over(self._native.revoke(app_id, domain))

    async def close(self) -> None:
        """As `credex.SharedWebCredentials.close`."""
        await over(self._native.close())
