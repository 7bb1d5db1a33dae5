import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.errors import MalformedDocument
from registry_assets.oci.image_config import ImageConfig, chain_ids, parse_image_config
from registry_assets_tests.oci.documents import IMAGE_CONFIG, body, digest

digests = st.binary(min_size=32, max_size=32).map(lambda content: f"sha256:{content.hex()}")


def chain_id(diff_ids: list[str]) -> str:
    """The recursion exactly as config.md#layer-chainid writes it."""
    if len(diff_ids) == 1:
        return diff_ids[0]
    below = chain_id(diff_ids[:-1])
    return "sha256:" + hashlib.sha256((below + " " + diff_ids[-1]).encode()).hexdigest()


@given(st.lists(digests, min_size=1, max_size=8))
def test_chain_ids_follow_the_specifications_recursion(diff_ids: list[str]) -> None:
    expected = [chain_id(diff_ids[: length + 1]) for length in range(len(diff_ids))]
    assert list(chain_ids(diff_ids)) == expected


def test_images_on_one_base_share_its_chain_ids() -> None:
    base, image = ["sha256:" + "1" * 64, "sha256:" + "2" * 64], "sha256:" + "3" * 64
    assert list(chain_ids([*base, image]))[:2] == list(chain_ids(base))


def test_no_chain_id_is_guessed_above_an_unknown_layer() -> None:
    assert list(chain_ids([digest("1"), None, digest("2")])) == [digest("1"), None, None]
    assert list(chain_ids([None, digest("2")])) == [None, None]


def test_everything_that_a_config_tells_is_read() -> None:
    config = parse_image_config(body(IMAGE_CONFIG))
    assert (config.architecture, config.variant, config.os, config.os_version) == ("arm64", "v8", "linux", "6.1")
    assert config.created_at == datetime(2024, 2, 13, 0, 37, 39, 123456, tzinfo=UTC)
    assert list(config.labels.items()) == [("a", "1"), ("b", "2")]
    assert [layer.diff_id for layer in config.layers] == [digest("a"), digest("b")]
    assert [layer.chain_id for layer in config.layers] == [digest("a"), chain_id([digest("a"), digest("b")])]


def test_history_that_made_no_layer_is_skipped() -> None:
    config = parse_image_config(body(IMAGE_CONFIG))
    assert [layer.created_by for layer in config.layers] == ["ADD rootfs.tar /", "RUN make"]


@pytest.mark.parametrize("history", [None, [], [{"created_by": "one"}], [{}, {}, {}]])
def test_a_history_of_another_length_tells_nothing_of_layers(history: object) -> None:
    config = parse_image_config(body({**IMAGE_CONFIG, "history": history}))
    assert [layer.created_by for layer in config.layers] == [None, None]
    assert [layer.diff_id for layer in config.layers] == [digest("a"), digest("b")]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"config": None, "rootfs": None, "history": None, "created": None, "architecture": ""},
        {"config": [], "rootfs": "x", "created": "0001-01-01T00:00:00Z", "architecture": 3, "os": {}, "os.version": []},
        {"config": {"Labels": None}, "rootfs": {"diff_ids": None}},
    ],
)
def test_a_config_that_says_nothing_is_an_empty_one(document: object) -> None:
    """Helm's and other artifacts' configs are objects too, and Docker writes null for what is unset."""
    assert parse_image_config(body(document)) == ImageConfig()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe{}", "is not JSON"),
        (b"[]", "not an object"),
        (b'"text"', "not an object"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": -Infinity}', "Infinity is no JSON number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is not JSON"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{}{}", "is not JSON"),
        (b'{"history": {}}', "history is not a list"),
        (b'{"rootfs": {"diff_ids": "x"}}', r"rootfs\.diff_ids is not a list"),
    ],
)
def test_what_is_no_config_is_reported(content: bytes, complaint: str) -> None:
    with pytest.raises(MalformedDocument, match=complaint):
        parse_image_config(content)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ('{"a": "1", "a": "2"}', {"a": "2"}),
        (r'{"a\u0000b": "x\u0000y"}', {"a\ufffdb": "x\ufffdy"}),
        (r'{"a": "\ud800", "b": "\ud83d\ude00"}', {"a": "\ufffd", "b": "😀"}),
        ('{"t": true, "i": 12, "f": 1.5, "n": null, "l": [1], "o": {}}', {"f": "1.5", "i": "12", "t": "true"}),
        ('{"empty": ""}', {"empty": ""}),
        ('["a=1"]', {}),
    ],
)
def test_labels_are_texts_that_can_be_stored(labels: str, expected: dict[str, str]) -> None:
    config = parse_image_config(f'{{"config": {{"Labels": {labels}}}}}'.encode())
    assert config.labels == expected
    json.dumps(config.labels).encode()


@given(st.dictionaries(st.text(), st.text()))
def test_labels_keep_every_storable_text_and_are_sorted(labels: dict[str, str]) -> None:
    storable = {key: value for key, value in labels.items() if "\0" not in key + value}
    config = parse_image_config(body({"config": {"Labels": storable}}))
    assert list(config.labels.items()) == sorted(storable.items())
