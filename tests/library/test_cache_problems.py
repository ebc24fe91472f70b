"""Promises of the list of problem photos: `tagger.library.cache_problems`."""

import apsw
import numpy as np
import pytest

from tagger.library.cache_file import CacheError
from tagger.library.cache_problems import DATABASE, ProblemTable, new_problem, read_problems


def test_a_problem_stays_until_it_is_forgotten(tmp_path):
    table = ProblemTable(tmp_path)
    table.put(new_problem(3, 2**64 - 1, "damaged", "The file is cut off."))
    table.put(new_problem(1, 0, "permission", "You may not."))
    table.put(new_problem(1, 5, "damaged", "It is broken."))
    table.close()
    found = ProblemTable(tmp_path).all()
    assert [(p.slot, p.signature, p.kind) for p in found] == [
        (1, 5, "damaged"),
        (3, 2**64 - 1, "damaged"),
    ]
    again = ProblemTable(tmp_path)
    again.forget(np.array([1]))
    assert [p.slot for p in read_problems(tmp_path)] == [3]


def test_a_reader_sees_problems_while_the_suggester_writes(tmp_path):
    table = ProblemTable(tmp_path)
    table.put(new_problem(3, 1, "damaged", "The file is cut off."))
    assert [p.reason for p in read_problems(tmp_path)] == ["The file is cut off."]


def test_without_a_cache_there_are_no_problems(tmp_path):
    assert read_problems(tmp_path / "none") == []


@pytest.mark.parametrize("kind", ["garbage", "other version", "foreign database", "cut off"])
def test_a_spoiled_table_is_replaced_without_an_error(tmp_path, kind):
    path = tmp_path / DATABASE
    if kind == "garbage":
        path.write_bytes(b"not a database at all" * 500)
    elif kind == "cut off":
        ProblemTable(tmp_path).close()
        path.write_bytes(path.read_bytes()[:3000])
    else:
        connection = apsw.Connection(str(path))
        version = "PRAGMA user_version = 9" if kind == "other version" else "SELECT 1"
        connection.execute(f"CREATE TABLE problem (x); {version}")
        connection.close()
    assert read_problems(tmp_path) == []
    table = ProblemTable(tmp_path)
    table.put(new_problem(1, 1, "damaged", "x"))
    assert [p.slot for p in table.all()] == [1]


def test_a_table_that_cannot_be_written_says_so_in_a_sentence(tmp_path):
    (tmp_path / "cache").write_text("a file where a folder must be")
    with pytest.raises(CacheError, match="cannot be written"):
        ProblemTable(tmp_path / "cache")
