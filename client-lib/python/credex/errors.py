"""What can go wrong.

Every message names what was wrong, and what to do; none contains a secret. `reason` is the name in the
error table of the protocol (``protocol/README.md``), where the service gave one.
"""

from __future__ import annotations


class CredexError(Exception):
    """Why an exchange, or a step of one, did not come about."""

    reason: str | None

    def __init__(self, message: str = "", *, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class Closed(CredexError):
    """It was closed, or used up: an offer is redeemed once, an import reported once."""


class NoBus(CredexError):
    """There is no session bus to talk to."""


class NameTaken(CredexError):
    """The app's own name on the bus is owned by another process."""


class ServiceUnavailable(CredexError):
    """The service left the bus, cannot be started, or the bus itself is gone."""


class NotTheService(CredexError):
    """Somebody on the bus answered in the place of the service."""


class ProtocolError(CredexError):
    """The service said something that its interfaces do not provide for."""


class Declined(CredexError):
    """The person said no."""


class Refused(CredexError):
    """The service refused a call; `reason` says why."""


class InvalidDocument(CredexError):
    """The document is no CXF document that anybody could import."""


class InvalidPayload(CredexError):
    """A sealed payload, or its parts, are not what the protocol describes."""


class InvalidPassword(CredexError):
    """A text is no password: empty, too long, or not UTF-8."""


class Ended(CredexError):
    """The exchange ended without a receipt, or before the importer had completed it.

    `handed_over` says whether the importer had the payload by then. Only exporters learn that.
    """

    handed_over: bool

    def __init__(
        self, message: str = "", *, reason: str | None = None, handed_over: bool = False
    ) -> None:
        super().__init__(message, reason=reason)
        self.handed_over = handed_over


class Cancelled(Ended):
    """The person, the exporter or the importer ended it."""


class Expired(Ended):
    """The time was up."""


class Failed(Ended):
    """Something went wrong in the exchange."""


class WebRefused(CredexError):
    """A call about a shared web credential came to nothing.

    `stage` says where: ``identity``, ``policy``, ``declaration``, ``decision``, ``association``,
    ``store`` or ``consent``. `url` and `status` are those of a website's file that could not be had.
    """

    stage: str
    url: str | None
    status: int | None

    def __init__(
        self,
        message: str = "",
        *,
        reason: str | None = None,
        stage: str = "",
        url: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message, reason=reason)
        self.stage = stage
        self.url = url
        self.status = status
