"""Takes whatever is sent to it, until it is ended: importer.py [DIRECTORY].

With a directory it writes there what comes, where a password manager would put it into its vault.
"""

from __future__ import annotations

import re
import sys
from itertools import count
from pathlib import Path

import credex


def take(offer: credex.Offer, file: Path | None) -> None:
    print(f"{offer.exporter.name} ({offer.exporter.app_id}) offers {dict(offer.counts)}")
    # A password manager asks for its master password here, which may take a while.
    offer.extend(600)
    with offer.redeem() as arrived:
        for problem in arrived.report.quarantined:
            print("left out:", problem)
        for problem in arrived.attachment_problems:
            print("check this:", problem)
        if file:
            store(arrived, file)
        # Say what became of it once it is stored.
        arrived.complete_all()


def store(arrived: credex.Import, file: Path) -> None:
    beside = file.with_name(f"{file.name}.attachments")
    for name, body in arrived.attachments.items():
        # What somebody else sends as an id is no file name until it was looked at.
        if re.fullmatch("[A-Za-z0-9_-]+", name):
            beside.mkdir(exist_ok=True)
            (beside / name).write_bytes(body.view())
    file.write_bytes(arrived.document.view())


def main(directory: Path | None) -> None:
    name = "Example Importer in Python"
    with credex.Importer.connect("org.example.PythonImporter", name=name) as importer:
        print("ready", flush=True)
        for number in count(1):
            offer = importer.next_offer()
            try:
                take(offer, directory and directory / f"{number}.cxf")
            except credex.CredexError as why:
                print("nothing came of it:", why, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
