"""Writes the sample registry: one OCI image layout per repository, the same bytes on every machine.

    python -m examples.make_sample_registry [DIRECTORY]

Without a directory it renews `examples/sample-registry/`. What each repository shows stands above its function.
"""

import hashlib
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from examples.image_layouts import (
    AMD64,
    ARM64,
    Image,
    JsonObject,
    Layout,
    Step,
    add_docker_image,
    add_image,
    add_index,
    as_json,
    gzipped,
    tar_of,
)
from registry_assets.oci import media_types
from registry_assets.oci.digest import sha256_digest

SAMPLE = Path(__file__).parent / "sample-registry"
UNKNOWN = {"architecture": "unknown", "os": "unknown"}
SOURCE = "org.opencontainers.image.source"
REVISION = "org.opencontainers.image.revision"
VERSION = "org.opencontainers.image.version"
BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"
DEBIAN_SOURCE = "https://github.com/debuerreotype/docker-debian-artifacts"
API_SOURCE = "https://github.com/acme/api"
WORKER_SOURCE = "https://github.com/acme/worker"
SPDX = "application/spdx+json"
API_TAGS = ("1.4.0", "1.4", "1", "stable", "latest")


def program(name: str, version: str, kilobytes: int) -> str:
    """Text that stands for a binary of some size."""
    line = f"{name} {version} {hashlib.sha256((name + version).encode()).hexdigest()}\n"
    return (line * kilobytes * 1024)[: kilobytes * 1024]


def commit(name: str, version: str) -> str:
    """A commit's 40 hex digits."""
    return hashlib.sha256(f"{name} {version}".encode()).hexdigest()[:40]


def debian_image(version: str, codename: str, created: str, platform: Mapping[str, str]) -> Image:
    """One release of the base image for one platform."""
    files = {
        "etc/debian_version": f"{version}\n",
        "etc/os-release": f'PRETTY_NAME="Debian GNU/Linux ({codename})"\nVERSION_CODENAME={codename}\nID=debian\n',
        "bin/sh": program(f"sh for {platform['architecture']}", version, 1),
    }
    command = f"# debian.sh --arch '{platform['architecture']}' out/ '{codename}'"
    steps = [Step(created, command, tar_of(created, files)), Step(created, 'CMD ["bash"]')]
    return Image(steps, platform, {SOURCE: DEBIAN_SOURCE, VERSION: version})


BULLSEYE = debian_image("11.0", "bullseye", "2021-08-17T01:23:50.641358412Z", AMD64)
BOOKWORM = debian_image("12.5", "bookworm", "2024-02-13T00:37:39.317485046Z", AMD64)
BOOKWORM_ARM64 = debian_image("12.5", "bookworm", "2024-02-13T00:39:57.102231716Z", ARM64)


def library_debian() -> Layout:
    """A base image: four tags on one index of two platforms, and an old release that images still stand on."""
    layout = Layout()
    bookworm = add_index(layout, [add_image(layout, BOOKWORM), add_image(layout, BOOKWORM_ARM64)])
    layout.tag(add_image(layout, BULLSEYE), "11", "bullseye")
    layout.tag(bookworm, "12", "12.5", "bookworm", "latest")
    return layout


def api_image(version: str, created: str, base: Image, base_tag: str) -> Image:
    """The API on its base, with everything about its origin in labels and annotations."""
    base_digest = add_image(Layout(), base)["digest"]
    origin = {SOURCE: API_SOURCE, REVISION: commit("api", version), VERSION: version}
    binary = program(f"api for {base.platform['architecture']}", version, 3)
    settings = tar_of("2022-03-04T09:12:30Z", {"etc/api/api.toml": "port = 8080\n"})
    added = [
        Step(created, "COPY config/ /etc/api/ # buildkit", settings),
        Step(created, "COPY api /usr/local/bin/api # buildkit", tar_of(created, {"usr/local/bin/api": binary})),
        Step(created, "USER 10001"),
        Step(created, 'ENTRYPOINT ["/usr/local/bin/api"]'),
    ]
    base_names = {BASE_NAME: f"docker.io/library/debian:{base_tag}", BASE_DIGEST: base_digest}
    return Image([*base.steps, *added], base.platform, origin, {**origin, **base_names})


def add_provenance(layout: Layout, subject: JsonObject, version: str, base: JsonObject) -> JsonObject:
    """What BuildKit adds to an index for each platform's image: a manifest whose layer says how it was built."""
    predicate_type = "https://slsa.dev/provenance/v0.2"
    statement = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": predicate_type,
        "subject": [{"name": f"pkg:docker/acme/api@{version}", "digest": sha256_of(subject)}],
        "predicate": {
            "builder": {"id": f"{API_SOURCE}/actions/runs/1041"},
            "buildType": "https://mobyproject.org/buildkit@v1",
            "invocation": {"configSource": {"uri": f"{API_SOURCE}.git", "digest": {"sha1": commit("api", version)}}},
            "materials": [{"uri": "pkg:docker/debian@12.5", "digest": sha256_of(base)}],
        },
    }
    content = as_json(statement)
    config = {**UNKNOWN, "config": {}, "rootfs": {"type": "layers", "diff_ids": [sha256_digest(content)]}}
    annotations = {"in-toto.io/predicate-type": predicate_type}
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_MANIFEST,
        "config": layout.add(as_json(config), media_types.OCI_CONFIG),
        "layers": [layout.add(content, media_types.IN_TOTO, annotations=annotations)],
    }
    refers = {"vnd.docker.reference.digest": subject["digest"], "vnd.docker.reference.type": "attestation-manifest"}
    return layout.add(as_json(manifest), media_types.OCI_MANIFEST, annotations=refers, platform=UNKNOWN)


def sha256_of(descriptor: JsonObject) -> dict[str, str]:
    """A digest as in-toto writes it."""
    return {"sha256": descriptor["digest"].removeprefix("sha256:")}


def add_sbom(layout: Layout, subject: JsonObject, version: str) -> JsonObject:
    """An artifact that refers to an image: its bill of materials."""
    packages = [{"name": "api", "SPDXID": "SPDXRef-api", "versionInfo": version, "downloadLocation": "NOASSERTION"}]
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"api {version}",
        "documentNamespace": f"{API_SOURCE}/sbom/{version}",
        "creationInfo": {"created": "2024-06-11T14:05:02Z", "creators": ["Organization: Acme"]},
        "packages": packages,
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_MANIFEST,
        "artifactType": SPDX,
        "config": layout.add(b"{}", media_types.OCI_EMPTY),
        "layers": [layout.add(as_json(document), SPDX)],
        "subject": {key: subject[key] for key in ("mediaType", "digest", "size")},
        "annotations": {"org.opencontainers.image.created": "2024-06-11T14:05:02Z"},
    }
    return layout.add(as_json(manifest), media_types.OCI_MANIFEST, artifactType=SPDX)


def acme_api() -> Layout:
    """Three versions, the newest with five tags, two platforms and provenance; its bill of materials.

    `sha256-…` is the tag by which clients find referrers where a registry lacks the referrers API.
    """
    layout = Layout()
    layout.tag(add_image(layout, api_image("1.0.0", "2022-03-04T09:14:11Z", BULLSEYE, "11")), "1.0.0")
    layout.tag(add_image(layout, api_image("1.3.2", "2024-03-20T16:40:08Z", BOOKWORM, "12.5")), "1.3.2")
    amd64 = add_image(layout, api_image("1.4.0", "2024-06-11T14:02:37Z", BOOKWORM, "12.5"))
    arm64 = add_image(layout, api_image("1.4.0", "2024-06-11T14:03:55Z", BOOKWORM_ARM64, "12.5"))
    provenance = add_provenance(layout, amd64, "1.4.0", add_image(Layout(), BOOKWORM))
    origin = {SOURCE: API_SOURCE, REVISION: commit("api", "1.4.0"), VERSION: "1.4.0"}
    layout.tag(add_index(layout, [amd64, arm64, provenance], annotations=origin), *API_TAGS)
    sbom = add_sbom(layout, amd64, "1.4.0")
    layout.tag(sbom, "1.4.0-sbom")
    layout.tag(add_index(layout, [sbom]), amd64["digest"].replace(":", "-"))
    return layout


def worker_image(version: str, created: str, base: Image, labels: Mapping[str, str]) -> Image:
    """The worker; only its layers tell what it stands on."""
    binary = tar_of(created, {"usr/local/bin/worker": program("worker", version, 2)})
    added = [Step(created, "COPY worker /usr/local/bin/worker", binary), Step(created, 'CMD ["worker"]')]
    return Image([*base.steps, *added], base.platform, labels)


def acme_worker() -> Layout:
    """A release on a base of 2021, a release candidate on the current one, and no label that names either base."""
    layout = Layout()
    labels = {SOURCE: WORKER_SOURCE, REVISION: commit("worker", "2.0.0")}
    layout.tag(add_image(layout, worker_image("2.0.0", "2023-01-30T11:20:00Z", BULLSEYE, labels)), "2.0.0", "latest")
    labels = {SOURCE: WORKER_SOURCE, REVISION: commit("worker", "2.1.0-rc.1")}
    layout.tag(add_image(layout, worker_image("2.1.0-rc.1", "2024-07-02T08:00:45Z", BOOKWORM, labels)), "2.1.0-rc.1")
    return layout


def acme_billing() -> Layout:
    """An image of 2017 in Docker's own format, with the labels of its time.

    One tag only: tools that look for OCI's media types find this manifest in a layout as its sole entry.
    """
    layout = Layout()
    created, binary = "2017-05-09T13:37:05.188241952Z", program("billing", "3.2", 4)
    base = tar_of("2016-12-27T18:17:25Z", {"etc/alpine-release": "3.4.6\n"})
    steps = [
        Step("2016-12-27T18:17:46.498319331Z", "/bin/sh -c #(nop) ADD file:89ec in /", base),
        Step(created, "/bin/sh -c #(nop) COPY file:71cb in /billing", tar_of(created, {"billing": binary})),
        Step(created, '/bin/sh -c #(nop) CMD ["/billing"]'),
    ]
    labels = {
        "org.label-schema.build-date": created,
        "org.label-schema.vcs-ref": commit("billing", "3.2")[:7],
        "org.label-schema.vcs-url": "git@github.com:acme/billing.git",
    }
    layout.tag(add_docker_image(layout, Image(steps, AMD64, labels)), "3.2")
    return layout


def acme_charts_api() -> Layout:
    """A Helm chart: an artifact that is no image, in a repository whose name has three parts."""
    layout = Layout()
    chart = {
        "apiVersion": "v2",
        "name": "api",
        "version": "0.9.1",
        "appVersion": "1.4.0",
        "description": "The Acme API",
    }
    text = "".join(f"{key}: {value}\n" for key, value in chart.items())
    content = gzipped(tar_of("2024-06-12T10:00:00Z", {"api/Chart.yaml": text, "api/values.yaml": "replicas: 2\n"}))
    manifest = {
        "schemaVersion": 2,
        "config": layout.add(as_json(chart), "application/vnd.cncf.helm.config.v1+json"),
        "layers": [layout.add(content, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")],
        "annotations": {"org.opencontainers.image.title": "api", VERSION: "0.9.1", SOURCE: API_SOURCE},
    }
    layout.tag(layout.add(as_json(manifest), media_types.OCI_MANIFEST), "0.9.1")
    return layout


REPOSITORIES = {
    "library/debian": library_debian,
    "acme/api": acme_api,
    "acme/worker": acme_worker,
    "acme/billing": acme_billing,
    "acme/charts/api": acme_charts_api,
}


def write_sample_registry(directory: Path) -> None:
    """Writes every repository below `directory`, which must not hold them yet."""
    for name, layout in REPOSITORIES.items():
        layout().write(directory / name)


def main(arguments: Sequence[str]) -> None:
    """Renews the committed sample, or writes it into a directory that is new or empty."""
    directory = Path(arguments[0]) if arguments else SAMPLE
    if arguments and directory.exists() and any(directory.iterdir()):
        sys.exit(f"{directory} is not empty; name a new directory")
    if not arguments:
        shutil.rmtree(SAMPLE, ignore_errors=True)
    write_sample_registry(directory)


if __name__ == "__main__":
    main(sys.argv[1:])
