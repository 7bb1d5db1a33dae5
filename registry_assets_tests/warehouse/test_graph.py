"""Entities and relationships: what the tables say, in the words of Devgraph."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
import yaml

from registry_assets_tests.warehouse.graphs import INDEX, Tables, empty_tables, index_of_two

DOCUMENTED = """
apiVersion: entities.devgraph.ai/v1
kind: DockerRegistry
metadata:
  name: docker-hub
  namespace: default
  labels:
    devgraph.ai/registry-type: docker-hub
spec:
  name: Docker Hub
  registry_type: docker-hub
  url: https://registry-1.docker.io
  public: true
---
apiVersion: entities.devgraph.ai/v1
kind: DockerRepository
metadata:
  name: nginx
  namespace: default
  labels:
    devgraph.ai/repository-name: nginx
spec:
  name: nginx
  full_name: library/nginx
  namespace: library
  description: Official NGINX image
  official: true
  star_count: 15000
  pull_count: 1000000000
  registry_url: https://registry-1.docker.io
---
apiVersion: entities.devgraph.ai/v1
kind: DockerImage
metadata:
  name: nginx-latest
  namespace: default
  labels:
    devgraph.ai/image-tag: latest
spec:
  repository: nginx
  tag: latest
  digest: sha256:abc123...
  size: 142000000
  architecture: amd64
  os: linux
  created: "2024-01-15T10:00:00Z"
  layers: 7
  registry_url: https://registry-1.docker.io
---
apiVersion: entities.devgraph.ai/v1
kind: DockerManifest
metadata:
  name: nginx-manifest-abc123
  namespace: default
spec:
  repository: nginx
  digest: sha256:abc123...
  media_type: application/vnd.docker.distribution.manifest.v2+json
  schema_version: 2
  architecture: amd64
  os: linux
  size: 142000000
"""
ENTITIES = {document["kind"]: document for document in yaml.safe_load_all(DOCUMENTED)}


@pytest.fixture
def tables() -> Iterator[Tables]:
    with empty_tables() as tables:
        yield tables


@pytest.fixture
def docker_hub(tables: Tables) -> Tables:
    """The documentation's own examples as a crawl of Docker Hub would leave them in the tables."""
    hub = "docker-hub"
    tables.provider(hub, hub, name="Docker Hub", url="https://registry-1.docker.io", public=True)
    facts = {"description": "Official NGINX image", "official": True, "star_count": 15_000, "pull_count": 10**9}
    tables.repository("library/nginx", hub, **facts)
    tables.tag("library/nginx", "latest", "sha256:abc123...", hub)
    platform = {"architecture": "amd64", "os": "linux", "size": 142_000_000, "layer_count": 7}
    built = datetime(2024, 1, 15, 11, tzinfo=timezone(timedelta(hours=1)))
    tables.manifest("library/nginx", "sha256:abc123...", hub, **platform, created_at=built)
    tables.derive(hub)
    return tables


@pytest.mark.parametrize("kind", ENTITIES)
def test_entities_are_those_of_the_documentation_field_by_field(docker_hub: Tables, kind: str) -> None:
    """Types and the order of the fields included."""
    assert json.dumps(docker_hub.entities(kind)) == json.dumps([ENTITIES[kind]])


def test_relationships_are_those_of_the_documentation(docker_hub: Tables) -> None:
    sql = "SELECT concat_ws(' ', source_kind, relation, target_kind), source_name, target_name, spec FROM relationships"
    assert sorted(docker_hub.rows(sql)) == [
        ("DockerImage BELONGS_TO DockerRepository", "nginx-latest", "nginx", "{}"),
        ("DockerImage USES DockerManifest", "nginx-latest", "nginx-manifest-abc123", "{}"),
        ("DockerManifest BELONGS_TO DockerRepository", "nginx-manifest-abc123", "nginx", "{}"),
        ("DockerRepository BELONGS_TO DockerRegistry", "nginx", "docker-hub", "{}"),
    ]
    sql = "SELECT DISTINCT source_namespace, target_namespace, provider FROM relationships"
    assert docker_hub.rows(sql) == [("default", "default", "docker-hub")]
    docker_hub.check()


def test_what_is_not_known_is_left_out(tables: Tables) -> None:
    tables.provider()
    tables.repository("web")
    tables.tag("web", "v1", "sha256:1")
    tables.manifest("web", "sha256:1", kind="unreadable", media_type=None, schema_version=None)
    tables.derive()
    url = "https://registry.example.com"
    assert tables.spec("DockerRegistry", "acme") == {"name": "Acme", "registry_type": "private", "url": url}
    assert tables.spec("DockerRepository", "web") == {"name": "web", "full_name": "web", "registry_url": url}
    image = {"repository": "web", "tag": "v1", "digest": "sha256:1", "registry_url": url}
    assert tables.spec("DockerImage", "web-v1") == image
    assert tables.spec("DockerManifest", "web-manifest-1") == {"repository": "web", "digest": "sha256:1"}


@pytest.mark.parametrize(
    ("registry_type", "repository", "shown", "name", "namespace"),
    [
        ("docker-hub", "library/nginx", "nginx", "nginx", "library"),
        ("docker-hub", "myorg/app", "myorg/app", "app", "myorg"),
        ("docker-hub", "library/library/x", "library/x", "library/x", "library"),
        ("private", "library/nginx", "library/nginx", "nginx", "library"),
        ("gcr", "my-project/team/api", "my-project/team/api", "team/api", "my-project"),
        ("private", "web", "web", "web", None),
    ],
)
def test_a_repository_is_called_as_people_call_it(
    tables: Tables, registry_type: str, repository: str, shown: str, name: str, namespace: str | None
) -> None:
    tables.provider(registry_type=registry_type)
    tables.repository(repository)
    tables.tag(repository, "v1", "sha256:1")
    tables.manifest(repository, "sha256:1")
    tables.derive()
    (entity,) = tables.entities("DockerRepository")
    spec = entity["spec"]
    assert (spec["name"], spec["full_name"], spec.get("namespace")) == (name, repository, namespace)
    assert entity["metadata"]["labels"] == {"devgraph.ai/repository-name": name}
    for kind in ("DockerImage", "DockerManifest"):
        assert tables.entities(kind)[0]["spec"]["repository"] == shown


def test_text_from_a_registry_stays_text(tables: Tables) -> None:
    """Quotes, line breaks and control characters are escaped, `null` is a word."""
    tables.provider()
    hostile = 'a "quote", a \\, a\nline, {"b": null}, \x1b[31m and \u2028'
    tables.repository("app", description=hostile, source_repository="null")
    tables.derive()
    spec = tables.spec("DockerRepository", "app")
    assert (spec["description"], spec["source_repository"]) == (hostile, "null")


def test_an_index_contains_its_manifests_and_is_shown_as_its_amd64_image(tables: Tables) -> None:
    index_of_two(tables)
    tables.derive()
    image = tables.spec("DockerImage", "app-v1")
    assert image == {
        "repository": "app",
        "tag": "v1",
        "digest": "sha256:aa",
        "size": 101,
        "architecture": "amd64",
        "os": "linux",
        "created": "2024-02-03T04:05:06Z",
        "layers": 4,
        "registry_url": "https://registry.example.com",
    }
    manifest = tables.spec("DockerManifest", "app-manifest-aa")
    shared = ("repository", "digest", "size", "architecture", "os")
    assert {key: image[key] for key in shared}.items() < manifest.items()
    assert manifest["media_type"] == INDEX
    sql = "SELECT source_name, target_name, spec FROM relationships WHERE relation = 'CONTAINS' ORDER BY target_name"
    assert tables.rows(sql) == [
        ("app-manifest-aa", "app-manifest-b1", '{"position":0,"platform":"linux/arm64"}'),
        ("app-manifest-aa", "app-manifest-b2", '{"position":1,"platform":"linux/amd64"}'),
        ("app-manifest-aa", "app-manifest-b3", '{"position":2}'),
    ]
    tables.check()


def test_graph_and_images_tell_the_same(tables: Tables) -> None:
    index_of_two(tables)
    tables.tag("app", "unread", "sha256:cc", listed_size=55, listed_platforms=["windows/arm64"])
    tables.derive()
    for name, *facts in tables.rows("SELECT entity_name, size, architecture, os, layers FROM images"):
        spec = tables.spec("DockerImage", name)
        assert [spec.get(field) for field in ("size", "architecture", "os", "layers")] == facts


def test_an_index_in_an_index_contains_what_is_below_it(tables: Tables) -> None:
    tables.provider()
    tables.repository("app")
    tables.tag("app", "v1", "sha256:a")
    tables.manifest("app", "sha256:a", kind="index")
    tables.child("app", "sha256:a", 0, "sha256:b", kind="index")
    tables.manifest("app", "sha256:b", kind="index")
    tables.child("app", "sha256:b", 0, "sha256:c", kind="image")
    tables.manifest("app", "sha256:c", os="linux", architecture="s390x", size=7)
    tables.derive()
    for name in ("app-manifest-a", "app-manifest-b", "app-manifest-c"):
        assert tables.spec("DockerManifest", name)["architecture"] == "s390x"
    assert {edge for edge in tables.edges() if edge[1] == "CONTAINS"} == {
        ("app-manifest-a", "CONTAINS", "app-manifest-b"),
        ("app-manifest-b", "CONTAINS", "app-manifest-c"),
    }


def test_a_child_that_is_listed_twice_or_has_not_been_read_makes_no_bad_edge(tables: Tables) -> None:
    tables.provider()
    tables.repository("app")
    tables.tag("app", "v1", "sha256:a")
    tables.manifest("app", "sha256:a", kind="index")
    for position, child in enumerate(("sha256:lost", "sha256:b", "sha256:b", "sha256:a")):
        tables.child("app", "sha256:a", position, child, kind="image")
    tables.manifest("app", "sha256:b")
    tables.derive()
    sql = "SELECT target_name, spec FROM relationships WHERE relation = 'CONTAINS' ORDER BY target_name"
    assert tables.rows(sql) == [("app-manifest-a", '{"position":3}'), ("app-manifest-b", '{"position":1}')]
    tables.check()


def test_an_image_whose_manifest_has_not_been_read_shows_what_its_listing_told(tables: Tables) -> None:
    tables.provider()
    tables.repository("app")
    tables.tag("app", "one", "sha256:1", listed_size=50, listed_platforms=["linux/arm64/v8"])
    tables.tag("app", "many", "sha256:2", listed_size=60, listed_platforms=["linux/amd64", "linux/arm64"])
    tables.derive()
    one, many = (tables.spec("DockerImage", f"app-{tag}") for tag in ("one", "many"))
    assert (one["size"], one["os"], one["architecture"]) == (50, "linux", "arm64")
    assert (many["size"], "os" in many, "architecture" in many) == (60, False, False)
    assert {relation for _, relation, _ in tables.edges()} == {"BELONGS_TO"}
    tables.check()


def test_a_manifest_that_no_current_tag_reaches_is_not_in_the_graph(tables: Tables) -> None:
    tables.provider()
    tables.repository("app")
    tables.tag("app", "v1", "sha256:2")
    tables.manifest("app", "sha256:1", unreferenced_since=datetime(2024, 1, 1, tzinfo=UTC))
    tables.manifest("app", "sha256:2")
    tables.derive()
    assert list(tables.names("DockerManifest")) == ["app sha256:2"]
