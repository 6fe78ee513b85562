"""The envelope of protocol/README.md, from that page alone: HPKE, segments, memory file, parts.

Needs `cryptography` for X25519, HMAC and AES-GCM; everything else is the standard library's. Python
cannot promise to wipe what it has read: an app that can should keep keys in memory of its own.
"""

import fcntl
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# "info binds each secret to its place": the directions.
KEY_TO_SERVICE, KEY_TO_IMPORTER, TOKEN_TO_IMPORTER, TOKEN_TO_SERVICE = 1, 2, 3, 4

DOCUMENT, ATTACHMENT = 1, 2
MAGIC = b"CREDEX1\0"
SEGMENT_SIZE = 65536
HEADER_LEN, TAG_LEN = 32, 16
ALL_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
O_PATH = getattr(os, "O_PATH", 0o10000000)


class Refused(Exception):
    """What came is not what the protocol describes. The text says why, and has no secret in it."""


# --- HPKE (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; base mode, single shot

_KEM = b"KEM" + struct.pack(">H", 0x0020)
_SUITE = b"HPKE" + struct.pack(">HHH", 0x0020, 0x0001, 0x0002)


def _extract(suite, salt, label, secret):
    mac = hmac.HMAC(salt or bytes(32), hashes.SHA256())
    mac.update(b"HPKE-v1" + suite + label + secret)
    return mac.finalize()


def _expand(suite, key, label, info, length):
    labeled = struct.pack(">H", length) + b"HPKE-v1" + suite + label + info
    return HKDFExpand(hashes.SHA256(), length, labeled).derive(key)


def _cipher(shared_point, encapsulated, recipient, info):
    """The AEAD and its nonce, of what both sides know."""
    eae = _extract(_KEM, b"", b"eae_prk", shared_point)
    shared = _expand(_KEM, eae, b"shared_secret", encapsulated + recipient, 32)
    context = b"\0" + _extract(_SUITE, b"", b"psk_id_hash", b"") + _extract(_SUITE, b"", b"info_hash", info)
    secret = _extract(_SUITE, shared, b"secret", b"")
    nonce = _expand(_SUITE, secret, b"base_nonce", context, 12)
    return AESGCM(_expand(_SUITE, secret, b"key", context, 32)), nonce


def public_bytes(key):
    """The 32 bytes of the public key of this private key."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def info_of(direction, path):
    """What binds a secret to its direction and to the object path of its session or offer."""
    return b"org.credex.Exchange1\0" + bytes([1, direction]) + path.encode()


def wrap(secret, recipient, direction, path):
    """Seals a key or a token to a public key of 32 bytes."""
    if len(recipient) != 32:
        raise Refused("the public key does not have 32 bytes")
    ephemeral = X25519PrivateKey.generate()
    try:
        point = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
    except ValueError:
        raise Refused("the public key is of low order") from None
    encapsulated = public_bytes(ephemeral)
    aead, nonce = _cipher(point, encapsulated, recipient, info_of(direction, path))
    return encapsulated + aead.encrypt(nonce, secret, None)


def unwrap(wrapped, own, direction, path):
    """Opens what was sealed to the private key `own`."""
    encapsulated, sealed = bytes(wrapped[:32]), bytes(wrapped[32:])
    try:
        point = own.exchange(X25519PublicKey.from_public_bytes(encapsulated))
        aead, nonce = _cipher(point, encapsulated, public_bytes(own), info_of(direction, path))
        return aead.decrypt(nonce, sealed, None)
    except (ValueError, InvalidTag):
        raise Refused("a wrapped secret is not meant for us, here") from None


# --- Header and segments


def _nonce(prefix, index, last):
    return prefix + struct.pack(">IB", index, last)


def _segments(length, size):
    return max(1, -(-length // size))


def seal(plaintext, content_key):
    """Encrypts the plaintext into a sealed memory file, and returns its descriptor."""
    prefix = os.urandom(7)
    head = MAGIC + struct.pack(">I", SEGMENT_SIZE) + prefix + bytes(5)
    aead = AESGCM(content_key)
    fd = os.memfd_create("credex", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(fd), "wb") as file:
        file.write(head + struct.pack(">Q", len(plaintext)))
        count = _segments(len(plaintext), SEGMENT_SIZE)
        for index in range(count):
            segment = plaintext[index * SEGMENT_SIZE : (index + 1) * SEGMENT_SIZE]
            nonce = _nonce(prefix, index, index == count - 1)
            file.write(aead.encrypt(nonce, bytes(segment), head))
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, ALL_SEALS)
    return fd


def _pread(fd, length, offset):
    """Exactly `length` bytes at a position of our own: the offset of the descriptor is shared."""
    chunks = []
    while length:
        chunk = os.pread(fd, length, offset)
        if not chunk:
            raise Refused("the payload ends too early")
        chunks.append(chunk)
        length, offset = length - len(chunk), offset + len(chunk)
    return b"".join(chunks)


def check(fd, limit):
    """Checks a descriptor that came over the bus, in the order that README.md gives. Returns segment
    size, nonce prefix, the 24 authenticated bytes and the length of the plaintext."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    if flags & O_PATH or flags & os.O_ACCMODE == os.O_WRONLY:
        raise Refused("the payload cannot be read")
    try:
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError:
        raise Refused("the payload is no memory file") from None
    if seals & ALL_SEALS != ALL_SEALS:
        raise Refused("the payload is not sealed")
    size = os.fstat(fd).st_size
    if size < HEADER_LEN:
        raise Refused("the payload has no header")
    header = _pread(fd, HEADER_LEN, 0)
    segment, prefix, reserved, length = struct.unpack(">I7s5sQ", header[8:])
    if header[:8] != MAGIC or reserved != bytes(5):
        raise Refused("the payload has no header")
    if not 4096 <= segment <= 1048576 or segment & (segment - 1):
        raise Refused("the segment size is none")
    if length > limit:
        raise Refused("the payload is too large")
    if size != HEADER_LEN + length + TAG_LEN * _segments(length, segment):
        raise Refused("the size of the payload is not what its header says")
    return segment, prefix, header[:24], length


def open_sealed(fd, content_key, limit):
    """The plaintext of a memory file, once every tag has been checked."""
    size, prefix, head, length = check(fd, limit)
    aead, count = AESGCM(content_key), _segments(length, size)
    plaintext, offset = bytearray(), HEADER_LEN
    for index in range(count):
        last = index == count - 1
        stored = (length - index * size if last else size) + TAG_LEN
        try:
            plaintext += aead.decrypt(_nonce(prefix, index, last), _pread(fd, stored, offset), head)
        except InvalidTag:
            raise Refused(f"segment {index} was changed") from None
        offset += stored
    return plaintext


# --- Parts of the plaintext


def join(document, attachments):
    """The plaintext of a document and a list of attachments: (id, bytes)."""
    parts = [(DOCUMENT, "", document)] + [(ATTACHMENT, name, body) for name, body in attachments]
    plaintext = bytearray()
    for kind, name, body in parts:
        name = name.encode()
        plaintext += struct.pack(">BBHQ", kind, 0, len(name), len(body)) + name + body
    return plaintext


def split(plaintext):
    """The document, and the attachments by their ids."""
    document, attachments, offset, parts = None, {}, 0, 0
    while offset < len(plaintext):
        if offset + 12 > len(plaintext) or parts == 65536:
            raise Refused("the parts of the payload are malformed")
        kind, reserved, name_len, length = struct.unpack_from(">BBHQ", plaintext, offset)
        body = offset + 12 + name_len
        if reserved or body + length > len(plaintext):
            raise Refused("a part of the payload claims more than there is")
        try:
            name = plaintext[offset + 12 : body].decode()
        except UnicodeDecodeError:
            raise Refused("the id of a part is not UTF-8") from None
        content, offset, parts = bytes(plaintext[body : body + length]), body + length, parts + 1
        if kind == DOCUMENT:
            if document is not None or name or parts != 1:
                raise Refused("the document does not come first, or not once")
            document = content
        elif document is None:
            raise Refused("the document does not come first")
        elif kind == ATTACHMENT:
            if not name or name in attachments:
                raise Refused("the ids of the attachments are not unique")
            attachments[name] = content
    if document is None:
        raise Refused("there is no document")
    return document, attachments
