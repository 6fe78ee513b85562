"""Passwords that an app shares with its website, which is one of this computer."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

import credex
from conftest import EXPORTER, PATIENCE, SECRET, Person
from credex import aio

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


def test_why_an_app_and_a_website_belong_together_is_told_stage_by_stage() -> None:
    with credex.SharedWebCredentials.connect(SHOP) as shop:
        checked = shop.check(DOMAIN, anew=True)
        assert (checked.app_id, checked.associated, checked.developer) == (SHOP, True, True)
        fetched, = (stage for stage in checked.stages if stage.status == 200)
        assert (fetched.stage, fetched.passed, fetched.source) == ("association", True, "network")
        assert fetched.url is not None and DOMAIN in fetched.url
        assert shop.refresh(DOMAIN).associated
        stranger = shop.check(DOMAIN, "org.example.Stranger")
        assert not stranger.associated
        failed = next(stage for stage in stranger.stages if not stage.passed)
        assert (failed.stage, bool(failed.advice)) == ("declaration", True)


def test_what_was_decided_for_good_is_listed_and_taken_back(person: Person) -> None:
    person.will("Never")
    with credex.SharedWebCredentials.connect(SHOP) as shop:
        assert shop.decisions() == []
        with pytest.raises(credex.WebRefused) as never:
            shop.add(DOMAIN, "ada", SECRET)
        assert never.value.reason == "Never"
        decision, = shop.decisions()
        assert (decision.app_id, decision.decided) == (SHOP, "never")
        assert 0 < decision.at <= time.time()
        shop.revoke(SHOP, decision.domain)
        assert shop.decisions() == []
        with pytest.raises(credex.Refused) as nothing:
            shop.revoke(SHOP, decision.domain)
        assert nothing.value.reason == "NotFound"


def test_in_a_loop_it_is_the_same() -> None:
    async def story() -> None:
        async with await aio.SharedWebCredentials.connect(SHOP) as shop:
            assert (await shop.check(DOMAIN)).associated
            assert (await shop.refresh(DOMAIN)).associated
            assert await shop.decisions() == []
            with pytest.raises(credex.Refused):
                await shop.revoke(SHOP, DOMAIN)

    asyncio.run(asyncio.wait_for(story(), PATIENCE))


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
