"""YAML as it is written: every scalar as its source text, every path with its line, every fault of the file at once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from registry_assets.errors import Problem

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 200_000

Path = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_NULL, _MERGE = f"{_TAG}null", f"{_TAG}merge"
_SCALARS = frozenset(f"{_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge"))
# YAML's own messages quote what they found, which may be a password that begins with `*` or `&`.
_QUOTED = re.compile(r"""(['"])(?!<)[^'"]{2,}\1""")


@dataclass(slots=True)
class Document:
    """What the file holds: mappings, lists, texts and nulls; `lines` (from 1) by path; `problems` found on the way."""

    content: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int | None:
        """The line of `path`, or of what it would be in."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)

    def problem(self, path: Path, message: str) -> Problem:
        return Problem(path_text(path), message, self.line(path))

    def add_problem(self, path: Path, message: str) -> None:
        self.problems.append(self.problem(path, message))


class _TooLarge(Exception):
    pass


def path_text(path: Iterable[str | int]) -> str:
    """`("providers", 0, "name")` → `providers[0].name`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{shown_key(part)}" for part in path).removeprefix(".")


def read_document(body: bytes) -> Document:
    """The document; of a file that is no YAML the problems only."""
    document = Document()
    if len(body) > MAX_BYTES:
        document.problems.append(Problem("", f"the file is larger than {MAX_BYTES // 1024**2} MiB"))
        return document
    try:
        node = _compose(body.decode("utf-8-sig"))
        document.content = _Reader(document).value(node, ()) if node is not None else None
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        document.problems.append(Problem("", "this is not UTF-8; save the file as UTF-8", line))
    except yaml.YAMLError as error:
        document.problems.append(_syntax_problem(error, body.decode("utf-8-sig")))
    except RecursionError:
        document.problems.append(Problem("", "it is nested too deeply"))
    except _TooLarge:
        document.problems.append(Problem("", f"it has more than {MAX_NODES:,} values once its aliases are expanded"))
    return document


def _compose(text: str) -> yaml.Node | None:
    loader = yaml.SafeLoader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Problem("", "it holds a control character, which YAML does not allow", line)
    mark = getattr(error, "problem_mark", None)
    return Problem("", _syntax_message(getattr(error, "problem", None) or ""), mark.line + 1 if mark else None)


def _syntax_message(complaint: str) -> str:
    if r"'\t'" in complaint:
        return "a tab cannot indent YAML; use spaces"
    if "undefined alias" in complaint:
        return "a value that begins with `*` refers to an anchor, and there is none of this name; quote the value"
    if "but found another document" in complaint or complaint.startswith("but found"):
        return "the file must hold one YAML document, without a second `---`"
    return f"this is not valid YAML: {_QUOTED.sub('…', complaint) or 'it cannot be read'}"


class _Reader:
    """Turns YAML's nodes into values."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._nodes = 0
        self._open: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _TooLarge
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            self._document.add_problem(path, "an alias refers to what it is in")
            return None
        self._open.add(id(node))
        try:
            return self._sequence(node, path) if isinstance(node, yaml.SequenceNode) else self._mapping(node, path)
        finally:
            self._open.discard(id(node))

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> str | None:
        if node.tag not in _SCALARS:
            self._document.add_problem(path, "YAML tags (`!…`) are not supported; quote a value that begins with `!`")
            return None
        if node.style is None and node.tag == _NULL:
            return None
        text = str(node.value)
        if not is_text(text):
            self._document.add_problem(path, "it holds characters that are not text")
            return None
        return text

    def _sequence(self, node: yaml.Node, path: Path) -> list[Any] | None:
        if node.tag != f"{_TAG}seq":
            self._document.add_problem(path, "YAML tags (`!…`) are not supported")
            return None
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any] | None:
        if node.tag != f"{_TAG}map":
            self._document.add_problem(path, "YAML tags (`!…`) are not supported")
            return None
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                self._merge(value_node, path, merged)
            elif not isinstance(key_node, yaml.ScalarNode):
                self._document.add_problem(path, f"an option's name must be text (line {key_node.start_mark.line + 1})")
            else:
                self._option(key_node, value_node, path, own)
        return merged | own

    def _option(self, key_node: yaml.ScalarNode, value_node: yaml.Node, path: Path, own: dict[str, Any]) -> None:
        key, line = self._scalar(key_node, path), key_node.start_mark.line + 1
        if key is None:
            self._document.problems.append(Problem(path_text(path), "an option has no name", line))
        elif key in own:
            first = self._document.lines[*path, key]
            where = path_text((*path, key))
            self._document.problems.append(Problem(where, f"is given twice, first on line {first}", line))
        else:
            self._document.lines[*path, key] = line
            own[key] = self.value(value_node, (*path, key))

    def _merge(self, node: yaml.Node, path: Path, merged: dict[str, Any]) -> None:
        """`<<: *defaults`: of several the earlier wins, and a mapping's own options win over all."""
        content = self.value(node, path)
        for mapping in content if isinstance(content, list) else [content]:
            if isinstance(mapping, dict):
                merged.update({key: value for key, value in mapping.items() if key not in merged})
            else:
                self._document.add_problem(path, "`<<` takes an alias of a mapping, or a list of them")


def is_text(text: str) -> bool:
    """Whether `text` can be written down: no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown_key(key: str) -> str:
    """An option's name for a message; what is no plausible name may be a secret that lost its place."""
    return key if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", key) else "…"
