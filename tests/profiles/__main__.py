"""A profile of each operation: `python -m tests.profiles [OPERATION...]`, about ten seconds each.

An archive with grants serves one operation after the other to two clients while py-spy looks at it 250 times
a second. docs/profiles/ then has a flame graph of each, and shares.csv says which part of the archive the
samples were in. py-spy needs the right to look into another process: root, or kernel.yama.ptrace_scope=0.
"""

import argparse
import csv
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

from tests.profiles.operations import OPERATIONS, Operation, Session
from tests.profiles.parts import PARTS, part_of

FOLDER = Path("docs/profiles")
SECONDS = 4
RATE = 250
CLIENTS = 2


def record(session: Session, operation: Operation, style: str, path: Path) -> None:
    """Have py-spy look at the archive while clients repeat an operation."""
    stop = threading.Event()
    clients = [threading.Thread(target=session.repeat, args=(operation, at, stop)) for at in range(CLIENTS)]
    for client in clients:
        client.start()
    spy = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or "py-spy"
    command = [spy, "record", "--nonblocking", "--format", style, "--output", str(path)]
    command += ["--duration", str(SECONDS), "--rate", str(RATE), "--pid", str(session.archive.pid)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    finally:
        stop.set()
        for client in clients:
            client.join()


def still(picture: str, title: str) -> str:
    """Return a flame graph as a picture alone: without its script, what needs it, and the command line."""
    picture = re.sub(r"<script.*?</script>", "", picture, flags=re.DOTALL)
    picture = re.sub(r' onload="[^"]*"', "", picture)
    picture = re.sub(r'<text id="(unzoom|search|matched)".*?</text>', "", picture, flags=re.DOTALL)
    return re.sub(r'(<text id="title"[^>]*>).*?(</text>)', rf"\g<1>{title}\g<2>", picture, flags=re.DOTALL)


def shares_of(stacks: str) -> dict[str, float]:
    """Return which share of the samples each part of the archive has, of those in which it worked."""
    counted: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, number = line.rpartition(" ")
        part = part_of(stack.split(";"))
        if part is not None:
            counted[part] += int(number)
    total = sum(counted.values())
    return {part: counted[part] / total for part in PARTS}


def main(arguments: list[str]) -> None:
    """Profile the operations that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.profiles", allow_abbrev=False)
    parser.add_argument("operations", nargs="*", metavar="OPERATION", help=", ".join(OPERATIONS))
    named = parser.parse_args(arguments).operations or list(OPERATIONS)
    if unknown := set(named) - set(OPERATIONS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(OPERATIONS)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    table = FOLDER / "shares.csv"
    rows = {}
    if table.exists():
        with table.open(encoding="utf-8", newline="") as file:
            rows = {row["operation"]: row for row in csv.DictReader(file)}
    with tempfile.TemporaryDirectory() as folder, Session.begun(Path(folder)) as session:
        for name in named:
            raw = Path(folder) / "stacks.txt"
            picture = FOLDER / f"{name}.svg"
            record(session, OPERATIONS[name], "flamegraph", picture)
            picture.write_text(still(picture.read_text(encoding="utf-8"), name), encoding="utf-8")
            record(session, OPERATIONS[name], "raw", raw)
            shares = shares_of(raw.read_text(encoding="utf-8"))
            rows[name] = {"operation": name} | {part: f"{share:.3f}" for part, share in shares.items()}
            print(name, *(f"{part} {share:.0%}" for part, share in shares.items()), flush=True)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["operation", *PARTS], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[name] for name in OPERATIONS if name in rows)


if __name__ == "__main__":
    main(sys.argv[1:])
