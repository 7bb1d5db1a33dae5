"""Text from a registry cannot break out of a Markdown table."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.assets import markdown

CASES = [
    ("plain text-1.0", "plain text-1.0"),
    ("a|b", "a&#124;b"),
    ("two\nlines", "two lines"),
    ("<script>", "&#60;script&#62;"),
    ("`code`", "&#96;code&#96;"),
    ("[text](javascript:x)", "&#91;text&#93;&#40;javascript:x&#41;"),
    ("red\x1b[31m", "red&#91;31m"),
    ("abc\u202edef", "abcdef"),
    ("&#60;", "&#38;&#35;60;"),
    ("x" * 200, "x" * 79 + "…"),
    (None, ""),
    (pd.NaT, ""),
    (float("nan"), ""),
    (pd.NA, ""),
    (12, "12"),
    (True, "True"),
    (datetime(2024, 5, 1, 12, tzinfo=UTC), "2024-05-01 12:00:00+00:00"),
    ({"b": "1", "a": "2"}, "b=1, a=2"),
    ({}, ""),
    (["linux/amd64", "linux/arm64"], "linux/amd64, linux/arm64"),
    (np.array(["x", "y"]), "x, y"),
]


@pytest.mark.parametrize(("value", "shown"), CASES, ids=repr)
def test_a_cell_is_one_line_of_plain_text(value: object, shown: str) -> None:
    assert markdown.cell(value) == shown


@given(st.text())
def test_no_text_leaves_its_cell(text: str) -> None:
    cell = markdown.cell(text)
    assert not set(cell) & set("<>|`\\*_[]\n\r\u2028\u2029\u202e")
    table = markdown.table([(text, "next")], ["first", "second"])
    assert len(table.splitlines()) == 3
    assert table.splitlines()[2].count("|") == 3
    assert table.splitlines()[2].endswith("| next |")


def test_columns_without_a_value_are_left_out() -> None:
    frame = pd.DataFrame({"tag": ["1.0", "1.1"], "pushed_at": [None, None], "platforms": [[], []]})
    assert markdown.frame_table(frame).splitlines()[0].split() == ["|", "tag", "|"]


def test_no_rows_are_called_none() -> None:
    assert markdown.frame_table(pd.DataFrame({"tag": []})) == "none"
