"""A random attacker: thousands of requests of one user who knows all names, to an archive and its twin.

`python -m tests.server.attacker [--requests N] [--seed N] [DESIGN...]` prints each request whose two answers
differ in more than the clock and random boundaries, and ends with 1 if there was one.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from random import Random
from urllib.parse import quote, urlencode

import httpx
from pydicom.data import get_testdata_file

from reference_server.routes import MANAGEMENT, RESOURCES
from tests.server.hospital import EVERY_DESIGN
from tests.server.reduced import MODALITIES, Stored, Worlds, worlds
from tests.server.running import STOW_TYPE, RunningArchive, bearer, payload
from tests.server.transcript import Learned, learned

PUBLIC_URL = "http://archive.test/dicom-web"
REPOSITORIES = ("north", "south", "default", "nowhere")
METHODS = ("GET",) * 14 + ("HEAD", "HEAD", "OPTIONS", "POST", "PUT", "DELETE")
ACCEPTS = (
    *("*/*",) * 4,
    "application/dicom+json",
    'multipart/related; type="application/dicom+xml"',
    'multipart/related; type="application/dicom"; transfer-syntax=*',
    "application/dicom; transfer-syntax=*",
    'multipart/related; type="application/octet-stream"',
    "image/png",
    "text/html",
)
STORES = 0.01  # of the requests; each adds what both archives hold from then on
KNOWN_TAGS = 50


@dataclass(frozen=True, slots=True)
class Attack:
    """One request; a tag is the number of an earlier answer's, which each archive has its own of."""

    method: str
    path: str
    headers: dict[str, str]
    tag: int | None = None
    content: bytes | None = None


@dataclass(slots=True)
class Attacker:
    """Draws requests from what is known: every UID and value that was ever stored."""

    random: Random
    stored: list[Stored]
    ct: bytes

    def attack(self) -> Attack:
        """Draw one request."""
        random = self.random
        if random.random() < STORES:
            content = payload([random.choice(self.stored).content(self.ct)])
            return Attack("POST", self._root() + "/studies", {"Content-Type": STOW_TYPE}, content=content)
        headers = {"Accept": random.choice(ACCEPTS)} if random.random() < 0.7 else {}
        if random.random() < 0.15:
            headers["Range"] = random.choice(("bytes=0-9", "bytes=100-", "bytes=-20", "bytes=9999999-"))
        tag = random.randrange(KNOWN_TAGS) if random.random() < 0.2 else None
        if tag is None and random.random() < 0.05:
            headers["If-None-Match"] = "*"
        path = self._management() if random.random() < 0.1 else self._dicomweb()
        return Attack(random.choice(METHODS), path, headers, tag)

    def _root(self) -> str:
        if self.random.random() < 0.6:
            return "/dicom-web"
        return f"/repositories/{self.random.choice(REPOSITORIES)}/dicom-web"

    def _names(self) -> dict[str, str]:
        """Return UIDs that belong together, or now and then ones that do not."""
        names = dict(zip(("study", "series", "instance"), self.random.choice(self.stored).uids, strict=True))
        if self.random.random() < 0.15:
            level = self.random.randrange(3)
            names[list(names)[level]] = self.random.choice(self.stored).uids[level]
        return names

    def _dicomweb(self) -> str:
        resource = self.random.choice(RESOURCES).path.replace("{attribute:path}", "7FE00010")
        names = self._names()
        url = self._root() + resource.format(frames=self.random.choice(("1", "2", "1,1")), **names)
        if resource == "/wado":
            keys = dict(zip(("studyUID", "seriesUID", "objectUID"), names.values(), strict=True))
            return f"{url}?{urlencode({'requestType': 'WADO', **keys})}"
        if resource.endswith(("/studies", "/series", "/instances")):
            return f"{url}?{urlencode(list(self._keys()))}"
        return url

    def _keys(self) -> Iterator[tuple[str, str]]:
        """Yield keys of a search whose values are those of something that is stored, or patterns of them."""
        random = self.random
        about = random.choice(self.stored)
        number = about.uids[0].rsplit(".", 1)[1]
        uids = ",".join(random.choice(self.stored).uids[0] for _ in range(random.randint(1, 4)))
        keys = {
            "PatientID": (about.patient, f"{about.patient[:3]}*", ""),
            "PatientName": (f"Name{number}^*", "*", "Nobody"),
            "StudyDate": (f"200{number}0102", f"-200{number}0102", f"200{number}0101-"),
            "AccessionNumber": (f"A{number}", "A?"),
            "ModalitiesInStudy": (*MODALITIES, "CT,MR", "S*", '""', ""),
            "Modality": MODALITIES,
            "StudyInstanceUID": (about.uids[0], uids),
            "SeriesInstanceUID": (about.uids[1],),
            "SOPInstanceUID": (about.uids[2],),
            "limit": ("0", "1", "2", "5"),
            "offset": ("0", "1", "2", "3", "7"),
            "includefield": ("all", "ModalitiesInStudy", "00201208", "PatientBirthDate"),
            "fuzzymatching": ("true",),
            "emptyvaluematching": ("true",),
            "multiplevaluematching": ("true",),
        }
        for name in random.sample(sorted(keys), random.choice((0, 1, 1, 2, 3))):
            yield name, random.choice(keys[name])

    def _management(self) -> str:
        names = self._names()
        path = self.random.choice([*(each.path for each in MANAGEMENT), *("/accounting/shares/{id}",) * 20])
        known = {
            "name": self.random.choice(("owner", "stranger", "north", "radiologist", "trust")),
            "id": str(self.random.randrange(60)),
            "kind": self.random.choice(("user", "role")),
            "holder": "owner",
            "repository": self.random.choice(REPOSITORIES),
            "study": names["study"],
        }
        query = {"repository": known["repository"]} | dict(list(names.items())[: self.random.randint(0, 3)])
        return f"{quote(path.format(**known))}?{urlencode(query)}"


@dataclass(slots=True)
class Tags:
    """Entity tags as one archive gave them: what was stored during the attack has its own in each archive."""

    given: list[str] = field(default_factory=list)
    began: float = field(default_factory=lambda: float(int(time.time())))

    def named(self, answer: Learned) -> Learned:
        """Return the answer with the number of its tag in place of that, and without times of the attack."""
        status, headers, body = answer
        named = []
        for key, value in headers:
            if key == "etag":
                if value not in self.given:
                    self.given.append(value)
                named.append((key, str(self.given.index(value))))
            elif key == "last-modified" and parsedate_to_datetime(value).timestamp() >= self.began:
                named.append((key, "since the attack began"))
            else:
                named.append((key, value))
        return status, named, body


def answer(archive: RunningArchive, tags: Tags, attack: Attack, token: str) -> Learned:
    """Return what one archive answers."""
    # A compressed body would be as long as its random boundary makes it.
    headers = {"Accept-Encoding": "identity"} | attack.headers | bearer(token)
    if attack.tag is not None and attack.tag < len(tags.given):
        headers["If-None-Match"] = tags.given[attack.tag]
    url = f"{archive.origin}{attack.path}"
    return tags.named(
        learned(archive.client.request(attack.method, url, headers=headers, content=attack.content))
    )


@contextmanager
def both(made: Worlds, design: str) -> Iterator[tuple[RunningArchive, RunningArchive]]:
    """Serve both archives."""
    with httpx.Client(timeout=60.0) as first, httpx.Client(timeout=60.0) as second:
        arguments = ("--public-url", PUBLIC_URL)
        whole = RunningArchive(made.whole, design, arguments, client=first).start()
        reduced = RunningArchive(made.reduced, design, arguments, client=second).start()
        yield whole, reduced
        whole.end()
        reduced.end()


@dataclass(slots=True)
class Result:
    """What an attack found: requests whose answers differ, and how many answers had each status."""

    differing: list[tuple[Attack, Learned, Learned]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


def attack(made: Worlds, design: str, ct: bytes, requests: int, seed: int) -> Result:
    """Send the same random requests to both archives and compare the answers."""
    attacker = Attacker(Random(seed), made.stored, ct)
    result = Result()
    with both(made, design) as archives:
        tags = (Tags(), Tags())
        for _ in range(requests):
            drawn = attacker.attack()
            whole, reduced = (
                answer(archive, known, drawn, made.hospital.stranger)
                for archive, known in zip(archives, tags, strict=True)
            )
            result.statuses[whole[0]] += 1
            if whole != reduced:
                result.differing.append((drawn, whole, reduced))
    return result


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Attack each design and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.server.attacker", description=__doc__)
    parser.add_argument(
        "designs", nargs="*", metavar="DESIGN", help=f"of {', '.join(EVERY_DESIGN)}; all if none"
    )
    parser.add_argument("--requests", type=int, default=10_000, metavar="N", help="requests to each design")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the archive and the requests")
    given = parser.parse_args(arguments)
    file = get_testdata_file("CT_small.dcm")
    assert isinstance(file, str)
    ct = Path(file).read_bytes()
    found = 0
    for design in given.designs or EVERY_DESIGN:
        with tempfile.TemporaryDirectory() as folder:
            made = worlds(Path(folder), ct, given.seed)
            result = attack(made, design, ct, given.requests, given.seed)
        statuses = ", ".join(f"{number} x {status}" for status, number in sorted(result.statuses.items()))
        tell(f"{design}: {len(result.differing)} of {given.requests} answers differ ({statuses})")
        for each, whole, reduced in result.differing[:10]:
            tell(f"  {each.method} {each.path} {each.headers}\n    {whole[:2]}\n    {reduced[:2]}")
        found += len(result.differing)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
