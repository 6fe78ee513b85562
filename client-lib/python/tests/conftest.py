"""The stage: `tests/languages/python.rs` has opened a real bus, the real service and a person who answers by
script, and says here where that script is."""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

import credex

EXPORTER = "org.example.PythonExporter"
SECRET = "Uq7dT0fXw3rB9kLz5mVn2cHs8pJy4aGe"
NUMBERS = itertools.count(1)
#: How long anything may take that comes to pass. It only ends a story that has failed.
PATIENCE = 60


class Person:
    """Who is asked."""

    script = Path(os.environ["CREDEX_TEST_PERSON"])

    def __init__(self, importer: str) -> None:
        #: The app to which she sends everything, if nothing else is said.
        self.importer = importer

    def will(self, answer: object) -> None:
        """Says what she does from now on."""
        self.script.write_text(json.dumps(answer))

    def choose(self, types: list[str] | None = None) -> None:
        """Lets these types go, or all of them."""
        self.will({"Choose": {"importer": self.importer, "types": types}})

    def agree(self) -> None:
        """To whatever is asked about a website."""
        self.will({"Agree": {"account": None}})


@pytest.fixture
def person() -> Person:
    """A person who sends everything to the importer, which no other story has."""
    person = Person(f"org.example.PythonImporter{next(NUMBERS)}")
    person.choose()
    return person


@pytest.fixture
def importer(person: Person) -> Iterator[credex.Importer]:
    with credex.Importer.connect(person.importer, name="Importer in Python") as importer:
        yield importer


@pytest.fixture
def exporter() -> Iterator[credex.Exporter]:
    with credex.Exporter.connect(EXPORTER) as exporter:
        yield exporter


def document(password: str = SECRET) -> bytes:
    """A document with a login and a file."""
    text = {"value": password, "fieldType": "concealed-string"}
    login = {"type": "basic-auth", "password": text}
    attached = {
        "type": "file",
        "id": "ZmlsZQ",
        "name": "key.txt",
        "decryptedSize": len(ATTACHED["ZmlsZQ"]),
        "integrityHash": "D1mblFH3Jb_h63lHazZBc4DUw2IS0mRLQ2heU9cM6y4",
    }
    item = {"id": "aXRlbQ", "title": "Mail", "credentials": [login, attached]}
    account = {"id": "YWNj", "username": "ada", "email": "", "collections": [], "items": [item]}
    header = {
        "version": {"major": 1, "minor": 0},
        "exporterRpId": "example.org",
        "exporterDisplayName": "Example",
        "timestamp": 1700000000,
    }
    return json.dumps({**header, "accounts": [account]}).encode()


ATTACHED = {"ZmlsZQ": b"the bytes of a file"}


def meanwhile(work: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Does the work in another thread, which the end of the tests does not wait for."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(work(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


