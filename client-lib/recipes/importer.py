#!/usr/bin/python3
"""Takes what is sent to it, over bare D-Bus (protocol/README.md, "Importing"):

    importer.py [DIRECTORY]

With a directory, each document that came is written there, as NUMBER.cxf, and its attachments beside
it. A password manager would put them into its store. Runs until it is ended.
"""

import json
import os
import re
import sys
from pathlib import Path

import envelope
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from gi.repository import Gio, GLib
from service import IMPORT, ROOT, Service, end_on_signals, say

APP_ID = "org.example.BareImporter"
LIMIT = 1 << 30
PATH, INTERFACE = "/org/credex/Importer1", "org.credex.Importer1"
XML = """<node><interface name="org.credex.Importer1">
  <method name="Offer">
    <arg type="o" name="offer" direction="in"/>
    <arg type="a{sv}" name="options" direction="in"/>
    <arg type="ay" name="public_key" direction="out"/>
  </method>
  <method name="Import">
    <arg type="o" name="offer" direction="in"/>
    <arg type="ay" name="sealed_token" direction="in"/>
    <arg type="a{sv}" name="options" direction="in"/>
  </method>
  <method name="Withdrawn">
    <arg type="o" name="offer" direction="in"/>
    <arg type="s" name="outcome" direction="in"/>
    <arg type="s" name="error" direction="in"/>
    <arg type="s" name="message" direction="in"/>
    <arg type="a{sv}" name="options" direction="in"/>
  </method>
  <property name="version" type="u" access="read"/>
</interface></node>"""

# What CXF asks of the types that this importer keeps; of others it says that it ignored them.
REQUIRED = {
    "basic-auth": (), "totp": ("secret", "period", "digits", "algorithm"), "note": ("content",),
    "passkey": ("credentialId", "rpId", "username", "userDisplayName", "userHandle", "key"),
    "file": ("id", "name", "decryptedSize", "integrityHash"), "credit-card": (), "address": (),
    "api-key": (), "custom-fields": ("fields",), "drivers-license": (), "identity-document": (),
    "generated-password": ("password",), "item-reference": ("reference",), "passport": (),
    "person-name": (), "ssh-key": ("keyType", "privateKey"), "wifi": (),
}
EDITABLE = ("username", "password", "content", "ssid", "key", "number", "fullName")


class Offer:
    """An offer that was acknowledged, until its token comes."""

    def __init__(self, options):
        self.own_key = X25519PrivateKey.generate()  # For this offer alone.
        self.service_key = bytes(options.get("session_public_key", []))


class Importer:
    def __init__(self, directory):
        self.directory, self.written, self.offers = directory, 0, {}
        self.service, self.loop = Service(), GLib.MainLoop()
        self.service.on_change = self.owner_changed
        # Serve the object before announcing: the offer may lie right behind the answer.
        interface = Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0]
        self.service.bus.register_object(PATH, interface, self.called, self.property, None)

    def run(self):
        self.announce()
        say("ready")
        end_on_signals(self.loop, lambda: None)
        self.loop.run()
        return 0

    def announce(self):
        options = {"name": GLib.Variant("s", "Bare Importer")}
        self.service.call(ROOT, IMPORT, "Announce", "(sa{sv})", (APP_ID, options))

    def owner_changed(self, owner):
        """All offers went with the old service; to the new one, we announce ourselves again."""
        self.offers.clear()
        if owner:
            self.attempt("announcing", self.announce)

    def property(self, _bus, _sender, _path, _interface, _name):
        return GLib.Variant("u", 1)

    def called(self, _bus, sender, _path, _interface, method, body, invocation):
        if not self.service.is_sender(sender):
            return invocation.return_dbus_error("org.example.NotTheService", "only the service may")
        offer, *rest = body.unpack()
        if method == "Offer":
            self.offers[offer] = Offer(rest[0])
            public_key = envelope.public_bytes(self.offers[offer].own_key)
            return invocation.return_value(GLib.Variant("(ay)", (public_key,)))
        invocation.return_value(None)  # Nobody waits for these two.
        known = self.offers.pop(offer, None)
        if method == "Withdrawn":
            say(f"withdrawn: {rest[2]}")
        elif method == "Import" and known:
            self.attempt("importing", lambda: self.take(offer, known, bytes(rest[0])))

    def attempt(self, what, work):
        try:
            work()
        except GLib.Error as error:
            say(f"{what}: {error.message}")

    def take(self, offer, known, sealed_token):
        """A password manager would have itself unlocked first, and call Import.Extend meanwhile."""
        try:
            token = envelope.unwrap(sealed_token, known.own_key, envelope.TOKEN_TO_IMPORTER, offer)
            token = envelope.wrap(token, known.service_key, envelope.TOKEN_TO_SERVICE, offer)
            (_, wrapped, results), fds = self.service.call(
                ROOT, IMPORT, "Redeem", "(oaya{sv})", (offer, token, {})
            )
            receipt, differences = self.keep(offer, known, bytes(wrapped), results, fds)
        except envelope.Refused as why:
            self.service.call(ROOT, IMPORT, "Decline", "(osa{sv})", (offer, str(why), {}))
            return say(f"declined: {why}")
        details = {"discrepancies": GLib.Variant("as", differences)}
        values = (offer, receipt, details)
        self.service.call(ROOT, IMPORT, "Complete", "(oa{s(uuu)}a{sv})", values)
        say(f"imported: {receipt}")

    def keep(self, offer, known, wrapped, results, fds):
        try:
            if len(fds) != 1:
                raise envelope.Refused("there is no payload")
            key = envelope.unwrap(wrapped, known.own_key, envelope.KEY_TO_IMPORTER, offer)
            plaintext = envelope.open_sealed(fds[0], key, LIMIT)
        finally:
            for fd in fds:
                os.close(fd)
        text, attachments = envelope.split(plaintext)
        receipt = judge(text)
        self.write(text, attachments)
        return receipt, list(differences(receipt, results.get("deposited", {})))

    def write(self, text, attachments):
        if self.directory is None:
            return
        self.written += 1
        file = self.directory / f"{self.written}.cxf"
        beside = self.directory / f"{self.written}.cxf.attachments"
        for name, body in attachments.items():
            # What somebody else sends as an id is no file name until it was looked at.
            if re.fullmatch("[A-Za-z0-9_-]+", name):
                beside.mkdir(exist_ok=True)
                (beside / name).write_bytes(body)
        file.write_bytes(text)


def judge(text):
    """Reads a document item by item: a broken one costs that item alone."""
    try:
        document = json.loads(text)
        items = [item for account in document["accounts"] for item in account.get("items", [])]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise envelope.Refused("the document is no CXF document") from None
    receipt = {}
    for item in items:
        fine = isinstance(item, dict) and isinstance(item.get("id"), str) and "title" in item
        credentials = item.get("credentials") if isinstance(item, dict) else None
        for credential in credentials if isinstance(credentials, list) else [{}]:
            kind = credential.get("type") if isinstance(credential, dict) else None
            fate = 1 if not fine else fate_of(credential, kind)
            tally = receipt.setdefault(kind if isinstance(kind, str) and kind else "(other)", [0, 0, 0])
            tally[fate] += 1
    return {kind: tuple(tally) for kind, tally in receipt.items()}


def fate_of(credential, kind):
    """0: taken. 1: failed. 2: ignored."""
    if kind not in REQUIRED:
        return 2 if isinstance(kind, str) else 1
    if any(name not in credential for name in REQUIRED[kind]):
        return 1
    fields = [credential[name] for name in EDITABLE if name in credential]
    plain = kind in ("passkey", "totp", "generated-password", "file", "ssh-key")
    return 0 if plain or all(isinstance(field, dict) for field in fields) else 1


def differences(receipt, deposited):
    """Where what was opened differs from what was deposited."""
    for kind in sorted(receipt.keys() | deposited.keys()):
        expected, arrived = deposited.get(kind, 0), sum(receipt.get(kind, ()))
        if expected != arrived:
            yield f"{kind[:64]}: {expected} expected, {arrived} arrived"


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(Importer(Path(sys.argv[1]) if len(sys.argv) > 1 else None).run())
