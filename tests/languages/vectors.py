"""Holds client-lib/recipes/envelope.py against the test vectors: vectors.py RECIPES VECTORS.

Prints how many it has played.
"""

import fcntl
import json
import os
import sys

sys.path.insert(0, sys.argv[1])

import envelope
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

with open(sys.argv[2], encoding="utf-8") as file:
    VECTORS = json.load(file)
PLAYED = 0


def played():
    global PLAYED
    PLAYED += 1


def refused(attempt, *arguments):
    try:
        attempt(*arguments)
    except envelope.Refused:
        return
    raise AssertionError(f"{attempt.__name__} accepts what it should refuse")


def memory_file(content):
    fd = os.memfd_create("vector", os.MFD_ALLOW_SEALING)
    os.write(fd, content)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, envelope.ALL_SEALS)
    return fd


for vector in VECTORS["wraps"]:
    own = X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["recipient_private_key"]))
    place = vector["direction"], vector["object_path"]
    wrapped, secret = bytes.fromhex(vector["wrapped"]), bytes.fromhex(vector["secret"])
    assert envelope.info_of(*place).hex() == vector["info"]
    assert envelope.unwrap(wrapped, own, *place) == secret
    again = envelope.wrap(secret, envelope.public_bytes(own), *place)
    assert len(again) == len(wrapped) and envelope.unwrap(again, own, *place) == secret
    refused(envelope.unwrap, wrapped, own, place[0] + 1, place[1])
    refused(envelope.unwrap, wrapped, own, place[0], place[1] + "x")
    refused(envelope.unwrap, wrapped[:-1] + bytes([wrapped[-1] ^ 1]), own, *place)
    refused(envelope.wrap, secret, bytes(32), *place)
    played()

for vector in VECTORS["envelopes"]:
    plaintext = bytes(i % 251 for i in range(vector["plaintext_len"]))
    key = bytes.fromhex(vector["content_key"])
    sealed = envelope.seal(plaintext, key)
    assert envelope.open_sealed(sealed, key, 1 << 40) == plaintext
    assert os.fstat(sealed).st_size == vector["envelope_len"] or vector["segment_size"] != 65536
    if "envelope" in vector:
        whole = bytes.fromhex(vector["envelope"])
        assert envelope.open_sealed(memory_file(whole), key, 1 << 40) == plaintext
        refused(envelope.open_sealed, memory_file(whole + b"\0"), key, 1 << 40)
        refused(envelope.open_sealed, memory_file(whole[:-1]), key, 1 << 40)
        refused(envelope.open_sealed, memory_file(whole[:-1] + bytes([whole[-1] ^ 1])), key, 1 << 40)
    played()

for vector in VECTORS["parts"]:
    parts = [(part["kind"], part["id"], bytes.fromhex(part["body"])) for part in vector["parts"]]
    document, attachments = envelope.split(bytes.fromhex(vector["plaintext"]))
    known = [(kind, name, body) for kind, name, body in parts if kind in (1, 2)]
    assert document == known[0][2]
    assert len(attachments) == len(known) - 1
    if known == parts:
        pairs = list(attachments.items())
        assert envelope.join(document, pairs).hex() == vector["plaintext"]
    played()

print(PLAYED)
