"""`WWW-Authenticate`: what a registry asks for, https://www.rfc-editor.org/rfc/rfc9110#name-www-authenticate."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PART = re.compile(
    rf"[\s,]*(?P<name>{_NAME})"
    r'(?:\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]+))|(?=[\s,]|$))'
)
# Reading on after a quote that never closes takes time that grows with the square of the length.
LONGEST = 4096
MOST_HEADERS = 16
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate: a scheme and its parameters, names in lower case."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def realm(self) -> str:
        """Where a token is to be had (of a Bearer challenge)."""
        return self.parameters.get("realm", "")

    @property
    def service(self) -> str:
        """Whom the token is for."""
        return self.parameters.get("service", "")

    @property
    def scope(self) -> str:
        """What the token must allow; several parted by spaces."""
        return self.parameters.get("scope", "")


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Every challenge of an answer, in its order: several in one header, or one in each of several.

    What is no challenge is passed over; of a parameter given twice the first counts.
    """
    challenges: list[Challenge] = []
    for header in (text[:LONGEST] for text in islice(headers, MOST_HEADERS)):
        position = 0
        while position < len(header):
            part = _PART.match(header, position)
            if part is None:
                comma = header.find(",", position + 1)
                position = comma if comma > 0 else len(header)
                continue
            position = part.end()
            _take(part, challenges)
    return challenges


def _take(part: re.Match[str], challenges: list[Challenge]) -> None:
    name, quoted, plain = part["name"].lower(), part["quoted"], part["plain"]
    if quoted is None and plain is None:
        challenges.append(Challenge(name))
    elif challenges:
        value = plain if quoted is None else _ESCAPE.sub(r"\1", quoted)
        challenges[-1].parameters.setdefault(name, value)


def choose(challenges: Iterable[Challenge]) -> list[Challenge]:
    """The challenges that can be answered, the better first: Bearer with a realm, then Basic."""
    usable = [
        challenge
        for challenge in challenges
        if challenge.scheme == "basic" or (challenge.scheme == "bearer" and challenge.realm)
    ]
    return sorted(usable, key=lambda challenge: challenge.scheme == "basic")
