"""What objects tell, however they are waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from credex.values import App, Report

if TYPE_CHECKING:
    from credex import _credex
    from credex._credex import Secret


class Reachable:
    """What an importer tells."""

    def __init__(self, native: _credex.Importer) -> None:
        """Made by `Importer.connect`."""
        self._native = native

    @property
    def unique_name(self) -> str:
        """The unique name of its connection to the bus, by which a `Plan` can name it."""
        return self._native.unique_name


class Granted:
    """What a grant tells."""

    def __init__(self, native: _credex.Grant) -> None:
        """Made by `Exporter.request`."""
        self._native = native

    @property
    def types(self) -> frozenset[str]:
        """The credential types that the person lets go."""
        return frozenset(self._native.types)

    @property
    def format_version(self) -> str:
        """The version of the Credential Exchange Format to write."""
        return self._native.format_version

    @property
    def importer(self) -> str | None:
        """The ID of the app that the person chose, where the administrator lets exporters learn it."""
        return self._native.importer


class Delivered:
    """What a delivery tells."""

    def __init__(self, native: _credex.Delivery) -> None:
        """Made by `Grant.send`."""
        self._native = native
        self._over = False

    @property
    def expires_in(self) -> float:
        """How many seconds the importer had when the payload was sent; it may ask for more."""
        return self._native.expires_in

    @property
    def report(self) -> Report:
        """What is in the document, and which parts of it an importer will not take."""
        return self._native.report


class Offered:
    """What an offer tells."""

    def __init__(self, native: _credex.Offer) -> None:
        """Made by `Importer.next_offer`."""
        self._native = native

    @property
    def exporter(self) -> App:
        """Who exports, as the service established it."""
        return self._native.exporter

    @property
    def counts(self) -> Mapping[str, int]:
        """How many credentials of each type are offered."""
        return self._native.counts

    @property
    def types(self) -> frozenset[str]:
        """The credential types that the person lets go."""
        return frozenset(self._native.types)

    @property
    def format_version(self) -> str:
        """The version of the Credential Exchange Format in which they come."""
        return self._native.format_version

    @property
    def expires_in(self) -> float:
        """How many seconds the offer had left when it came; `extend` tells anew."""
        return self._native.expires_in

    @property
    def activation_token(self) -> str | None:
        """An XDG activation token, with which the app may raise its window."""
        return self._native.activation_token

    @property
    def parent_window(self) -> str | None:
        """The window of the exporter, in the notation of `Exporter.request`."""
        return self._native.parent_window


class Imported:
    """What an import tells."""

    def __init__(self, native: _credex.Import) -> None:
        """Made by `Offer.redeem`."""
        self._native = native

    @property
    def exporter(self) -> App:
        """Who exported, as the service established it."""
        return self._native.exporter

    @property
    def format_version(self) -> str:
        """The version of the format of the document."""
        return self._native.format_version

    @property
    def document(self) -> Secret:
        """The CXF document, byte for byte as it was exported."""
        return self._native.document

    @property
    def attachments(self) -> Mapping[str, Secret]:
        """The bytes of ``file`` credentials by their ids, which come from somebody else and are no file
        names."""
        return self._native.attachments

    @property
    def report(self) -> Report:
        """What is in the document, and which parts of it should be left out."""
        return self._native.report

    @property
    def attachment_problems(self) -> list[str]:
        """Attachments that are not what the document says of them, a sentence each. Found out when
        asked for."""
        return self._native.attachment_problems

    @property
    def discrepancies(self) -> list[str]:
        """Where what arrived differs from what was declared and let go, a sentence each."""
        return self._native.discrepancies
