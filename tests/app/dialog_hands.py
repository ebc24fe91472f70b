"""What the dialogs' tests do again and again: find what is on show, and press it."""

from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel


def words_of(widget):
    """Return all text that is visible in a widget, line by line."""
    QApplication.processEvents()  # what was added just now is shown by an event
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget)]


def says(widget, part):
    """Say whether a part of a sentence is visible in a widget."""
    return any(part in text for text in words_of(widget))


def pressable(widget, words):
    """Return the visible button whose words begin like this."""
    QApplication.processEvents()
    for button in widget.findChildren(QAbstractButton):
        if button.isVisibleTo(widget) and button.text().startswith(words):
            return button
    raise AssertionError(f"no button {words!r} on show")


def press(widget, words):
    """Press the visible button whose words begin like this; it must be enabled."""
    button = pressable(widget, words)
    assert button.isEnabled(), f"{words!r} cannot be pressed"
    button.click()


def confirm(library, slots, label):
    """Confirm a label on photos, as one act that is on disk."""
    from tagger.core.decisions import Verdict

    draft = library.draft("Confirm")
    draft.decide(slots, label, Verdict.CONFIRMED)
    draft.commit().saved.result()


def label_of(library, group, name):
    """Return the num of a label by its names."""
    schema = library.facts.schema
    return schema.label_named(schema.group_named(group).num, name).num
