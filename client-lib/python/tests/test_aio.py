"""The same for asyncio: tasks wait side by side, and a task that is cancelled ends what it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

import credex
from conftest import ATTACHED, EXPORTER, PATIENCE, Person, document
from credex import aio


def play(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, PATIENCE))


def test_both_sides_live_in_one_loop(person: Person) -> None:
    async def story() -> None:
        importer = await aio.Importer.connect(person.importer, name="Importer in Python")
        exporter = await aio.Exporter.connect(EXPORTER)
        async with importer, exporter:
            exporting = asyncio.create_task(exporter.export(document(), ATTACHED))
            offer = await importer.next_offer()
            async with await offer.redeem() as arrived:
                assert bytes(arrived.document) == document()
                await arrived.complete_all()
            receipt = await exporting
            assert receipt.total == (2, 0, 0)

    play(story())


def test_a_cancelled_task_calls_its_exchange_off(person: Person) -> None:
    async def story() -> None:
        importer = await aio.Importer.connect(person.importer, name="Importer in Python")
        exporter = await aio.Exporter.connect(EXPORTER)
        async with importer, exporter:
            exporting = asyncio.create_task(exporter.export(document(), ATTACHED))
            offer = await importer.next_offer()
            exporting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await exporting
            # What was called off cannot be had: now, or once the service has heard of it.
            with pytest.raises(credex.Ended) as ended:
                while True:
                    await offer.extend(60)
            assert ended.value.reason == "Cancelled"

    play(story())


def test_a_withdrawn_offer_ends_what_the_app_asks_meanwhile(person: Person) -> None:
    async def story() -> None:
        importer = await aio.Importer.connect(person.importer, name="Importer in Python")
        exporter = await aio.Exporter.connect(EXPORTER)
        async with importer, exporter:
            grant = await exporter.request({"basic-auth": 1, "file": 1})
            delivery = await grant.send(document(), ATTACHED)
            offer = await importer.next_offer()
            unlocking: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            withdrawn = asyncio.create_task(offer.withdrawn())
            await delivery.cancel()
            either: set[asyncio.Future[Any]] = {unlocking, withdrawn}
            done, _ = await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            assert done == {withdrawn}
            assert isinstance(withdrawn.exception(), credex.Cancelled)

    play(story())


def test_a_time_out_loses_no_offer(person: Person) -> None:
    async def story() -> None:
        importer = await aio.Importer.connect(person.importer, name="Importer in Python")
        exporter = await aio.Exporter.connect(EXPORTER)
        async with importer, exporter:
            with pytest.raises(TimeoutError):
                await importer.next_offer(timeout=0.01)
            exporting = asyncio.create_task(exporter.export(document(), ATTACHED))
            arrived = await (await importer.next_offer()).redeem()
            await arrived.reject("enough seen")
            with pytest.raises(credex.Failed):
                await exporting

    play(story())


def test_a_loop_that_is_closed_meanwhile_is_missed_by_nobody(person: Person) -> None:
    importers: list[aio.Importer] = []

    async def begin() -> None:
        importers.append(await aio.Importer.connect(person.importer, name="Importer in Python"))

    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin())
    waiting = loop.create_task(importers[0].next_offer())
    loop.run_until_complete(asyncio.sleep(0))
    waiting.cancel()
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()

    async def go_on() -> None:
        exporter = await aio.Exporter.connect(EXPORTER)
        async with importers[0] as importer, exporter:
            exporting = asyncio.create_task(exporter.export(document(), ATTACHED))
            await (await (await importer.next_offer()).redeem()).complete_all()
            await exporting

    play(go_on())


def test_outside_of_a_loop_nothing_is_awaited() -> None:
    connecting = aio.Exporter.connect(EXPORTER)
    with pytest.raises(RuntimeError, match="no running event loop"):
        connecting.send(None)
