"""An exporter with a defect: exporter.py RECIPES CHECK DOCUMENT DIRECTORY.

For each check of `credex conformance exporter` it has the defect that the check must find, and is
otherwise the exporter of client-lib/recipes.
"""

import json
import os
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])

import envelope
import exporter
from exporter import DONE, FAILED, Exporter
from gi.repository import Gio, GLib
from service import Service

DEFECTS = {}


def finds(*checks):
    """The checks that must find this defect."""

    def noted(defect):
        DEFECTS.update({check: defect for check in checks})
        return defect

    return noted


@finds("one-exchange")
def says_that_it_failed():
    Exporter.completed = lambda self, _receipt, _details: self.end(FAILED, "?")


@finds("counts")
def does_not_count_everything():
    count = exporter.count
    exporter.count = lambda document: {k: n for k, n in count(document).items() if k != "passkey"}


@finds("whole-document")
def writes_what_it_knows():
    init = Exporter.__init__

    def known(self, document, attachments):
        strip = lambda pairs: {k: v for k, v in pairs if "/" not in k}
        document = json.dumps(json.loads(document, object_pairs_hook=strip)).encode()
        init(self, document, attachments)

    Exporter.__init__ = known


@finds("attachments", "large-attachment")
def forgets_attachments():
    join = envelope.join
    envelope.join = lambda document, _attachments: join(document, [])


@finds("narrowing")
def sends_all_the_same():
    deposit = Exporter.deposit

    def everything(self, granted):
        whole = self.text
        join = envelope.join
        envelope.join = lambda _narrowed, attachments: join(whole, attachments)
        deposit(self, granted)

    Exporter.deposit = everything


@finds("fresh-content-key", "random-tokens")
def knows_no_chance():
    exporter.secrets.token_bytes = lambda length: bytes([7]) * length
    exporter.secrets.token_hex = lambda length: "07" * length


@finds("two-at-once")
def runs_alone():
    run = Exporter.run

    def alone(self):
        reply = self.service._call_bus("RequestName", "(su)", (exporter.APP_ID, 4))
        return run(self) if reply == 1 else FAILED

    Exporter.run = alone


@finds("no-json")
def sends_anything():
    def init(self, document, attachments):
        honest(self, b'{"accounts":[{"items":[{"credentials":[{"type":"note"}]}]}]}', attachments)
        self.text = document

    honest = Exporter.__init__
    Exporter.__init__ = init


@finds("large-document")
def sends_no_more_than_a_mebibyte():
    join = envelope.join
    envelope.join = lambda document, attachments: join(document[: 1 << 20], attachments)


@finds(
    "person-declines",
    "person-does-not-answer",
    "person-stops",
    "nobody-imports",
    "importer-declines",
    "importer-dies",
    "importer-is-late",
    "too-large",
)
def is_always_happy():
    end = Exporter.end
    Exporter.end = lambda self, _code, why: end(self, DONE, why)


@finds("service-dies")
def does_not_notice():
    Service._changed = lambda *_: None


@finds("leaves")
def does_not_end():
    exporter.end_on_signals = lambda *_: signal.signal(signal.SIGTERM, signal.SIG_IGN)


@finds("forged-response", "forged-receipt")
def believes_anybody():
    def listen(self, path, interface, member, heard):
        def told(_bus, _sender, _path, _interface, _member, body):
            heard(*body.unpack())

        flags = Gio.DBusSignalFlags.NO_MATCH_RULE
        return self.bus.signal_subscribe(None, interface, member, path, None, flags, told)

    Service.listen = listen


@finds("odd-answer")
def waits_after_what_it_does_not_know():
    answered = Exporter.answered

    def picky(self, response, results):
        if response <= 2:
            answered(self, response, results)

    Exporter.answered = picky


if __name__ == "__main__":
    DEFECTS[sys.argv[2]]()
    sys.exit(exporter.main(sys.argv[3:]))
