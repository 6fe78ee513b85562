"""Passwords that an app shares with its website, which is one of this computer."""

from __future__ import annotations

import os

import pytest

import credex
from conftest import EXPORTER, SECRET, Person

SHOP = "org.example.PythonShop"
DOMAIN = os.environ["CREDEX_TEST_DOMAIN"]


def test_a_password_is_saved_changed_fetched_and_deleted(person: Person) -> None:
    person.agree()
    with credex.SharedWebCredentials.connect(SHOP) as shop:
        assert shop.add(DOMAIN, "ada", "first") == "added"
        assert shop.add(DOMAIN, "ada", bytearray(SECRET, "ascii")) == "updated"
        assert shop.add(DOMAIN, "ada", SECRET) == "unchanged"
        saved = shop.request(account="ada")
        assert (f"{saved.domain}:{saved.port}", saved.account) == (DOMAIN, "ada")
        with saved.password.view() as text:
            assert text == SECRET.encode()
        assert SECRET not in repr(saved)
        assert shop.delete(DOMAIN, "ada") == "deleted"
        assert shop.delete(DOMAIN, "ada") == "absent"
        with pytest.raises(credex.WebRefused) as nothing:
            shop.request()
        assert (nothing.value.reason, nothing.value.stage) == ("NoCredential", "store")


def test_a_person_who_says_no_is_told_apart(person: Person) -> None:
    person.will("Decline")
    with credex.SharedWebCredentials.connect(SHOP) as shop:
        with pytest.raises(credex.WebRefused) as no:
            shop.add(DOMAIN, "ada", SECRET)
    assert (no.value.reason, no.value.stage) == ("Declined", "consent")


def test_what_the_app_does_not_declare_it_does_not_get() -> None:
    with credex.SharedWebCredentials.connect(SHOP) as shop:
        with pytest.raises(credex.WebRefused) as undeclared:
            shop.add("example.org", "ada", SECRET)
    assert (undeclared.value.reason, undeclared.value.stage) == ("NotDeclared", "declaration")


def test_a_password_is_made_that_fits_the_rules_and_wiped() -> None:
    with credex.SharedWebCredentials.connect(EXPORTER) as shared:
        made = shared.generate(rules="required: digit; allowed: digit; minlength: 30")
    with made.password.view() as text:
        assert len(text) >= 30 and bytes(text).isdigit()
    assert made.entropy > 60
    made.password.wipe()
    assert repr(made.password) == "<credex.Secret, wiped>"
    with pytest.raises(credex.Closed):
        bytes(made.password)


@pytest.mark.parametrize("wrong", ["", "x" * 2000, b"\xff"], ids=["empty", "long", "no text"])
def test_what_is_no_password_is_refused(wrong: str | bytes) -> None:
    with credex.SharedWebCredentials.connect(SHOP) as shop:
        with pytest.raises(credex.InvalidPassword):
            shop.add(DOMAIN, "ada", wrong)
