"""Whole exchanges through the calls that wait, and what else becomes of them."""

from __future__ import annotations

import pytest

import credex
from conftest import ATTACHED, EXPORTER, PATIENCE, Person, document, meanwhile


def test_a_document_and_its_files_arrive_byte_for_byte(
    importer: credex.Importer, exporter: credex.Exporter
) -> None:
    receipt = meanwhile(exporter.export, document(), ATTACHED)
    offer = importer.next_offer(PATIENCE)
    assert offer.exporter.app_id == EXPORTER
    assert offer.counts == {"basic-auth": 1, "file": 1}
    assert offer.types == {"basic-auth", "file"}
    assert offer.extend(600) > 300
    arrived = offer.redeem()
    assert bytes(arrived.document) == document()
    assert {name: bytes(body) for name, body in arrived.attachments.items()} == ATTACHED
    assert arrived.attachment_problems == []
    assert arrived.discrepancies == []
    assert arrived.report.usable == {"basic-auth": 1, "file": 1}
    arrived.complete_all()
    assert receipt.result(PATIENCE).types == {"basic-auth": (1, 0, 0), "file": (1, 0, 0)}
    assert receipt.result().total == credex.Tally(2, 0, 0)


def test_the_vault_is_read_after_the_person_has_agreed_and_only_what_she_lets_go_travels(
    importer: credex.Importer, exporter: credex.Exporter, person: Person
) -> None:
    person.choose(["basic-auth"])
    grant = exporter.request({"basic-auth": 1, "file": 1})
    assert grant.types == {"basic-auth"}
    assert grant.format_version == "1.0"
    delivery = grant.send(document(), ATTACHED)
    receipt = meanwhile(delivery.receipt)
    with importer.next_offer(PATIENCE).redeem() as arrived:
        assert arrived.attachments == {}
        assert arrived.report.present == {"basic-auth": 1}
        arrived.complete({"basic-auth": 1})
    assert receipt.result(PATIENCE).types == {"basic-auth": (1, 0, 0)}


def test_a_person_who_says_no_is_an_exception_of_its_own(
    exporter: credex.Exporter, importer: credex.Importer, person: Person
) -> None:
    person.will("Decline")
    with pytest.raises(credex.Declined) as no:
        exporter.export(document())
    assert no.value.reason == "Cancelled"


@pytest.mark.parametrize("how", ["decline", "reject", "close", "forget"])
def test_an_exporter_learns_that_nothing_came_of_it(
    importer: credex.Importer, exporter: credex.Exporter, how: str
) -> None:
    receipt = meanwhile(exporter.export, document())
    offer = importer.next_offer(PATIENCE)
    if how == "decline":
        offer.decline("The vault is full.")
    elif how == "reject":
        offer.redeem().reject("The vault is full.")
    elif how == "close":
        offer.close()
    else:
        del offer
    with pytest.raises(credex.Ended) as ended:
        receipt.result(PATIENCE)
    assert ended.value.reason == "ImporterDeclined"
    assert ended.value.handed_over == (how == "reject")


def test_a_payload_is_taken_back_before_it_is_redeemed(
    importer: credex.Importer, exporter: credex.Exporter
) -> None:
    delivery = exporter.request({"basic-auth": 1, "file": 1}).send(document(), ATTACHED)
    waiting = meanwhile(delivery.receipt)
    offer = importer.next_offer(PATIENCE)
    delivery.cancel()
    with pytest.raises(credex.CredexError):
        waiting.result(PATIENCE)
    with pytest.raises(credex.Cancelled):
        offer.redeem()


def test_a_broken_document_is_found_out_before_anybody_is_asked(exporter: credex.Exporter) -> None:
    with pytest.raises(credex.InvalidDocument):
        exporter.export(b"{}")
    with pytest.raises(credex.InvalidDocument):
        credex.check(b"[]")


def test_an_offer_that_is_taken_back_says_so_while_the_app_asks_for_a_master_password(
    importer: credex.Importer, exporter: credex.Exporter
) -> None:
    delivery = exporter.request({"basic-auth": 1, "file": 1}).send(document(), ATTACHED)
    offer = importer.next_offer(PATIENCE)
    with pytest.raises(TimeoutError):
        offer.withdrawn(timeout=0.01)
    withdrawn = meanwhile(offer.withdrawn)
    assert offer.extend(600) > 300
    delivery.cancel()
    with pytest.raises(credex.Cancelled) as why:
        withdrawn.result(PATIENCE)
    assert why.value.reason == "Cancelled"


@pytest.mark.parametrize("end", ["redeem", "close"])
def test_whoever_waits_for_the_end_of_an_offer_is_told_if_it_is_used(
    importer: credex.Importer, exporter: credex.Exporter, end: str
) -> None:
    meanwhile(exporter.export, document(), ATTACHED)
    offer = importer.next_offer(PATIENCE)
    withdrawn = meanwhile(offer.withdrawn)
    getattr(offer, end)()
    with pytest.raises(credex.Closed, match="offer"):
        withdrawn.result(PATIENCE)


def test_a_receipt_is_waited_for_twice_and_the_sender_knows_what_it_has_sent(
    importer: credex.Importer, exporter: credex.Exporter
) -> None:
    broken = document().replace(b'"basic-auth"', b'"passkey"')
    delivery = exporter.request({"passkey": 1, "file": 1}).send(broken, ATTACHED)
    assert 0 < delivery.expires_in <= 300
    assert (delivery.report.present, delivery.report.usable) == (
        {"passkey": 1, "file": 1},
        {"file": 1},
    )
    assert "the credential is ignored" in delivery.report.quarantined[0]
    with pytest.raises(TimeoutError):
        delivery.receipt(timeout=0.01)
    importer.next_offer(PATIENCE).redeem().complete_all()
    assert delivery.receipt(PATIENCE).total == (1, 1, 0)


def test_nobody_is_asked_for_longer_than_is_said(
    importer: credex.Importer, exporter: credex.Exporter, person: Person
) -> None:
    person.will("Hang")
    with pytest.raises(TimeoutError):
        exporter.request({"note": 1}, timeout=0.01)
    with pytest.raises(TimeoutError):
        exporter.export(document(), ATTACHED, timeout=0.01)


def test_nobody_offers_anything(importer: credex.Importer) -> None:
    with pytest.raises(TimeoutError):
        importer.next_offer(timeout=0)
    with pytest.raises(TimeoutError):
        importer.next_offer(timeout=0.01)


def test_without_a_bus_there_is_nothing() -> None:
    with pytest.raises(credex.NoBus, match="DBUS_SESSION_BUS_ADDRESS"):
        credex.Exporter.connect(EXPORTER, address="unix:path=/nonexistent")


def test_a_name_is_owned_once(person: Person) -> None:
    with credex.Importer.connect(person.importer, own_name=True):
        with pytest.raises(credex.NameTaken):
            credex.Importer.connect(person.importer, own_name=True)
