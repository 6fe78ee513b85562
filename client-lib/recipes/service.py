"""A connection to the Credex service over bare D-Bus, with the checks that protocol/README.md asks for.

GDBus takes any message with the right serial for the answer, so every call here looks at who sent it.
"""

import signal
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

NAME = "org.credex.Exchange1"
ROOT = "/org/credex/Exchange1"
EXPORT, IMPORT = NAME + ".Export", NAME + ".Import"
REQUEST, SESSION = NAME + ".Request", NAME + ".Session"
BUS, BUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"


class Service:
    """Who owns the name of the service, and how to call them."""

    def __init__(self):
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        self.owner = None
        self.on_change = lambda owner: None
        # "Follow NameOwnerChanged": with a rule that names the bus, GDBus drops forgeries of it.
        self.bus.signal_subscribe(
            BUS, BUS, "NameOwnerChanged", BUS_PATH, NAME, Gio.DBusSignalFlags.NONE, self._changed
        )
        self.find()

    def find(self):
        """Asks the bus who the service is, and has it started if need be."""
        try:
            self.owner = self._call_bus("GetNameOwner", "(s)", (NAME,))
        except GLib.Error:
            self._call_bus("StartServiceByName", "(su)", (NAME, 0))
            self.owner = self._call_bus("GetNameOwner", "(s)", (NAME,))

    def _call_bus(self, member, signature, values):
        results, _fds = self._call(BUS, BUS, BUS_PATH, BUS, member, signature, values)
        return results[0]

    def is_sender(self, sender):
        """Whether a message with this sender comes from the service."""
        return self.owner is not None and sender == self.owner

    def listen(self, path, interface, member, heard):
        """Calls `heard` with the values of such signals, of the service that owns the name now."""

        def told(_bus, _sender, _path, _interface, _member, body):
            heard(*body.unpack())

        flags = Gio.DBusSignalFlags.NONE
        return self.bus.signal_subscribe(self.owner, interface, member, path, None, flags, told)

    def call(self, path, interface, member, signature, values, fds=()):
        """Calls a method; returns its results, and the descriptors that came with them."""
        if self.owner is None:
            raise GLib.Error("the service has left the bus", "credex", 0)
        return self._call(self.owner, self.owner, path, interface, member, signature, values, fds)

    def _call(self, to, expected, path, interface, member, signature, values, fds=()):
        message = Gio.DBusMessage.new_method_call(to, path, interface, member)
        message.set_body(GLib.Variant(signature, values))
        carrying = Gio.UnixFDList.new()
        for fd in fds:
            carrying.append(fd)  # Duplicates it; new_from_array() would take it away.
        message.set_unix_fd_list(carrying)
        flags = Gio.DBusSendMessageFlags.NONE
        answer, _serial = self.bus.send_message_with_reply_sync(message, flags, GLib.MAXINT32, None)
        # A refusal may be the bus's own: that nobody has this name any more.
        if answer.get_sender() not in (expected, BUS):
            raise GLib.Error(f"{answer.get_sender()} answered in place of {expected}", "credex", 0)
        answer.to_gerror()  # Raises it, if it is one.
        body, carried = answer.get_body(), answer.get_unix_fd_list()
        if answer.get_sender() != expected:
            raise GLib.Error("the bus answered in place of the service", "credex", 0)
        return body.unpack() if body else (), carried.steal_fds() if carried else []

    def _changed(self, _bus, _sender, _path, _interface, _member, body):
        _name, _old, new = body.unpack()
        self.owner = new or None
        self.on_change(self.owner)


def end_on_signals(loop, interrupted):
    """Has SIGTERM and Ctrl-C end the loop in order."""

    def caught():
        interrupted()
        loop.quit()
        return GLib.SOURCE_REMOVE

    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, caught)


def say(text):
    """A line for whoever watches. What comes from others is shown without control characters."""
    printable = "".join(c if c.isprintable() else "?" for c in str(text))
    print(printable[:400], file=sys.stderr, flush=True)
