"""Whatever is called wrongly is an exception, and the interpreter goes on."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from typing import Any

import pytest

import credex
from conftest import ATTACHED, EXPORTER, PATIENCE, Person, document, meanwhile
from credex import _credex


def offered(importer: credex.Importer, exporter: credex.Exporter) -> credex.Offer:
    """An offer whose exporter nobody waits for."""
    meanwhile(exporter.export, document(), ATTACHED)
    return importer.next_offer(PATIENCE)


def test_what_is_closed_says_so(importer: credex.Importer, exporter: credex.Exporter) -> None:
    for it in (importer, exporter):
        it.close()
        it.close()
    with pytest.raises(credex.Closed, match="exporter"):
        exporter.export(document())
    with pytest.raises(credex.Closed, match="importer"):
        importer.next_offer()


def test_closing_ends_what_another_thread_waits_for(importer: credex.Importer) -> None:
    waiting = meanwhile(importer.next_offer)
    importer.close()
    with pytest.raises(credex.Closed):
        waiting.result(PATIENCE)


def test_an_offer_is_redeemed_once(importer: credex.Importer, exporter: credex.Exporter) -> None:
    offer = offered(importer, exporter)
    offer.redeem()
    for again in (offer.redeem, lambda: offer.decline("no"), lambda: offer.extend(1)):
        with pytest.raises(credex.Closed, match="offer"):
            again()


def test_threads_that_redeem_at_once_get_one_import(
    importer: credex.Importer, exporter: credex.Exporter
) -> None:
    offer = offered(importer, exporter)
    results = [meanwhile(offer.redeem) for _ in range(8)]
    errors = [result.exception(PATIENCE) for result in results]
    assert [type(error) for error in errors if error] == [credex.Closed] * 7


def test_an_import_is_reported_once(importer: credex.Importer, exporter: credex.Exporter) -> None:
    arrived = offered(importer, exporter).redeem()
    kept = arrived.document
    arrived.complete_all()
    for again in (arrived.complete_all, lambda: arrived.reject("no"), lambda: arrived.attachments):
        with pytest.raises(credex.Closed, match="import"):
            again()
    with pytest.raises(credex.Closed):
        memoryview(kept)
    arrived.close()


def test_what_is_lent_is_not_wiped_under_anybodys_eyes(
    importer: credex.Importer, exporter: credex.Exporter
) -> None:
    arrived = offered(importer, exporter).redeem()
    view = memoryview(arrived.document)
    assert view.readonly
    for end in (arrived.complete_all, arrived.close, arrived.document.wipe):
        with pytest.raises(BufferError, match="release"):
            end()
    del arrived
    gc.collect()
    assert bytes(view) == document()
    view.release()


def test_a_secret_is_not_shown(importer: credex.Importer, exporter: credex.Exporter) -> None:
    arrived = offered(importer, exporter).redeem()
    size = len(document())
    assert repr(arrived.document) == f"<credex.Secret of {size} bytes>"
    assert len(arrived.document) == size
    with pytest.raises(TypeError):
        memoryview(arrived.document)[0] = 0


WRONG: list[Any] = [None, 7, "text", object(), [1], memoryview(b"abcd").cast("I"), memoryview(b"abcd")[::2]]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda it: type(it).__name__)
def test_what_is_no_document_is_refused(exporter: credex.Exporter, wrong: Any) -> None:
    refused = (TypeError, BufferError, credex.InvalidDocument)
    with pytest.raises(refused):
        credex.check(wrong)
    with pytest.raises(refused):
        exporter.export(wrong)
    with pytest.raises(refused):
        exporter.export(document(), {"id": wrong})


def test_arguments_of_the_wrong_kind_are_refused(
    exporter: credex.Exporter, person: Person
) -> None:
    calls: list[Any] = [
        lambda: credex.Exporter.connect(None),  # type: ignore[arg-type]
        lambda: credex.Exporter.connect("org.example.X", address=7),  # type: ignore[arg-type]
        lambda: credex.Importer.connect(person.importer, credential_types="note"),
        lambda: credex.Importer.connect(person.importer, limit=-1),
        lambda: exporter.request({"note": -1}),
        lambda: exporter.request({7: 1}),  # type: ignore[dict-item]
        lambda: exporter.request({"note": 1}, parent_window="\udc80"),
        lambda: exporter.export(document(), {7: b""}),  # type: ignore[dict-item]
        lambda: _credex.Pending(),
        lambda: _credex.Secret(),
        lambda: credex.Offer(None).redeem(),  # type: ignore[arg-type]
        lambda: credex.Exporter.connect("org.example.X", address="\0"),
        lambda: credex.Exporter.connect("org.example.X", address="no address"),
    ]
    for call in calls:
        with pytest.raises((TypeError, ValueError, OverflowError, AttributeError, credex.CredexError)):
            call()


def test_a_time_out_that_is_no_time_is_refused(importer: credex.Importer) -> None:
    with pytest.raises(ValueError):
        importer.next_offer(float("nan"))
    with pytest.raises(TimeoutError):
        importer.next_offer(float("-inf"))


def test_seconds_that_are_none_are_refused(
    importer: credex.Importer, exporter: credex.Exporter
) -> None:
    offer = offered(importer, exporter)
    for seconds in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError):
            offer.extend(seconds)


def test_a_result_is_fetched_once(exporter: credex.Exporter) -> None:
    pending = _credex.connect_exporter(EXPORTER)
    pending.wait().close().wait()
    with pytest.raises(RuntimeError, match="before"):
        pending.result()


def test_a_call_that_is_not_over_has_no_result(importer: credex.Importer) -> None:
    pending = importer._native.next_offer()
    with pytest.raises(RuntimeError, match="not over"):
        pending.result()
    pending.cancel()
    with pytest.raises(TimeoutError):
        pending.wait()


def test_a_callback_that_fails_harms_nobody(
    importer: credex.Importer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = threading.Event()
    monkeypatch.setattr("sys.unraisablehook", lambda _what: seen.set())

    def fail() -> None:
        raise ValueError("the callback's own")

    pending = importer._native.next_offer()
    pending.on_done(fail)
    pending.cancel()
    assert seen.wait(PATIENCE)


def test_a_forked_process_is_told_that_it_cannot(exporter: credex.Exporter) -> None:
    def child(say: Any) -> None:
        try:
            credex.Exporter.connect(EXPORTER)
            say.send("it connected")
        except RuntimeError as error:
            say.send(str(error))
        os._exit(0)

    forking = multiprocessing.get_context("fork")
    hear, say = forking.Pipe()
    process = forking.Process(target=child, args=(say,))
    process.start()
    assert hear.poll(PATIENCE), "the child hangs"
    assert "forked" in hear.recv()
    process.join(PATIENCE)
    with credex.Exporter.connect(EXPORTER):
        pass
