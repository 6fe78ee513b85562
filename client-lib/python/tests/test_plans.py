"""What an exporter foresees at one importer. What the person is shown of it is looked at by
`tests/languages/python.rs`."""

from __future__ import annotations

import asyncio
import dataclasses
import typing
from typing import Any

import pytest

import credex
from conftest import ATTACHED, EXPORTER, PATIENCE, Person, document, meanwhile
from credex import aio, values


def losing(count: int, importer: str) -> credex.Plan:
    """A plan that loses so many files."""
    loss = credex.Loss(count=count, reason="no-place", type="file")
    return credex.Plan(importer=importer, added=1, losses=[loss])


def test_an_export_with_a_plan_comes_about(
    importer: credex.Importer, exporter: credex.Exporter
) -> None:
    plan = losing(1, importer.unique_name)
    receipt = meanwhile(lambda: exporter.export(document(), ATTACHED, plan=plan))
    importer.next_offer(PATIENCE).redeem().complete_all()
    assert receipt.result(PATIENCE).total == (2, 0, 0)


def test_a_plan_that_loses_more_than_there_is_is_refused(
    importer: credex.Importer, exporter: credex.Exporter
) -> None:
    plan = losing(2, importer.unique_name)
    with pytest.raises(credex.Refused, match="of which counts has 1") as refused:
        exporter.request({"basic-auth": 1, "file": 1}, plan=plan)
    assert refused.value.reason == "InvalidArgument"
    with pytest.raises(credex.Refused, match="of which counts has 1"):
        exporter.export(document(), ATTACHED, plan=plan)


def test_so_it_is_in_a_loop(person: Person) -> None:
    async def story() -> None:
        importer = await aio.Importer.connect(person.importer, name="Importer in Python")
        exporter = await aio.Exporter.connect(EXPORTER)
        async with importer, exporter:
            with pytest.raises(credex.Refused, match="of which counts has 1"):
                await exporter.request({"file": 1}, plan=losing(2, importer.unique_name))
            with pytest.raises(credex.Refused, match="of which counts has 1"):
                await exporter.export(document(), plan=losing(2, importer.unique_name))
            grant = await exporter.request({"file": 1}, plan=losing(1, importer.unique_name))
            await grant.close()

    asyncio.run(asyncio.wait_for(story(), PATIENCE))


@pytest.mark.parametrize("reason", typing.get_args(values.LossReason))
@pytest.mark.parametrize("kind", ["file", None])
@pytest.mark.parametrize("part", [False, True])
def test_whatever_can_be_said_is_understood(
    importer: credex.Importer, exporter: credex.Exporter, reason: Any, kind: str | None, part: bool
) -> None:
    loss = credex.Loss(count=1, reason=reason, type=kind, part=part)
    plan = credex.Plan(importer=importer.unique_name, added=1, losses=(loss,))
    exporter.request({"file": 1}, plan=plan).close()


def test_what_is_no_plan_is_refused(importer: credex.Importer, exporter: credex.Exporter) -> None:
    plan = losing(1, importer.unique_name)
    misspelled = credex.Loss(count=1, reason="no-plaice", type="file")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'?no-plaice.* not one of no-place, too-large"):
        exporter.request({"file": 1}, plan=dataclasses.replace(plan, losses=[misspelled]))
    wrong: list[Any] = [
        {"importer": importer.unique_name},
        dataclasses.replace(plan, importer=7),
        dataclasses.replace(plan, added=-1),
        dataclasses.replace(plan, same=1 << 32),
        dataclasses.replace(plan, losses="file"),
        dataclasses.replace(plan, losses=["file"]),
    ]
    for it in wrong:
        with pytest.raises((TypeError, AttributeError, OverflowError)):
            exporter.request({"file": 1}, plan=it)
    with pytest.raises(TypeError):
        credex.Plan(importer.unique_name)  # type: ignore[misc]
