"""Tokens that an identity provider signed: one that is right in every respect counts, any other is 401."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from tests.server.hospital import Hospital, open_hospital
from tests.server.running import RunningArchive, bearer

ISSUER = "https://identity.example"
AUDIENCE = "archive"
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity provider with one key."""

    key: RSAPrivateKey
    key_id: str = "first"

    def keys(self) -> str:
        """Return the JWK Set."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return json.dumps({"keys": [public | {"kid": self.key_id, "alg": "RS256", "use": "sig"}]})

    def token(self, **claims: Any) -> str:
        """Return a token of the user `owner`; claims replace the right ones, None leaves one out."""
        now = int(time.time())
        right = {"iss": ISSUER, "aud": AUDIENCE, "sub": "owner", "exp": now + DAY, "nbf": now - 1}
        wanted = {name: value for name, value in (right | claims).items() if value is not None}
        return jwt.encode(wanted, self.key, algorithm="RS256", headers={"kid": self.key_id})


@pytest.fixture(scope="module")
def identity() -> Identity:
    """The provider that the archive trusts."""
    return Identity(generate_private_key(65_537, 2048))


@pytest.fixture(scope="module")
def keys_url(identity: Identity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the provider publishes its keys: a URL on loopback."""
    folder = tmp_path_factory.mktemp("keys")
    (folder / "jwks.json").write_text(identity.keys(), encoding="utf-8")
    handler = partial(SilentHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/jwks.json"
        server.shutdown()
        thread.join()


class SilentHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing about it."""

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def opened(data: Path, keys: str, ct: bytes) -> Iterator[Hospital]:
    arguments = ["--oidc-issuer", ISSUER, "--oidc-audience", AUDIENCE, "--oidc-jwks", keys]
    archive = RunningArchive(data, "grants", [*arguments, "--oidc-roles-claim", "roles"]).start()
    yield open_hospital(archive, ct)
    archive.end()
    archive.client.close()


@pytest.fixture(scope="module")
def hospital(keys_url: str, ct: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """An archive that reads the keys from their URL."""
    yield from opened(tmp_path_factory.mktemp("archive") / "data", keys_url, ct)


def status(hospital: Hospital, token: str) -> int:
    answer = hospital.archive.get(hospital.instance, token=token)
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    return answer.status_code


def test_a_signed_token_is_its_user(hospital: Hospital, identity: Identity) -> None:
    assert status(hospital, identity.token()) == 200
    assert status(hospital, identity.token(sub="stranger")) == 404


def test_keys_can_be_in_a_file(identity: Identity, ct: bytes, tmp_path: Path) -> None:
    keys = tmp_path / "jwks.json"
    keys.write_text(identity.keys(), encoding="utf-8")
    for hospital in opened(tmp_path / "data", str(keys), ct):
        assert status(hospital, identity.token()) == 200
        assert status(hospital, identity.token(aud="another")) == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": None},
        {"nbf": 4_000_000_000},
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"sub": None},
        {"sub": "nobody-here"},
        {"sub": ""},
        {"roles": 7},
    ],
    ids=str,
)
def test_a_claim_that_is_not_right_is_401(
    hospital: Hospital, identity: Identity, claims: dict[str, Any]
) -> None:
    assert status(hospital, identity.token(**claims)) == 401


def test_a_token_just_expired_is_401(hospital: Hospital, identity: Identity) -> None:
    assert status(hospital, identity.token(exp=int(time.time()) - 1)) == 401


def test_another_key_of_the_same_name_is_401(hospital: Hospital) -> None:
    stranger = Identity(generate_private_key(65_537, 2048))
    assert status(hospital, stranger.token()) == 401


def test_an_unknown_key_is_401(hospital: Hospital, identity: Identity) -> None:
    assert status(hospital, Identity(identity.key, "second").token()) == 401


def segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_no_algorithm_and_no_shared_secret_count(hospital: Hospital, identity: Identity) -> None:
    """Neither `none`, nor a MAC with the public key as its secret, passes for a signature."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "owner", "exp": int(time.time()) + DAY}
    unsigned = f"{segment({'alg': 'none', 'kid': identity.key_id})}.{segment(claims)}."
    assert status(hospital, unsigned) == 401
    head = f"{segment({'alg': 'HS256', 'kid': identity.key_id})}.{segment(claims)}"
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = base64.urlsafe_b64encode(mac.sign(head.encode(), identity.keys().encode())).rstrip(b"=")
    assert status(hospital, f"{head}.{signature.decode()}") == 401


def test_a_changed_token_is_401(hospital: Hospital, identity: Identity) -> None:
    head, claims, signature = identity.token(sub="stranger").split(".")
    forged = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged["sub"] = "owner"
    assert status(hospital, f"{head}.{segment(forged)}.{signature}") == 401


def test_roles_of_a_token_count_beside_those_of_the_user(hospital: Hospital, identity: Identity) -> None:
    body = hospital.share("role", "radiologist", ["R"])
    share_id = hospital.archive.manage("/shares", body, hospital.owner).json()["id"]
    assert status(hospital, identity.token(sub="stranger")) == 404
    assert status(hospital, identity.token(sub="stranger", roles=["radiologist"])) == 200
    assert status(hospital, identity.token(sub="stranger", roles="porter radiologist")) == 200
    url = f"{hospital.archive.origin}/accounting/shares/{share_id}"
    hospital.archive.client.delete(url, headers=bearer(hospital.owner)).raise_for_status()
    assert status(hospital, identity.token(sub="stranger", roles=["radiologist"])) == 404


def test_a_signed_token_stores_and_shares(hospital: Hospital, identity: Identity, mr: bytes) -> None:
    assert hospital.archive.store(mr, token=identity.token()).status_code == 200
    shared = hospital.archive.manage("/shares", hospital.share("user", "viewer", ["R"]), identity.token())
    assert shared.status_code == 201


def test_without_keys_nobody_gets_in(identity: Identity, ct: bytes, tmp_path: Path) -> None:
    """A provider that cannot be asked is no reason to believe, nor to call the token wrong."""
    for hospital in opened(tmp_path / "data", str(tmp_path / "missing.json"), ct):
        assert status(hospital, identity.token()) == 503
        assert status(hospital, hospital.owner) == 200
