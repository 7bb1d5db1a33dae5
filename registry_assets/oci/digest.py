"""Digests: `algorithm:encoded`, https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests."""

import hashlib
import re

_GRAMMAR = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_HEX = re.compile(r"[0-9a-f]+")
_HEX_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_LONGEST = 255


def is_digest(text: str) -> bool:
    """True for a well-formed digest; of the registered algorithms only in full length and lower case."""
    if len(text) > _LONGEST or not _GRAMMAR.fullmatch(text):
        return False
    algorithm, encoded = text.split(":")
    digits = _HEX_DIGITS.get(algorithm)
    return digits is None or (len(encoded) == digits and _HEX.fullmatch(encoded) is not None)


def is_verifiable(text: str) -> bool:
    """True for a digest of an algorithm that can be computed here."""
    return is_digest(text) and text.partition(":")[0] in _HEX_DIGITS


def sha256_digest(body: bytes) -> str:
    """The sha256 digest of the bytes."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def matches(digest: str, body: bytes) -> bool:
    """True where the bytes have that digest; False also for an algorithm that cannot be computed here."""
    algorithm, _, encoded = digest.partition(":")
    return algorithm in _HEX_DIGITS and hashlib.new(algorithm, body).hexdigest() == encoded
