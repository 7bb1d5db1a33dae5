"""Regular expressions that run in linear time, whatever they and the text are, and the literal names they spell out."""

import re
from functools import lru_cache
from typing import Any

import re2

_ALTERNATIVE = r"(?:[A-Za-z0-9_/-]|\\[._/-])+"
_ALTERNATION = rf"{_ALTERNATIVE}(?:\|{_ALTERNATIVE})*"
_PLAIN = re.compile(rf"\^?(?:\((?:\?:)?({_ALTERNATION})\)|({_ALTERNATION}))?\$?")

_UNBOUNDED = "cannot be matched in linear time and are not supported"
_REASONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(complaint), reason)
    for complaint, reason in (
        (r"invalid escape sequence: \\[1-9]|invalid perl operator: \(\?P$", f"backreferences {_UNBOUNDED}"),
        (r"invalid escape sequence: \\[zZ]", r"`\Z` is not known; a pattern matches in full anyway"),
        (r"invalid escape sequence", "this escape is not known"),
        (r"invalid perl operator: \(\?(=|!|<)", f"lookaheads and lookbehinds {_UNBOUNDED}; use exclude_tags"),
        (r"invalid perl operator: \(\?>", f"atomic groups {_UNBOUNDED}"),
        (r"invalid perl operator", "this kind of group is not known"),
        (r"invalid repetition size", "more than 1000 repetitions are not supported"),
        (r"bad repetition operator", "two repetition operators in a row are not supported"),
        (r"no argument for repetition operator", "there is nothing to repeat; for `anything` write `.*`"),
        (r"missing \)", "a closing parenthesis is missing"),
        (r"unexpected \)", "a closing parenthesis has no opening one"),
        (r"missing \]", "a closing bracket is missing"),
        (r"trailing \\", "it ends with a backslash"),
        (r"invalid character class", "this character class is not known"),
        (r"invalid named capture", "this group name is not valid"),
        (r"pattern too large", "it is too large"),
    )
)


class Pattern:
    """A compiled pattern that matches a text in full or not at all."""

    __slots__ = ("_compiled", "source")

    def __init__(self, source: str, *, ignore_case: bool = False) -> None:
        self.source = source
        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = not ignore_case
        try:
            self._compiled: Any = re2.compile(source, options)
        except re2.error as error:
            raise ValueError(_refusal(source, error)) from None
        except UnicodeEncodeError:
            raise ValueError("it holds characters that are not text") from None

    def matches(self, text: str) -> bool:
        """Whether all of `text` matches; a text that is no valid Unicode matches nothing."""
        try:
            return self._compiled.fullmatch(text) is not None
        except UnicodeEncodeError:
            return False


@lru_cache(maxsize=4096)
def compile_pattern(source: str, *, ignore_case: bool = False) -> Pattern:
    """The pattern compiled; `ValueError` with the reason and the position (from 1) where it cannot be used."""
    return Pattern(source, ignore_case=ignore_case)


def _refusal(source: str, error: re2.error) -> str:
    complaint = error.args[0] if error.args else b""
    text = complaint.decode("utf-8", "replace") if isinstance(complaint, bytes) else str(complaint)
    reason = next(
        (reason for known, reason in _REASONS if known.match(text)), text.split(":", 1)[0] or "not understood"
    )
    fragment = text.partition(": ")[2].replace("(?P", "(?P=")
    position = source.find(fragment) + 1 if fragment else 0
    return f"at character {position}: {reason}" if position else reason


def literal_names(source: str) -> tuple[str, ...]:
    r"""The names that a plain alternation of literals spells out (`^(api|my\.app)$`), lower case; else none.

    An unescaped `.` stands for any character, so a pattern with one is no literal.
    """
    plain = _PLAIN.fullmatch(source)
    if plain is None:
        return ()
    alternatives = plain.group(1) or plain.group(2) or ""
    return tuple(dict.fromkeys(name.replace("\\", "").lower() for name in alternatives.split("|")))
