import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.errors import MalformedDocument
from registry_assets.oci.reference import Reference, is_referrer_tag, is_repository_name, is_tag

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    "name",
    ["web", "library/nginx", "my-project/team/api", "a.b", "a__b", "a---b", "0", "a_b/c.d", "a/" * 127 + "a"],
)
def test_names_that_the_specification_allows(name: str) -> None:
    assert is_repository_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        "A",
        "-a",
        "a-",
        "a..b",
        "a___b",
        "a._b",
        "a:b",
        "a b",
        "ä",
        "a\n",
        "../a",
        "a" * 256,
    ],
)
def test_names_that_the_specification_forbids(name: str) -> None:
    assert not is_repository_name(name)


@pytest.mark.parametrize("tag", ["latest", "1.2.3", "_", "V1", "a" * 128, "1-rc.1", "__a--.b"])
def test_tags_that_the_specification_allows(tag: str) -> None:
    assert is_tag(tag)


@pytest.mark.parametrize("tag", ["", ".a", "-a", "a" * 129, "a/b", "a:b", "a b", "a\n", "é", "a+b"])
def test_tags_that_the_specification_forbids(tag: str) -> None:
    assert not is_tag(tag)


@pytest.mark.parametrize(
    "tag",
    [
        "sha256-" + "a" * 64,
        "sha256-" + "0" * 64 + ".sig",
        "sha256-" + "0" * 64 + ".att",
        "sha256-" + "0" * 64 + ".sbom",
        "sha512-" + "b" * 64,
        "sha512-" + "b" * 128 + ".sig",
    ],
)
def test_tags_that_hold_the_referrers_of_a_digest(tag: str) -> None:
    assert is_referrer_tag(tag)


@pytest.mark.parametrize(
    "tag", ["latest", "sha256-abc", "sha-1a2b3c4", "sha256-" + "a" * 63, "sha256-" + "A" * 64, "x-sha256-" + "a" * 64]
)
def test_tags_of_images_that_look_a_little_like_referrers(tag: str) -> None:
    assert not is_referrer_tag(tag)


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("debian", "docker.io/library/debian"),
        ("debian:12", "docker.io/library/debian:12"),
        ("acme/api:1", "docker.io/acme/api:1"),
        ("index.docker.io/library/debian", "docker.io/library/debian"),
        ("docker.io/debian", "docker.io/library/debian"),
        ("localhost/api", "localhost/api"),
        ("localhost:5000/api:1", "localhost:5000/api:1"),
        ("ghcr.io/acme/api:1@" + DIGEST, "ghcr.io/acme/api:1@" + DIGEST),
        ("registry.example.org:443/a/b/c@" + DIGEST, "registry.example.org:443/a/b/c@" + DIGEST),
        ("[::1]:5000/api", "[::1]:5000/api"),
        ("REGISTRY/api", "REGISTRY/api"),
    ],
)
def test_references_are_read_as_docker_reads_them(text: str, full: str) -> None:
    assert str(Reference.parse(text)) == full


@pytest.mark.parametrize(
    "text",
    ["", ":", "@", "a:", "a@", "a@sha256:12", "a:b:c", "https://a.example/b", "a.example/", "a b", "A", "a/B:1", "é/b"],
)
def test_what_is_no_reference_is_reported_with_the_text(text: str) -> None:
    with pytest.raises(MalformedDocument, match="is no reference"):
        Reference.parse(text)


@given(st.text() | st.text("abcdeABC019.:/@-_[]"))
def test_any_text_is_a_reference_that_reads_back_the_same_or_is_reported(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except MalformedDocument:
        return
    assert Reference.parse(str(reference)) == reference


@given(
    st.from_regex(r"\A[a-z0-9]{1,9}(/[a-z0-9]{1,9}){1,3}\Z"),
    st.none() | st.from_regex(r"\A[a-z0-9_][a-zA-Z0-9._-]{0,20}\Z"),
    st.none() | st.just(DIGEST),
)
def test_the_parts_of_a_reference_come_back(repository: str, tag: str | None, digest: str | None) -> None:
    reference = Reference("registry.example.org:5000", repository, tag, digest)
    assert Reference.parse(str(reference)) == reference
