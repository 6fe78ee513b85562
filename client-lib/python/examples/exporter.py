"""Sends a CXF document: exporter.py DOCUMENT [DIRECTORY].

In the directory are attachments, in files that are named after the ids of their `file` credentials.
"""

from __future__ import annotations

import sys
from pathlib import Path

import credex


def main(document: bytes, attachments: dict[str, bytes]) -> int:
    for problem in credex.check(document).quarantined:
        print("nobody will import this:", problem)
    with credex.Exporter.connect("org.example.PythonExporter") as exporter:
        print("waiting for your answer", flush=True)
        receipt = exporter.export(document, attachments)
    for name, tally in receipt.types.items():
        print(f"{name}: {tally.succeeded} taken, {tally.failed} failed, {tally.ignored} ignored")
    for difference in receipt.discrepancies:
        print("not as announced:", difference)
    return 0


def read(file: str, directory: str | None = None) -> tuple[bytes, dict[str, bytes]]:
    beside = sorted(Path(directory).iterdir()) if directory else []
    return Path(file).read_bytes(), {it.name: it.read_bytes() for it in beside}


if __name__ == "__main__":
    try:
        sys.exit(main(*read(*sys.argv[1:])))
    except credex.CredexError as why:
        sys.exit(f"nothing came of it: {why}")
