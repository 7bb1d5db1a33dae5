"""Manifests and configs as no registry should have them, and as some do."""

import json
from typing import Any

from registry_assets_tests.flavours.corpus import (
    DOCKER_MANIFEST,
    IN_TOTO,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    SIMPLE_SIGNING,
    Manifest,
    descriptor,
    sha256,
)
from registry_assets_tests.hostile.listings import HTML, error, problem
from registry_assets_tests.hostile.stage import CORPUS, Case, Misbehave, Spot, hold, image
from registry_assets_tests.servers.scripted import Answer, Reply, answer

SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
BOTH = frozenset({"1.0", "2.0"})
NOBODY = sha256(b"nobody has this")
EMPTY = descriptor(OCI_CONFIG, *CORPUS.store({}))


def manifest(reply: Reply) -> Misbehave:
    return lambda spot: spot.server.on(spot.manifest, reply)


def head(reply: Reply) -> Misbehave:
    return lambda spot: spot.server.on(f"HEAD {spot.tag}", reply)


def tag(reply: Reply) -> Misbehave:
    return lambda spot: spot.server.on(spot.tag, reply)


def config(reply: Reply) -> Misbehave:
    return lambda spot: spot.server.on(spot.config, reply)


def no_manifest(name: str, reply: Reply, kind: str, status: int | None, known_as: str = "") -> Case:
    """The tag is told to have moved; its manifest is not read, for good (`unreadable`) or for now."""
    return Case(f"manifest {name}", manifest(reply), "incomplete", problem(kind, status, "manifests"), kind=known_as)


def no_tag(name: str, reply: Reply, kind: str, status: int | None) -> Case:
    """A tag that cannot be resolved keeps what it had."""
    return Case(f"tag {name}", tag(reply), "incomplete", problem(kind, status), "before")


def no_config(name: str, reply: Reply, kind: str, status: int | None, known_as: str = "image") -> Case:
    return Case(f"config {name}", config(reply), "incomplete", problem(kind, status, "manifests"), kind=known_as)


def document(name: str, body: Any, known_as: str, media_type: str = OCI_MANIFEST, *found: str) -> Case:
    """2.0 is this document; `found` are the errors of reading it."""
    return Case(
        name,
        lambda spot: spot.tell(body, media_type),
        "incomplete" if found else "green",
        frozenset().union(*(problem(kind, None, "manifests") for kind in found)),
        BOTH,
        kind=known_as,
    )


def image_of(sizes: list[Any], **more: Any) -> dict[str, Any]:
    """An image manifest whose layers have these sizes, and a config that is there."""
    layers = [{"mediaType": OCI_LAYER, "digest": sha256(str(size).encode()), "size": size} for size in sizes]
    return {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": EMPTY, "layers": layers, **more}


def with_config(body: Any, layers: list[Any] | None = None) -> Misbehave:
    """2.0 is an image with this config."""

    def misbehave(spot: Spot) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        CORPUS.blobs[sha256(raw)] = raw
        spot.tell(image_of(layers or [10], config=descriptor(OCI_CONFIG, sha256(raw), len(raw))))

    return misbehave


def config_is(name: str, body: Any, *found: str, layers: list[Any] | None = None) -> Case:
    problems = frozenset().union(*(problem(kind, None, "manifests") for kind in found))
    return Case(
        f"config {name}", with_config(body, layers), "incomplete" if found else "green", problems, BOTH, kind="image"
    )


def created(moment: str) -> dict[str, Any]:
    return {"architecture": "amd64", "os": "linux", "created": moment, "rootfs": {"type": "layers", "diff_ids": []}}


def indexed(*children: Manifest, gone: bool = False) -> Misbehave:
    """2.0 is an index of these, and they are there unless they are gone."""

    def misbehave(spot: Spot) -> None:
        entries = [descriptor(child.media_type, child.digest, len(child.body)) for child in children]
        body = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": entries,
            "annotations": {"of": spot.repository},
        }
        spot.tell(body, OCI_INDEX)
        for child in () if gone else children:
            hold(spot.server, spot.repository, child)

    return misbehave


def nested(depth: int) -> Misbehave:
    def misbehave(spot: Spot) -> None:
        inner = image(spot.repository, "new")
        for _ in range(depth):
            hold(spot.server, spot.repository, inner)
            body = {
                "schemaVersion": 2,
                "mediaType": OCI_INDEX,
                "manifests": [descriptor(inner.media_type, inner.digest, 1)],
            }
            inner = Manifest(OCI_INDEX, json.dumps(body).encode(), "index")
        spot.tell(inner.body, OCI_INDEX)

    return misbehave


def cyclic(spot: Spot) -> None:
    """An index that lists itself is not possible without breaking its digest: the content behind it is another."""
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor(OCI_INDEX, NOBODY, 1)]}
    spot.tell(body, OCI_INDEX)
    spot.server.on(f"/v2/{spot.repository}/manifests/{NOBODY}", answer(body, content_type=OCI_INDEX))


def changing(spot: Spot) -> None:
    """The manifest of HEAD is gone when GET comes: garbage was collected between them."""
    spot.server.on(spot.manifest, error(404, "MANIFEST_UNKNOWN"))


def digest_header(value: str | None) -> Misbehave:
    def misbehave(spot: Spot) -> None:
        new = image(spot.repository, "new")
        headers = () if value is None else (("Docker-Content-Digest", value),)
        spot.server.on(spot.tag, Answer(200, new.body, (("Content-Type", new.media_type), *headers)))

    return misbehave


MANIFESTS = [
    no_manifest("401", error(401), "NotAllowed", 401),
    no_manifest("403", error(403, "DENIED"), "NotAllowed", 403),
    no_manifest("404", error(404, "MANIFEST_UNKNOWN"), "NothingThere", 404, "unreadable"),
    no_manifest("500", error(500), "DidNotAnswer", 500),
    no_manifest("empty", answer(b""), "DigestMismatch", 200, "unreadable"),
    no_manifest("HTML", HTML, "DigestMismatch", 200, "unreadable"),
    Case(
        "manifest gone between HEAD and GET",
        changing,
        "incomplete",
        problem("NothingThere", 404, "manifests"),
        kind="unreadable",
    ),
    no_tag("401", error(401), "NotAllowed", 401),
    no_tag("403", error(403), "NotAllowed", 403),
    no_tag("404", error(404, "MANIFEST_UNKNOWN"), "NothingThere", 404),
    no_tag("500", error(500), "DidNotAnswer", 500),
    Case("HEAD refused", head(error(405))),
    Case("HEAD refused as a bad request", head(error(400))),
    Case("HEAD unknown", head(error(501))),
    Case("HEAD without a digest", digest_header(None)),
    Case("HEAD with a digest that is none", digest_header("latest")),
    Case("HEAD with an unknown algorithm", digest_header("md5:" + "0" * 32)),
    Case(
        "HEAD with the digest of something that is not there",
        digest_header(sha256(b"not there")),
        "incomplete",
        problem("NothingThere", 404, "manifests"),
        BOTH,
        kind="unreadable",
    ),
    document("manifest of no bytes", b"", "unreadable", OCI_MANIFEST, "MalformedDocument"),
    document("manifest of JSON null", b"null", "unreadable", OCI_MANIFEST, "MalformedDocument"),
    document("manifest nested beyond reason", b"[" * 50_000, "unreadable", OCI_MANIFEST, "MalformedDocument"),
    document("manifest with a negative size", image_of([-1, 5]), "unreadable", OCI_MANIFEST, "MalformedDocument"),
    document(
        "manifest with a huge size", image_of([2**63, 10**30, 5]), "unreadable", OCI_MANIFEST, "MalformedDocument"
    ),
    document(
        "manifest with sizes as text",
        image_of(["12", "x", None, 1.5, True]),
        "unreadable",
        OCI_MANIFEST,
        "MalformedDocument",
    ),
    document(
        "manifest with annotations of any type", image_of([1], annotations={"a": 1, "b": None, "c": ["x"]}), "image"
    ),
    document(
        "artifact",
        image_of(
            [1],
            artifactType="application/vnd.example",
            config={**EMPTY, "mediaType": "application/vnd.oci.empty.v1+json"},
        ),
        "artifact",
    ),
    document(
        "attestation",
        {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": EMPTY, "layers": [descriptor(IN_TOTO, NOBODY, 1)]},
        "attestation",
    ),
    document(
        "signature",
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": EMPTY,
            "layers": [descriptor(SIMPLE_SIGNING, NOBODY, 1)],
        },
        "signature",
    ),
    document(
        "schema 1",
        {
            "schemaVersion": 1,
            "name": "x",
            "tag": "y",
            "architecture": "amd64",
            "fsLayers": [{"blobSum": NOBODY}],
            "history": [{"v1Compatibility": '{"id":"a","created":"2020-01-01T00:00:00Z"}'}],
        },
        "image",
        SCHEMA_1,
    ),
    document("schema 1 without history", {"schemaVersion": 1, "fsLayers": [{"blobSum": NOBODY}]}, "image", SCHEMA_1),
]

CONFIGS = [
    no_config("401", error(401), "NotAllowed", 401, ""),
    no_config("403", error(403), "NotAllowed", 403, ""),
    no_config("404", error(404, "BLOB_UNKNOWN"), "NothingThere", 404),
    no_config("500", error(500), "DidNotAnswer", 500, ""),
    no_config("HTML", HTML, "DigestMismatch", 200),
    no_config("larger than any", Answer(200, b"x" * 65536, repeat=160), "TooLarge", 200),
    config_is("that is no JSON", b"\x00\x01 no config", "MalformedDocument"),
    config_is("that is a list", b"[]", "MalformedDocument"),
    config_is("that is no image config", {"name": "chart", "version": "1"}),
    config_is("of year 0", created("0000-01-01T00:00:00Z")),
    config_is("of year 1", created("0001-01-01T00:00:00Z")),
    config_is("of year 9999", created("9999-12-31T23:59:59.999999999Z")),
    config_is("of year 9999 far west", created("9999-12-31T23:59:59-14:00")),
    config_is("of no time", created("yesterday")),
    config_is("with fewer layers than the manifest", created("2026-01-01T00:00:00Z"), layers=[1, 2, 3]),
    config_is("with labels of any type", {"config": {"Labels": {"a": 1, "b": None, "c": {"d": 1}}}}),
    config_is("with labels that are a list", {"config": {"Labels": ["a=b"]}}),
    config_is("with a megabyte in a label", {"config": {"Labels": {"a": "x" * 1_000_000, "k" * 100_000: "v"}}}),
    config_is("with a lone surrogate", b'{"config": {"Labels": {"a": "\\ud800"}}, "os": "\\udfff"}'),
    config_is("with zero bytes", b'{"config": {"Labels": {"a\\u0000": "b\\u0000c"}}, "os": "li\\u0000nux"}'),
]

INDEXES = [
    Case(
        "index of two",
        lambda spot: indexed(image(spot.repository, "a"), image(spot.repository, "b"))(spot),
        bad=BOTH,
        kind="index",
    ),
    Case(
        "index that lists a child twice",
        lambda spot: indexed(*[image(spot.repository, "a")] * 2)(spot),
        bad=BOTH,
        kind="index",
    ),
    Case(
        "index whose children are gone",
        lambda spot: indexed(image(spot.repository, "a"), gone=True)(spot),
        "incomplete",
        problem("NothingThere", 404, "manifests"),
        BOTH,
        kind="index",
    ),
    Case("index of nothing", indexed(), bad=BOTH, kind="index"),
    Case("index nested three deep", nested(3), bad=BOTH, kind="index"),
    Case("index nested too deep", nested(12), "incomplete", problem("TooLarge", None, "manifests"), BOTH, kind="index"),
    Case("index in a cycle", cyclic, "incomplete", problem("DigestMismatch", 200, "manifests"), BOTH, kind="index"),
    document(
        "index without media types",
        {"schemaVersion": 2, "manifests": [{"digest": "x"}, None, 3]},
        "unreadable",
        OCI_INDEX,
        "MalformedDocument",
    ),
    document("a Docker manifest served as an index", image_of([1], mediaType=DOCKER_MANIFEST), "image", OCI_INDEX),
]
