"""The page of measured figures keeps what other scripts wrote."""

import pytest
from bench_page import conditions, replace_section, table


def test_a_section_is_replaced_and_the_others_stay(tmp_path):
    page = tmp_path / "BENCHMARKS.md"
    replace_section("one", "First", "old figures", page)
    replace_section("two", "Second", "others", page)
    before = page.read_text("utf-8")
    replace_section("one", "First", "new figures", page)
    assert page.read_text("utf-8") == before.replace("old figures", "new figures")
    assert before.count("## ") == 2


def test_a_page_without_the_end_of_a_section_is_left_alone(tmp_path):
    page = tmp_path / "BENCHMARKS.md"
    page.write_text("<!-- begin one -->\nfigures and everything after them\n", "utf-8")
    with pytest.raises(ValueError, match="end one"):
        replace_section("one", "First", "new", page)
    assert "everything after them" in page.read_text("utf-8")


def test_conditions_name_versions_and_load_and_tables_are_markdown():
    assert "numpy" in conditions(3.25)
    assert "load 3.2" in conditions(3.25)
    assert table([["a", "b"], ["1", "2"]]) == "| a | b |\n|---|---|\n| 1 | 2 |"
