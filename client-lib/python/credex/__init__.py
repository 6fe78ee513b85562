"""Export and import credentials through the Credex session service, and share passwords with a website.

The person chooses where credentials go; this package asks, seals, carries and opens. An app that sends::

    with credex.Exporter.connect("org.example.Vault") as exporter:
        receipt = exporter.export(document)

and one that receives::

    with credex.Importer.connect("org.example.Vault", name="Vault") as importer:
        with importer.next_offer().redeem() as arrived:
            store(bytes(arrived.document))
            arrived.complete_all()

These calls wait; `credex.aio` has the same for asyncio.
"""

from credex import errors
from credex._credex import Secret, check
from credex.blocking import Delivery, Exporter, Grant, Import, Importer, Offer, SharedWebCredentials
from credex.errors import (
    Cancelled,
    Closed,
    CredexError,
    Declined,
    Ended,
    Expired,
    Failed,
    InvalidDocument,
    InvalidPassword,
    InvalidPayload,
    NameTaken,
    NoBus,
    NotTheService,
    ProtocolError,
    Refused,
    ServiceUnavailable,
    WebRefused,
)
from credex.values import (
    App,
    Decision,
    DomainReport,
    Found,
    GeneratedPassword,
    Loss,
    Plan,
    Receipt,
    Report,
    Tally,
    WebCredential,
)

__all__ = [
    "App",
    "Cancelled",
    "Closed",
    "CredexError",
    "Decision",
    "Declined",
    "Delivery",
    "DomainReport",
    "Ended",
    "Expired",
    "Exporter",
    "Failed",
    "Found",
    "GeneratedPassword",
    "Grant",
    "Import",
    "Importer",
    "InvalidDocument",
    "InvalidPassword",
    "InvalidPayload",
    "Loss",
    "NameTaken",
    "NoBus",
    "NotTheService",
    "Offer",
    "Plan",
    "ProtocolError",
    "Receipt",
    "Refused",
    "Report",
    "Secret",
    "ServiceUnavailable",
    "SharedWebCredentials",
    "Tally",
    "WebCredential",
    "WebRefused",
    "check",
    "errors",
]
