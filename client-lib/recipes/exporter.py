#!/usr/bin/python3
"""Sends a CXF document to the app that the person chooses, over bare D-Bus (protocol/README.md,
"Exporting"):  exporter.py DOCUMENT [DIRECTORY-OF-ATTACHMENTS]

Attachments are files that are named after the ids of their `file` credentials. Exits with 0 once the
importer has reported, 3 if the person said no, 1 if it ended otherwise.
"""

import json
import os
import secrets
import sys
from collections import Counter
from pathlib import Path

import envelope
from gi.repository import GLib
from service import EXPORT, REQUEST, ROOT, SESSION, Service, end_on_signals, say

APP_ID = "org.example.BareExporter"
DONE, FAILED, DECLINED = 0, 1, 3


def credentials(document):
    """Every credential of a document, with the list that it is in."""
    for account in document.get("accounts", []):
        for item in account.get("items", []):
            for credential in item.get("credentials", []):
                yield item["credentials"], credential


def count(document):
    """How many credentials of each type: "count whatever has a type, usable or not"."""
    return dict(Counter(c["type"] for _, c in credentials(document)))


def narrow(document, types):
    """Leaves out every credential whose type is not among `types`, and items that are empty then."""
    for siblings, credential in list(credentials(document)):
        if credential["type"] not in types:
            siblings.remove(credential)
    for account in document.get("accounts", []):
        account["items"] = [item for item in account.get("items", []) if item.get("credentials")]


class Exporter:
    """One exchange."""

    def __init__(self, document, attachments):
        self.text, self.document, self.attachments = document, json.loads(document), attachments
        self.counts = count(self.document)
        self.service, self.loop, self.exit = Service(), GLib.MainLoop(), FAILED
        self.session = None
        # Paths can be known before the call, so we can listen before we call.
        me = self.service.bus.get_unique_name()[1:].replace(".", "_")
        self.tokens = secrets.token_hex(16), secrets.token_hex(16)
        self.request_path = f"{ROOT}/request/{me}/{self.tokens[0]}"
        self.session_path = f"{ROOT}/session/{me}/{self.tokens[1]}"

    def run(self):
        service = self.service
        service.on_change = lambda _owner: self.end(FAILED, "the service has left the bus")
        service.listen(self.request_path, REQUEST, "Response", self.answered)
        service.listen(self.session_path, SESSION, "Completed", self.completed)
        service.listen(self.session_path, SESSION, "Closed", self.closed)
        end_on_signals(self.loop, self.take_back)
        options = {
            "handle_token": GLib.Variant("s", self.tokens[0]),
            "session_handle_token": GLib.Variant("s", self.tokens[1]),
            "app_id": GLib.Variant("s", APP_ID),
            "format_versions": GLib.Variant("as", ["1.0"]),
            "counts": GLib.Variant("a{su}", self.counts),
        }
        window = os.environ.get("CREDEX_PARENT_WINDOW", "")
        service.call(ROOT, EXPORT, "RequestExport", "(sa{sv})", (window, options))
        self.loop.run()
        return self.exit

    def answered(self, response, results):
        if response == 1:
            return self.end(DECLINED, results.get("message", "the person said no"))
        if response != 0:  # "a response above 2, which is an end like 2"
            return self.end(FAILED, results.get("message", "it ended"))
        try:
            self.deposit(results)
        except (envelope.Refused, GLib.Error) as error:
            self.take_back()
            self.end(FAILED, error)

    def deposit(self, granted):
        if granted["session"] != self.session_path or granted["format_version"] != "1.0":
            raise envelope.Refused("the service grants what was not asked for")
        types, text, attachments = set(granted["types"]), self.text, self.attachments
        if not types.issuperset(self.counts):
            narrow(self.document, types)
            text = json.dumps(self.document, ensure_ascii=False).encode()
        files = {c.get("id") for _, c in credentials(self.document) if c["type"] == "file"}
        attachments = [(name, body) for name, body in attachments if name in files]
        key = secrets.token_bytes(32)
        public_key = bytes(granted["session_public_key"])
        wrapped = envelope.wrap(key, public_key, envelope.KEY_TO_SERVICE, self.session_path)
        payload = envelope.seal(envelope.join(text, attachments), key)
        values = (0, wrapped, count(self.document), {})
        try:
            self.session = self.session_path
            self.service.call(
                self.session_path, SESSION, "Deposit", "(haya{su}a{sv})", values, [payload]
            )
        finally:
            os.close(payload)

    def completed(self, receipt, details):
        for name, (succeeded, failed, ignored) in sorted(receipt.items()):
            say(f"{name}: {succeeded} taken, {failed} failed, {ignored} ignored")
        for difference in details.get("discrepancies", []):
            say(f"not as announced: {difference}")
        self.end(DONE, "done")

    def closed(self, outcome, _error, message, _details):
        self.end(DECLINED if outcome == "cancelled" else FAILED, message)

    def take_back(self):
        """Calls the exchange off. To leave the bus would do the same."""
        path, interface = self.request_path, REQUEST
        if self.session:
            path, interface = self.session, SESSION
        try:
            self.service.call(path, interface, "Close", "()", ())
        except GLib.Error:
            pass  # It is over already.

    def end(self, code, why):
        say(why)
        self.exit = code
        self.loop.quit()


def main(arguments):
    if len(arguments) not in (1, 2):
        say(__doc__.splitlines()[1])
        return 2
    directory = Path(arguments[1]) if len(arguments) == 2 else None
    files = sorted(directory.iterdir()) if directory else []
    try:
        return Exporter(
            Path(arguments[0]).read_bytes(), [(file.name, file.read_bytes()) for file in files]
        ).run()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        say("the document is no CXF document")
    except GLib.Error as error:
        say(error.message)
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
