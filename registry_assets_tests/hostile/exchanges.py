"""Answers that break off, drip, lie about their length, or never end."""

import gzip
from dataclasses import replace

from registry_assets_tests.flavours.corpus import OCI_MANIFEST
from registry_assets_tests.hostile.documents import config, head, manifest
from registry_assets_tests.hostile.listings import listing, problem, tags
from registry_assets_tests.hostile.stage import Case, Spot, image
from registry_assets_tests.servers.scripted import Answer, Reply

WELL = tags("1.0", "2.0")
BOMB = gzip.compress(gzip.compress(b"\0" * 100_000_000))
FLAT_BOMB = gzip.compress(b" " * 60_000_000)


def no_list(name: str, reply: Reply, kind: str = "DidNotAnswer", status: int | None = None) -> Case:
    return Case(f"list {name}", listing(reply), "incomplete", problem(kind, status), "before")


def wrong_length(spot: Spot) -> None:
    new = image(spot.repository, "new")
    headers = (("Content-Type", OCI_MANIFEST), ("Docker-Content-Digest", new.digest), ("Content-Length", "1"))
    spot.server.on(f"HEAD {spot.tag}", Answer(200, b"", headers))


def then(*replies: Reply) -> Case:
    """The second attempt goes well."""
    return Case("list once cut short", lambda spot: spot.server.on(spot.tags, *replies, WELL))


EXCHANGES = [
    no_list("reset before the status line", replace(WELL, cut=-1)),
    no_list("reset after the headers", replace(WELL, cut=0)),
    no_list("cut short", replace(WELL, cut=7)),
    no_list(
        "cut short without a length",
        replace(WELL, cut=7, headers=(("Connection", "close"), ("Content-Length", "99999"))),
    ),
    no_list("slower than the timeout", replace(WELL, delay=3)),
    no_list("dripping", replace(WELL, drip=0.5)),
    no_list("shorter than its length", replace(WELL, cut=len(WELL.body), headers=(("Content-Length", "500"),))),
    no_list("longer than its length", replace(WELL, headers=(("Content-Length", "5"),)), "BrokenAnswer"),
    no_list("without end", Answer(200, b" " * 1_000_000, repeat=40), "TooLarge", 200),
    no_list("that is a gzip bomb", Answer(200, FLAT_BOMB, (("Content-Encoding", "gzip"),)), "TooLarge", 200),
    no_list("zipped twice", Answer(200, BOMB, (("Content-Encoding", "gzip, gzip"),)), "BrokenAnswer", 200),
    no_list("that claims to be gzip", replace(WELL, headers=(("Content-Encoding", "gzip"),)), "BrokenAnswer"),
    no_list("with a header of 200 kB", replace(WELL, headers=(("X", "y" * 200_000),)), "BrokenAnswer"),
    no_list("in broken chunks", replace(WELL, headers=(("Transfer-Encoding", "chunked"),)), "BrokenAnswer"),
    no_list("with a length that is no number", replace(WELL, headers=(("Content-Length", "many"),)), "BrokenAnswer"),
    then(replace(WELL, cut=3)),
    Case("HEAD with a wrong length", wrong_length),
    Case(
        "manifest cut short",
        manifest(Answer(200, b"{" * 100, cut=10)),
        "incomplete",
        problem("DidNotAnswer", None, "manifests"),
    ),
    Case(
        "manifest without end",
        manifest(Answer(200, b" " * 1_000_000, repeat=8)),
        "incomplete",
        problem("TooLarge", 200, "manifests"),
        kind="unreadable",
    ),
    Case(
        "config cut short",
        config(Answer(200, b"{" * 100, cut=10)),
        "incomplete",
        problem("DidNotAnswer", None, "manifests"),
    ),
    Case("HEAD reset", head(Answer(cut=-1)), "incomplete", problem("DidNotAnswer"), "before"),
]
