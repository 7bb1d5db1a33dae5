"""Media types of manifests and image configs.

https://github.com/opencontainers/image-spec/blob/main/media-types.md,
https://distribution.github.io/distribution/spec/manifest-v2-2/ and its predecessor schema 1.
"""

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"

DOCKER_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA_1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"

IN_TOTO = "application/vnd.in-toto+json"

INDEXES = frozenset({OCI_INDEX, DOCKER_MANIFEST_LIST})
SCHEMA_1 = frozenset({DOCKER_SCHEMA_1, DOCKER_SCHEMA_1_SIGNED})
IMAGE_MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST}) | SCHEMA_1
IMAGE_CONFIGS = frozenset({OCI_CONFIG, DOCKER_CONFIG})

# A narrower list is answered 404, or with a child of the index that was asked for.
_ACCEPTED = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, DOCKER_SCHEMA_1_SIGNED, DOCKER_SCHEMA_1)
ACCEPT = ", ".join(_ACCEPTED)


def without_parameters(media_type: str | None) -> str | None:
    """The bare media type of a Content-Type: `a/b; charset=utf-8` gives `a/b`."""
    return (media_type or "").partition(";")[0].strip().lower() or None
