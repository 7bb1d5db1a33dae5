import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.oci.digest import is_digest, matches, sha256_digest


@pytest.mark.parametrize(
    "text",
    [
        "sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b",
        "sha512:" + "0" * 128,
        "sha384:" + "f" * 96,
        "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
        "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564",
    ],
)
def test_the_digests_of_the_specification_are_digests(text: str) -> None:
    """The list of https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests."""
    assert is_digest(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        ":" + "a" * 64,
        "sha256:" + "a" * 63,
        "sha256:" + "a" * 65,
        "sha256:" + "A" * 64,
        "sha256:" + "g" * 64,
        "sha256:" + "a" * 64 + "\n",
        "SHA256:" + "a" * 64,
        "sha256:" + "٣" * 64,
        "sha256:../../etc/passwd",
        "md5:a/b",
        "x:" + "a" * 300,
        "sha256:" + "a" * 64 + ":" + "b" * 64,
    ],
)
def test_anything_else_is_no_digest(text: str) -> None:
    assert not is_digest(text)


@given(st.binary())
def test_content_matches_its_digest_in_every_algorithm_and_no_other_content_does(content: bytes) -> None:
    assert is_digest(sha256_digest(content))
    assert matches(sha256_digest(content), content)
    assert matches(f"sha512:{hashlib.sha512(content).hexdigest()}", content)
    assert not matches(sha256_digest(content), content + b"x")


@pytest.mark.parametrize("text", ["md5:d41d8cd98f00b204e9800998ecf8427e", "", "sha256", "shake_128:00", "nonsense:x"])
def test_what_cannot_be_computed_does_not_match(text: str) -> None:
    assert not matches(text, b"")


@given(st.text())
def test_any_text_is_a_digest_or_not(text: str) -> None:
    assert is_digest(text) in {True, False}
    assert not matches(text, b"something")
