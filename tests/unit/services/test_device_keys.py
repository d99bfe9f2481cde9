from __future__ import annotations

import hashlib
import math

import msgspec
import pytest

from services.device_keys import LATEST_MS, DeviceKey, Scope, fresh_secret, is_id, made, parsed
from services.errors import BadRequest, Conflict

NOW = 1_760_000_000_000


def key(**given: int) -> tuple[DeviceKey, str]:
    return made(Scope(("greenhouse-*",)), NOW, name="greenhouses", note="glass", **given)


def digest(text: str) -> str:
    spoken = parsed(text)
    assert spoken is not None
    return spoken.digest


def test_a_key_is_prefixed_random_and_kept_as_a_digest_only() -> None:
    one, text = key()
    prefix, key_id, secret = text.split("_")
    assert (prefix, key_id, len(secret)) == ("wsk", one.id, 32)
    assert one.secrets[0].digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in msgspec.json.encode(one).decode()
    assert text not in {key()[1] for _ in range(100)}


def test_the_text_of_a_key_names_its_id() -> None:
    one, text = key()
    spoken = parsed(text)
    assert spoken is not None
    assert spoken.id == one.id
    assert is_id(one.id)


@pytest.mark.parametrize("text", ["", "wsk_", "wsk_a_b", "token", "wsk_" + "a" * 12 + "_" + "b" * 31 + "é"])
def test_what_is_no_key_is_told(text: str) -> None:
    assert parsed(text) is None


@pytest.mark.parametrize("change", [lambda text: text + "x", lambda text: text[:-1], lambda text: " " + text])
def test_a_key_is_read_as_a_whole(change: object) -> None:
    assert callable(change)
    assert parsed(change(key()[1])) is None


@pytest.mark.parametrize("expires", [NOW, -(10**30), LATEST_MS + 1, 10**30])
def test_a_key_ends_at_a_time_to_come_that_can_be_told(expires: int) -> None:
    with pytest.raises(BadRequest, match="expires"):
        key(expires=expires)
    assert key(expires=LATEST_MS)[0].expires == LATEST_MS


def test_a_key_is_good_until_it_expires() -> None:
    one, text = key(expires=NOW + 10)
    assert one.good_until(digest(text), NOW) == NOW + 10
    assert one.good_until(digest(text), NOW + 10) == 0
    assert key()[0].good_until(digest(text), NOW) == 0
    forever, text = key()
    assert forever.good_until(digest(text), NOW + 10**12) == math.inf


def test_a_key_that_has_expired_already_is_not_made() -> None:
    with pytest.raises(BadRequest, match="expires"):
        key(expires=NOW)


def test_after_a_rotation_both_secrets_are_good_until_the_overlap_ends() -> None:
    one, old = key()
    new_digest, new = fresh_secret(one.id)
    two = one.rotated(new_digest, NOW, 1_000)
    assert (two.good_until(digest(old), NOW), two.good_until(digest(new), NOW)) == (NOW + 1_000, math.inf)
    assert (two.good_until(digest(old), NOW + 1_000), two.good_until(digest(new), NOW + 1_000)) == (0, math.inf)


def test_without_an_overlap_the_previous_secret_is_good_until_it_is_revoked() -> None:
    one, old = key()
    two = one.rotated(fresh_secret(one.id)[0], NOW, None)
    assert two.good_until(digest(old), NOW + 10**12) == math.inf
    assert two.newest_only(NOW).good_until(digest(old), NOW) == 0


def test_there_are_two_secrets_at_most() -> None:
    two = key()[0].rotated(fresh_secret("x")[0], NOW, 1_000)
    with pytest.raises(Conflict, match="two secrets"):
        two.rotated(fresh_secret("x")[0], NOW + 999, None)
    three = two.rotated(fresh_secret("x")[0], NOW + 1_000, None)
    assert len(three.live(NOW + 1_000)) == len(three.secrets) == 2


def test_what_cannot_be_rotated_or_revoked_is_told() -> None:
    with pytest.raises(Conflict, match="expired"):
        key(expires=NOW + 1)[0].rotated(fresh_secret("x")[0], NOW + 1, None)
    with pytest.raises(Conflict, match="one secret"):
        key()[0].newest_only(NOW)


def test_what_is_shown_of_a_key_holds_no_digest() -> None:
    one, _ = key()
    shown = one.shown(NOW)
    assert one.secrets[0].digest not in str(shown)
    assert (shown["name"], shown["devices"], shown["expires"]) == ("greenhouses", ("greenhouse-*",), None)


@pytest.mark.parametrize(
    "scope",
    [
        {"devices": []},
        {"devices": ["a b"]},
        {"devices": ["*"] * 51},
        {"metrics": ["über*"]},
        {"readings_per_s": 0},
        {"devices_max": 0},
    ],
)
def test_a_scope_that_cannot_be_is_refused(scope: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(scope, Scope)


@pytest.mark.parametrize(
    ("name", "note"), [("", ""), (" ", ""), ("a\nb", ""), ("\x1b[31m", ""), ("\udcff", ""), ("a", "\0")]
)
def test_a_key_is_called_what_can_be_shown(name: str, note: str) -> None:
    with pytest.raises(BadRequest):
        made(Scope(), 0, name=name, note=note)
