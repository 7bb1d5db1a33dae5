"""Catalogs and lists of tags as no registry should answer them, and as some do."""

from dataclasses import replace
from typing import Any

from registry_assets_tests.hostile.stage import BAD, CATALOG, GOOD, OTHER, Case, Misbehave, Problem, Spot
from registry_assets_tests.servers.scripted import Answer, Asked, Reply, answer

HTML = answer("<html><head><title>502 Bad Gateway</title></head></html>", content_type="text/html")
ALL = [BAD, GOOD, OTHER]


def catalog(*replies: Reply) -> Misbehave:
    return lambda spot: spot.server.on(CATALOG, *replies)


def listing(*replies: Reply) -> Misbehave:
    return lambda spot: spot.server.on(spot.tags, *replies)


def error(status: int, code: str = "") -> Answer:
    return answer({"errors": [{"code": code, "message": "no"}]} if code else b"", status)


def tags(*names: Any) -> Answer:
    return answer({"name": "it", "tags": list(names)})


def problem(kind: str, status: int | None = None, stage: str = "tags") -> frozenset[Problem]:
    return frozenset({(stage, kind, status)})


def no_catalog(name: str, reply: Reply, kind: str, status: int | None) -> Case:
    """A catalog that cannot be read at all fails the run and changes nothing."""
    return Case(
        f"catalog {name}", catalog(reply), "failed", problem(kind, status, "repositories"), "before", others=False
    )


def no_tags(name: str, reply: Reply, kind: str, status: int | None = None) -> Case:
    return Case(f"tags {name}", listing(reply), "incomplete", problem(kind, status), "before")


def pages(key: str, first: list[str], link: str, second: Answer) -> Reply:
    """Two pages, the first of which names the second by `link`."""

    def reply(asked: Asked) -> Answer:
        if set(asked.query) & {"last", "page"}:
            return second
        return answer({key: first}, Link=link.format(path=asked.path, host=asked.headers["host"]))

    return reply


def paged(link: str, second: Answer | None = None) -> Misbehave:
    """1.0 on the first page, 2.0 on the second."""
    return listing(pages("tags", ["1.0"], link, second or tags("2.0")))


def broken_catalog(second: Answer) -> Misbehave:
    return catalog(pages("repositories", [GOOD, OTHER], '<{path}?last=x>; rel="next"', second))


def going_in_circles(spot: Spot) -> None:
    spot.server.on(spot.tags, answer({"tags": ["1.0", "2.0"]}, Link=f'<{spot.tags}?last=1.0>; rel="next"'))


def many(count: int) -> list[str]:
    return [f"t{number:05}" for number in range(count)]


def endless(spot: Spot) -> None:
    """Every page has a new name and a next page."""

    def reply(asked: Asked) -> Answer:
        number = int(asked.query.get("last", "0")) + 1
        return answer({"tags": [f"t{number}"]}, Link=f'<{asked.path}?last={number}>; rel="next"')

    spot.server.on(spot.tags, reply)


CATALOGS = [
    no_catalog("401", error(401, "UNAUTHORIZED"), "NotAllowed", 401),
    no_catalog("403", error(403, "DENIED"), "NotAllowed", 403),
    no_catalog("404", error(404), "NotSupported", 404),
    no_catalog("405", error(405, "UNSUPPORTED"), "NotSupported", 405),
    no_catalog("500", error(500), "DidNotAnswer", 500),
    no_catalog("of no bytes", answer(b""), "BrokenAnswer", 200),
    no_catalog("of HTML", HTML, "BrokenAnswer", 200),
    no_catalog("that is a list", answer(ALL), "BrokenAnswer", 200),
    no_catalog("of numbers", answer({"repositories": [1, 2]}), "BrokenAnswer", 200),
    no_catalog("nested beyond reason", answer(b"[" * 100_000), "BrokenAnswer", 200),
    Case(
        "catalog empty",
        catalog(answer({"repositories": []})),
        "green",
        problem("RemovalsHeld", None, "repositories"),
        "before",
        others=False,
    ),
    Case(
        "catalog null",
        catalog(answer({"repositories": None})),
        "green",
        problem("RemovalsHeld", None, "repositories"),
        "before",
        others=False,
    ),
    Case("catalog with duplicates", catalog(answer({"repositories": [*ALL, *ALL]}))),
    Case(
        "catalog with names that break the specification",
        catalog(answer({"repositories": [*ALL, "../../etc", "UPPER/case", "a b", "x\x1b[31m", "", "team/bad/"]})),
        "incomplete",
        problem("MalformedDocument", None, "repositories"),
    ),
    Case(
        "catalog that breaks off midway (zot, Harbor)",
        broken_catalog(error(400, "CURSOR")),
        "incomplete",
        problem("BrokenAnswer", 400, "repositories"),
        "before",
    ),
    Case(
        "catalog that fails on its second page",
        broken_catalog(error(500)),
        "incomplete",
        problem("DidNotAnswer", 500, "repositories"),
        "before",
    ),
]

TAG_LISTS = [
    no_tags("401", error(401, "UNAUTHORIZED"), "NotAllowed", 401),
    no_tags("403", error(403, "DENIED"), "NotAllowed", 403),
    no_tags("404 of a proxy", error(404), "BrokenAnswer", 404),
    no_tags("404 of HTML", replace(HTML, status=404), "BrokenAnswer", 404),
    no_tags("418", error(418), "BrokenAnswer", 418),
    no_tags("500", error(500), "DidNotAnswer", 500),
    no_tags("501", error(501), "NotSupported", 501),
    no_tags("of no bytes", answer(b""), "BrokenAnswer", 200),
    no_tags("of HTML", HTML, "BrokenAnswer", 200),
    no_tags("missing", answer({"name": BAD}), "BrokenAnswer", 200),
    no_tags("of numbers", tags(1, 2), "BrokenAnswer", 200),
    no_tags("as an object", answer({"tags": {"1.0": {}}}), "BrokenAnswer", 200),
    no_tags("of UTF-16", answer('{"tags": []}'.encode("utf-16")[1:]), "BrokenAnswer", 200),
    Case("tags duplicated", listing(tags("1.0", "2.0", "1.0", "2.0"))),
    Case("tags shaped like digests (Nexus)", listing(tags("1.0", "sha256:" + "0" * 64, "2.0"))),
    Case(
        "tags with illegal names",
        listing(tags("1.0", "2.0", "a/b", "../x", "", "-x", "x" * 129, "ü", "a b", "\x1b[2J")),
        "incomplete",
        problem("BrokenAnswer"),
    ),
]

LINKS = [
    "{path}?last=1.0",
    "http://{host}{path}?last=1.0",
    "?last=1.0",
    "{path}?page=b3BhcXVl%2B%2F%3D",
    "//{host}{path}?last=1.0",
]
PAGES = [
    *(
        Case(f"link {link} {form}", paged(form.replace("URL", link)))
        for link in LINKS
        for form in ('<URL>; rel="next"', "<URL>; rel=next", 'URL; rel="next"', '<x>; rel="prev", <URL>; rel="next"')
    ),
    *(
        Case(f"link of a path that is no use: {path}", paged(f'<{path}?last=1.0>; rel="next"'))
        for path in (
            "/repository/docker/v2/team/bad/tags/list",
            "/artifactory/api/docker/x/v2/team/bad/tags/list",
            "list",
        )
    ),
    Case(
        "link to another host",
        paged('<http://elsewhere.example{path}?last=1.0>; rel="next"'),
        "incomplete",
        problem("Untrusted"),
        "before",
    ),
    Case(
        "link that is no URL",
        paged('<http://[::1?last=1.0>; rel="next"'),
        "incomplete",
        problem("BrokenAnswer"),
        "before",
    ),
    Case(
        "link to itself",
        going_in_circles,
        "incomplete",
        problem("BrokenAnswer", 200),
    ),
    Case(
        "a page as long as asked for, and no link",
        listing(lambda asked: tags("2.0") if asked.query.get("last") else tags("1.0", *many(999))),
    ),
    Case(
        "a page as long as asked for, no link, and another way to ask is refused",
        listing(lambda asked: error(400) if asked.query.get("last") else tags("1.0", "2.0", *many(998))),
    ),
    Case(
        "page size capped silently at 100, no link",
        listing(lambda asked: tags("2.0") if asked.query.get("last") else tags("1.0", *many(99))),
    ),
    Case(
        "page size ignored",
        listing(tags("1.0", *many(10_000), "2.0")),
    ),
    Case(
        "page size refused",
        listing(lambda asked: error(400, "PAGINATION_NUMBER_INVALID") if "n" in asked.query else tags("1.0", "2.0")),
    ),
    Case(
        "cursor that was invalidated",
        paged('<{path}?last=1.0>; rel="next"', error(404, "NAME_UNKNOWN")),
        "incomplete",
        problem("BrokenAnswer", 404),
        "before",
    ),
]
