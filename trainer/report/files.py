"""Write a training's report into its run folder: `report.json`, and `report.html` for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.files import write_json
from tagger.library.runs import REPORT, REPORT_PAGE, read_curves
from trainer.report.changes import label_changes, thumbnails
from trainer.report.diagnostics import diagnose
from trainer.report.judge import GroupCase
from trainer.report.page import render_report


@dataclass(frozen=True)
class Compared:
    """Old and new model side by side.

    Attributes:
        slots: int64 [photos], the rows of the cases.
        cases: one for each group.
        figures: `before` and `after`: what was measured, by group.
    """

    slots: NDArray[np.int64]
    cases: Sequence[GroupCase]
    figures: dict[str, dict[str, Any]]


def write_report(
    run: Path,
    name: str,
    report: dict[str, Any],
    compared: Compared,
    photo_path: Callable[[int], Path],
) -> None:
    """Add what changes and where the models err to a report, and write both forms of it.

    Args:
        run: the run's folder.
        name: of the new model.
        report: verdict, reasons, figures by group.
        compared: the models side by side.
        photo_path: slot → file, for the small pictures on the page.

    Raises:
        OSError: the disk is full.
    """
    for case in compared.cases:
        if not case.unchanged:
            report["groups"][case.group.name]["diagnostics"] = diagnose(case)
    labels = [each for case in compared.cases for each in label_changes(case, compared.slots)]
    labels.sort(key=lambda each: -(each["gained"] + each["lost"]))
    report["changes"] = {"photos": len(compared.slots), "labels": labels}
    write_json(run / REPORT, report)
    page = render_report(report, name, read_curves(run), thumbnails(labels, photo_path))
    (run / REPORT_PAGE).write_text(page, "utf-8")
