"""An importer with a defect: importer.py RECIPES CHECK [DIRECTORY].

For each check of `credex conformance importer` it has the defect that the check must find, and is
otherwise the importer of client-lib/recipes.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])

import envelope
import importer
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from gi.repository import GLib
from importer import Importer
from service import IMPORT, ROOT, Service

DEFECTS = {}


def finds(*checks):
    """The checks that must find this defect."""

    def noted(defect):
        DEFECTS.update({check: defect for check in checks})
        return defect

    return noted


@finds("one-exchange")
def reports_without_redeeming():
    def take(self, offer, known, _token):
        receipt = {"basic-auth": (3, 0, 0)}
        self.service.call(ROOT, IMPORT, "Complete", "(oa{s(uuu)}a{sv})", (offer, receipt, {}))

    Importer.take = take


@finds("acknowledges-at-once")
def thinks_before_it_answers():
    called = Importer.called

    def slow(self, bus, sender, path, interface, method, body, invocation):
        if method == "Offer":
            time.sleep(3.5)
        called(self, bus, sender, path, interface, method, body, invocation)

    Importer.called = slow


@finds("redeems-once")
def redeems_again():
    call = Service.call

    def twice(self, path, interface, member, *rest):
        answer = call(self, path, interface, member, *rest)
        if member == "Redeem":
            try:
                call(self, path, interface, member, *rest)
            except GLib.Error:
                pass
        return answer

    Service.call = twice


@finds("one-after-another")
def ends_after_one():
    take = Importer.take

    def once(self, *rest):
        take(self, *rest)
        self.loop.quit()

    Importer.take = once


@finds("fresh-keys")
def has_one_key():
    made = importer.X25519PrivateKey.generate()

    class Same:
        generate = staticmethod(lambda: made)

    importer.X25519PrivateKey = Same


@finds("two-at-once")
def mixes_exchanges_up():
    judge, sums = importer.judge, {}

    def summed(text):
        for kind, tally in judge(text).items():
            sums[kind] = tuple(a + b for a, b in zip(tally, sums.get(kind, (0, 0, 0))))
        return dict(sums)

    importer.judge = summed


@finds("attachments", "large-attachment")
def loses_attachments():
    write = Importer.write
    Importer.write = lambda self, text, _attachments: write(self, text, {})


@finds("all-types")
def forgets_a_type():
    judge = importer.judge
    importer.judge = lambda text: {k: t for k, t in judge(text).items() if k != "passkey"}


@finds("discrepancies")
def says_nothing_of_differences():
    importer.differences = lambda _receipt, _deposited: []


@finds("bad-item")
def refuses_all_for_one():
    judge = importer.judge

    def strict(text):
        receipt = judge(text)
        if any(tally[1] for tally in receipt.values()):
            raise envelope.Refused("something is broken")
        return receipt

    importer.judge = strict


@finds("unknown-type")
def claims_what_it_does_not_keep():
    importer.fate_of = lambda _credential, _kind: 0
    Importer.write = lambda *_: None


@finds("unknown-members")
def refuses_unknown_members():
    judge = importer.judge

    def strict(text):
        if any("/" in name for name in json.loads(text)):
            raise envelope.Refused("an unknown member")
        return judge(text)

    importer.judge = strict


@finds("types-not-taken")
def takes_what_it_does_not_take():
    def announce(self):
        options = {"credential_types": GLib.Variant("as", ["basic-auth"])}
        self.service.call(ROOT, IMPORT, "Announce", "(sa{sv})", (importer.APP_ID, options))

    Importer.announce = announce


@finds("none: it takes little, and says so")
def takes_what_it_takes():
    takes_what_it_does_not_take()
    fate_of = importer.fate_of
    importer.fate_of = lambda it, kind: 2 if kind != "basic-auth" else fate_of(it, kind)


@finds("none: it owns its name")
def owns_its_name():
    def own(self):
        if not hasattr(self, "owned"):
            self.owned = self.service._call_bus("RequestName", "(su)", (importer.APP_ID, 4))

    Importer.announce = own


@finds("unknown-part")
def refuses_unknown_parts():
    split = envelope.split

    def strict(plaintext):
        if b"M\0\0\4" + bytes(7) + b"\4what" in plaintext:
            raise envelope.Refused("an unknown kind")
        return split(plaintext)

    envelope.split = strict


class Unauthenticated:
    """AES-GCM without its tag."""

    def __init__(self, key):
        self.key, self.honest = key, AESGCM(key)

    def encrypt(self, *rest):
        return self.honest.encrypt(*rest)

    def decrypt(self, nonce, sealed, associated):
        if associated is None:
            return self.honest.decrypt(nonce, sealed, associated)
        counter = nonce + b"\0\0\0\2"
        return Cipher(algorithms.AES(self.key), modes.CTR(counter)).decryptor().update(sealed[:-16])


AESGCM = envelope.AESGCM


@finds("changed-bit")
def does_not_look_at_tags():
    envelope.AESGCM = Unauthenticated


@finds("last-segment-missing", "segments-exchanged")
def opens_segments_wherever_they_are():
    class Lenient(Unauthenticated):
        def decrypt(self, nonce, sealed, associated):
            for index in range(64) if associated else [None]:
                for last in (0, 1):
                    tried = nonce
                    if associated:
                        tried = nonce[:7] + index.to_bytes(4, "big") + bytes([last])
                    try:
                        return self.honest.decrypt(tried, sealed, associated)
                    except envelope.InvalidTag:
                        pass
            raise envelope.InvalidTag

    envelope.AESGCM = Lenient
    judge = importer.judge

    def lenient(text):
        try:
            return judge(text)
        except envelope.Refused:
            return {"basic-auth": (1, 0, 0)}  # As much as it can read of it.

    importer.judge = lenient
    split = envelope.split

    def cut(plaintext):
        try:
            return split(plaintext)
        except envelope.Refused:
            return bytes(plaintext[12:]), {}

    envelope.split = cut


@finds("part-too-long")
def takes_what_is_there():
    envelope.split = lambda plaintext: (bytes(plaintext[12:]), {})


def dies_of(refusal):
    def install():
        refused = envelope.Refused

        class Deadly(refused):
            def __init__(self, why):
                super().__init__(why)
                if refusal in why:
                    os._exit(1)

        envelope.Refused = Deadly

    return install


finds("no-document")(dies_of("there is no document"))
finds("no-json")(dies_of("no CXF document"))


@finds("two-documents", "same-id-twice")
def takes_the_first():
    split = envelope.split

    def lenient(plaintext):
        try:
            return split(plaintext)
        except envelope.Refused:
            length = int.from_bytes(plaintext[4:12], "big")
            return bytes(plaintext[12 : 12 + length]), {}

    envelope.split = lenient


@finds("hostile-ids")
def takes_ids_for_file_names():
    def write(self, text, attachments):
        beside = self.directory / "it.cxf.attachments"
        beside.mkdir()
        for name, body in attachments.items():
            try:
                (beside / name).write_bytes(body)
            except OSError:
                pass
        (self.directory / "it.cxf").write_bytes(text)

    Importer.write = write


@finds("moved-offset")
def reads_where_the_descriptor_stands():
    honest = envelope._pread
    envelope._pread = lambda fd, n, at: honest(fd, n, at) if at == 0 else os.read(fd, n)


@finds("large-document")
def drops_what_is_large():
    keep = Importer.keep

    def small(self, offer, known, wrapped, results, fds):
        if os.fstat(fds[0]).st_size > 1 << 20:
            raise GLib.Error("too large, and nobody is told")
        return keep(self, offer, known, wrapped, results, fds)

    Importer.keep = small


@finds("exporter-takes-back", "exporter-dies", "person-stops", "too-late")
def waits_for_ever_for_a_token():
    called = Importer.called
    waiting = set()

    def one_by_one(self, bus, sender, path, interface, method, body, invocation):
        offer = body.unpack()[0]
        if method == "Offer":
            if waiting:
                return invocation.return_dbus_error("org.example.Busy", "one at a time")
            waiting.add(offer)
        if method == "Import":
            waiting.discard(offer)
        called(self, bus, sender, path, interface, method, body, invocation)

    Importer.called = one_by_one


@finds("service-dies")
def does_not_announce_itself_again():
    Importer.owner_changed = lambda self, owner: self.offers.clear()


@finds("forged-offer", "forged-withdrawal", "token-replayed")
def believes_anybody():
    Service.is_sender = lambda self, sender: True
    keeps_offers()


@finds("token-twice")
def keeps_offers():
    class Kept(dict):
        def pop(self, key, default=None):
            return self.get(key, default)

    class Forgetful(Kept):
        """Lets only a withdrawal remove an offer."""

    init = Importer.__init__

    def kept(self, *rest):
        init(self, *rest)
        self.offers = Forgetful() if "token" in sys.argv[2] else self.offers

    Importer.__init__ = kept


@finds("withdrawn")
def goes_on_after_a_withdrawal():
    called = Importer.called

    def deaf(self, bus, sender, path, interface, method, body, invocation):
        if method == "Withdrawn":
            return invocation.return_value(None)
        called(self, bus, sender, path, interface, method, body, invocation)

    Importer.called = deaf


@finds("refused")
def reports_after_a_refusal():
    take = Importer.take

    def stubborn(self, offer, known, token):
        try:
            take(self, offer, known, token)
        except GLib.Error:
            values = (offer, {"basic-auth": (1, 0, 0)}, {})
            self.service.call(ROOT, IMPORT, "Complete", "(oa{s(uuu)}a{sv})", values)

    Importer.take = stubborn


@finds("unknown-options")
def refuses_unknown_options():
    called = Importer.called

    def strict(self, bus, sender, path, interface, method, body, invocation):
        if method == "Offer" and "another" in body.unpack()[1]:
            return invocation.return_dbus_error("org.example.Unknown", "an unknown option")
        called(self, bus, sender, path, interface, method, body, invocation)

    Importer.called = strict


@finds("weak-key")
def seals_to_any_key():
    wrap = envelope.wrap

    def careless(secret, recipient, direction, path):
        if not any(recipient):
            return bytes(32) + secret + bytes(16)
        return wrap(secret, recipient, direction, path)

    envelope.wrap = careless


def checks_only(*steps):
    """What is left of the checks of a descriptor."""

    def install():
        def check(fd, limit):
            header = os.pread(fd, 32, 0)
            segment, prefix = int.from_bytes(header[8:12], "big"), header[12:19]
            return segment, prefix, header[:24], int.from_bytes(header[24:], "big")

        envelope.check = check

    return install


finds("unsealed", "no-memory-file", "wrong-length")(checks_only())


@finds("leaves")
def does_not_end():
    importer.end_on_signals = lambda loop, interrupted: signal.signal(signal.SIGTERM, signal.SIG_IGN)


if __name__ == "__main__":
    os.umask(0o077)
    DEFECTS[sys.argv[2]]()
    sys.exit(Importer(Path(sys.argv[3]) if len(sys.argv) > 3 else None).run())
