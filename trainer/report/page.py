"""The report of a training as one HTML page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tagger.core.verdict import BETTER, JUDGED_WELL, NOT_WORSE, signed
from trainer.report.changes import SHOWN_LABELS
from trainer.report.plots import Series, interval_bar, legend, line_plot
from trainer.report.style import STYLE

_TITLES = {BETTER: "The new model is better", NOT_WORSE: "The new model is not worse"}
_CANNOT_TELL = "Can't tell yet which model is better"
_MEASURES = {"map": "mean average precision", "accuracy": "accuracy"}
_LISTED = 400
_FEWEST = 2
"""Points from which a curve is one."""

_MODELS = (("before", "present model"), ("after", "new model"))


def render_report(
    report: Mapping[str, Any],
    name: str,
    curves: Sequence[Mapping[str, Any]],
    pictures: Mapping[int, str],
) -> str:
    """Return the page.

    Args:
        report: content of report.json.
        name: of the new model.
        curves: learning curves, `[{"name", "points"}]`; empty for quick retraining.
        pictures: `data:` addresses of photos, by slot.
    """
    title = _TITLES.get(report["verdict"], _CANNOT_TELL)
    parts = [
        _head(report, name, title),
        _groups(report["groups"]),
        _changes(report.get("changes") or {}, pictures),
        _learning(curves),
        _diagnostics(report["groups"]),
        _labels(report["groups"]),
        _missing(report.get("missing") or []),
        _facts(report),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} – {escape(name)}</title><style>{STYLE}</style></head>"
        f"<body><main>{''.join(part for part in parts if part)}</main></body></html>\n"
    )


def _head(report: Mapping[str, Any], name: str, title: str) -> str:
    good = bool(report["recommended"])
    advice = "Recommended" if good else "Not recommended"
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in report["reasons"])
    photos = report.get("photos") or {}
    basis = (
        f"Learned from {photos.get('training', 0):,} photos, judged on "
        f"{photos.get('judging', 0):,} others that it never saw, in {report['total_s']:.0f} s."
    )
    return (
        f'<header><p class="muted">{escape(name)}</p><h1>{escape(title)}</h1>'
        f'<p><span class="advice {"good" if good else "bad"}">{advice}</span></p>'
        f'<ul>{reasons}</ul><p class="muted">{basis}</p></header>'
    )


def _groups(groups: Mapping[str, Mapping[str, Any]]) -> str:
    values = [abs(g[k]) for g in groups.values() for k in ("low", "high") if g.get(k) is not None]
    span = max([0.05, *values]) * 1.1
    rows = "".join(_group_row(name, group, span) for name, group in groups.items())
    return _section(
        "Groups",
        _table(("Group", "Measure", "Before", "After", "Difference (95 %)", "", "Photos"), rows),
        "Old against new on photos kept out of training.",
    )


def _group_row(name: str, group: Mapping[str, Any], span: float) -> str:
    if group.get("difference") is None:
        said = "kept as it was" if group.get("unchanged") else "new" if group.get("new") else ""
        said = said or "no judged photo has labels of this group"
        return f'<tr><th>{escape(name)}</th><td class="muted" colspan="6">{said}</td></tr>'
    pooled = " incl. out-of-fold" if group.get("pooled") else ""
    return (
        f"<tr><th>{escape(name)}</th><td>{_MEASURES.get(group['measure'], group['measure'])}</td>"
        f"{_figure(group['before'])}{_figure(group['after'])}{_difference(group, span)}"
        f'<td class="n">{group["photos"]:,}{pooled}</td></tr>'
    )


def _labels(groups: Mapping[str, Mapping[str, Any]]) -> str:
    found = [
        (label, name, entry, (group.get("diagnostics") or {}).get("counts", {}).get(label, {}))
        for name, group in groups.items()
        if not group.get("unchanged")
        for label, entry in (group.get("labels") or {}).items()
    ]
    whole = len(found)
    found = [each for each in found if _says_something(each[2])]
    found.sort(key=lambda each: _worst_first(each[2]))
    rows = "".join(
        f"<tr><th>{escape(label)}</th><td>{escape(name)}</td>{_figure(entry.get('before'))}"
        f"{_figure(entry.get('after'))}{_difference(entry, 0.5, _judged_well(entry))}"
        f'<td class="n">{entry.get("support") or "–"}</td>'
        f'<td class="n">{_arrow(entry.get("suggested_before"), entry.get("suggested_after"))}</td>'
        f'<td class="n">{_right_wrong_missed(counts)}</td></tr>'
        for label, name, entry, counts in found[:_LISTED]
    )
    more = f" The first {_LISTED} of {len(found)} are listed." if len(found) > _LISTED else ""
    if whole > len(found):
        more += f" Left out: {whole - len(found):,} without judged photos or suggestions."
    heads = ("Label", "Group", "Before", "After", "Difference (95 %)", "", "Support", "Suggested")
    return _section(
        "Labels",
        _table((*heads, "Right / wrong / missed"), rows),
        f"Average precision, worst losses first, those with {JUDGED_WELL} or more judged photos "
        "before the others; support is the number of judged photos that show the label; right, "
        f"wrong and missed suggestions of the new model on them.{more}",
    )


def _changes(changes: Mapping[str, Any], pictures: Mapping[int, str]) -> str:
    labels = changes.get("labels") or []
    if not labels:
        return ""
    rows = "".join(
        f'<article><h3>{escape(each["label"])} <small class="muted">{escape(each["group"])}</small>'
        f"</h3>{_strip('suggested now', each['gained'], each['gained_slots'], pictures)}"
        f"{_strip('no longer suggested', each['lost'], each['lost_slots'], pictures)}</article>"
        for each in labels[:SHOWN_LABELS]
    )
    rest = len(labels) - SHOWN_LABELS
    more = f" {rest} more labels change; report.json lists them." if rest > 0 else ""
    return _section(
        "What would change in this library",
        f'<div class="cards">{rows}</div>',
        f"Suggestions at the thresholds in use, on {changes['photos']:,} photos; the photos whose "
        f"scores moved furthest are shown.{more}",
    )


def _strip(words: str, count: int, slots: Sequence[int], pictures: Mapping[int, str]) -> str:
    if not count:
        return ""
    shown = "".join(
        f'<img src="{pictures[slot]}" alt="photo" loading="lazy">'
        for slot in slots
        if slot in pictures
    )
    photos = "photo" if count == 1 else "photos"
    return f'<p class="muted">{count:,} {photos} {words}</p><div class="strip">{shown}</div>'


def _learning(curves: Sequence[Mapping[str, Any]]) -> str:
    measures: dict[str, list[Series]] = {}
    styles = ("after", "before", "third")
    for each in curves:
        if len(each["points"]) < _FEWEST:
            continue
        measure, _, part = str(each["name"]).partition("/")
        lines = measures.setdefault(measure, [])
        style = styles[len(lines) % len(styles)]
        lines.append(Series(part or "training", each["points"], style))
    plots = "".join(
        _figure_of(_capital(measure), line_plot(lines, *_axes(measure)), legend(lines))
        for measure, lines in measures.items()
    )
    return _section("Learning curves", f'<div class="plots">{plots}</div>') if plots else ""


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _axes(measure: str) -> tuple[str, str]:
    """Return the titles of a curve's axes: `loss by pass` goes over passes, others over epochs."""
    value, _, over = measure.partition(" by ")
    return over or "epoch", value


def _diagnostics(groups: Mapping[str, Mapping[str, Any]]) -> str:
    parts = []
    for name, group in groups.items():
        found = group.get("diagnostics") or {}
        if not found:
            continue
        plots = _precision_recall(found["precision_recall"]) + _calibration(found["calibration"])
        confusion = _confusion((found.get("confusion") or {}).get("after"))
        parts.append(f'<h3>{escape(name)}</h3><div class="plots">{plots}</div>{confusion}')
    if not parts:
        return ""
    return _section(
        "Where the models err", "".join(parts), "All decisions of a group together, judged photos."
    )


def _precision_recall(curves: Mapping[str, Any]) -> str:
    lines = [Series(words, curves[key], key) for key, words in _MODELS if key in curves]
    plot = line_plot(lines, "recall", "precision", (0.0, 1.0), (0.0, 1.0))
    return _figure_of("Precision and recall", plot, legend(lines))


def _calibration(tables: Mapping[str, Any]) -> str:
    lines = [Series("", [(0.0, 0.0), (1.0, 1.0)], "guide")]
    for key, words in _MODELS:
        if key in tables:
            points = [row[:2] for row in tables[key]["bins"]]
            said = f"{words} (error {tables[key]['error']:.3f})"
            lines.append(Series(said, points, key, dots=True))
    plot = line_plot(lines, "score", "share true", (0.0, 1.0), (0.0, 1.0))
    return _figure_of("Calibration", plot, legend(lines))


def _confusion(table: Mapping[str, Any] | None) -> str:
    if not table:
        return ""
    heads = "".join(f'<th class="up"><span>{escape(n)}</span></th>' for n in table["labels"])
    rows = []
    for name, counts in zip(table["labels"], table["counts"], strict=True):
        whole = max(1, sum(counts))
        cells = "".join(
            f'<td class="heat" style="--share:{count / whole:.2f}">{count or ""}</td>'
            for count in counts
        )
        rows.append(f"<tr><th>{escape(name)}</th>{cells}</tr>")
    return (
        '<p class="muted">New model: rows are what the photo shows, columns what was answered.</p>'
        f'<div class="wide"><table class="confusion"><tr><th></th>{heads}</tr>{"".join(rows)}'
        "</table></div>"
    )


def _missing(sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(each)}</li>" for each in sentences)
    return _section("Too few examples", f"<ul>{items}</ul>") if items else ""


def _facts(report: Mapping[str, Any]) -> str:
    named = {
        "Method": report.get("method"),
        "New model": report.get("bundle"),
        "Compared with": report.get("parent"),
        "Prior from": report.get("root"),
        "Network and graph": (report.get("torch_parity") or {}).get("sentence"),
        "Stored model": " ".join((report.get("parity") or {}).get("sentences") or ()),
        "Fitted in": f"{report['fit_s']:.1f} s",
    }
    rows = "".join(
        f"<tr><th>{escape(title)}</th><td>{escape(str(value))}</td></tr>"
        for title, value in named.items()
        if value not in (None, "")
    )
    return _section("Facts", f"<table>{rows}</table>")


def _section(title: str, content: str, words: str = "") -> str:
    said = f'<p class="muted">{words}</p>' if words else ""
    return f"<section><h2>{title}</h2>{said}{content}</section>"


def _figure_of(title: str, plot: str, key: str) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{plot}<p>{key}</p></figure>"


def _table(heads: Sequence[str], rows: str) -> str:
    top = "".join(f"<th>{head}</th>" for head in heads)
    return f'<div class="wide"><table><tr class="top">{top}</tr>{rows}</table></div>'


def _figure(value: float | None) -> str:
    return f'<td class="n">{"–" if value is None else f"{value:.3f}"}</td>'


def _says_something(entry: Mapping[str, Any]) -> bool:
    counts = ("support", "suggested_before", "suggested_after")
    return any(entry.get(name) for name in counts) or entry.get("difference") is not None


def _worst_first(entry: Mapping[str, Any]) -> tuple[bool, bool, float]:
    """Order labels: well judged ones, then others; new ones after those that can be compared."""
    difference = entry.get("difference")
    return not _judged_well(entry), difference is None, difference or entry.get("after") or 0.0


def _judged_well(entry: Mapping[str, Any]) -> bool:
    return (entry.get("support") or 0) >= JUDGED_WELL


def _difference(entry: Mapping[str, Any], span: float, sure: bool = True) -> str:
    value, low, high = (entry.get(key) for key in ("difference", "low", "high"))
    if value is None and entry.get("after_low") is not None:
        said = f"new ({entry['after_low']:.3f} to {entry['after_high']:.3f})"
        return f'<td class="n">{said}</td><td></td>'
    if value is None:
        return '<td class="muted">not measured</td><td></td>'
    said = signed(value)
    if low is not None and high is not None:
        said += f" ({signed(low)} to {signed(high)})"
    return f'<td class="n">{said}</td><td>{interval_bar(value, low, high, span, sure)}</td>'


def _right_wrong_missed(counts: Mapping[str, Any]) -> str:
    after = counts.get("after")
    return f"{after['right']} / {after['wrong']} / {after['missed']}" if after else "–"


def _arrow(before: int | None, after: int | None) -> str:
    if before is None and after is None:
        return "–"
    one, other = ("–" if number is None else f"{number:,}" for number in (before, after))
    return f"{one} → {other}"
