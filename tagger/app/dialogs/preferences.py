"""The preferences: one field for each setting that has a title, applied at once."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.host import Host, opened
from tagger.app.dialogs.parts import button, row, text, whole_number
from tagger.app.dialogs.pick import Combo
from tagger.app.settings import SETTINGS, Setting


def open_preferences(window: QWidget) -> PreferencesDialog:
    """Open the preferences."""
    return opened(window, PreferencesDialog)


class PreferencesDialog(Dialog):
    """Every setting with its description; there is nothing to press to make it count."""

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "Preferences", parent, 76, 56)
        self.host = host
        self.fields: dict[str, QWidget] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(self.theme.px(3))
        grid.setVerticalSpacing(self.theme.px(2))
        grid.setColumnStretch(0, 1)
        for setting in SETTINGS:
            if setting.title:
                self._add(grid, setting)
        self.body.addLayout(grid)
        self.body.addStretch(1)
        self.body.addLayout(
            row(
                button("Keys…", self._keys, theme=self.theme, sign="keys"),
                button("What suggestions run on…", self._doctor, theme=self.theme, sign="models"),
                None,
                gap=self.theme.px(1),
            )
        )
        self.add_buttons(button("Close", self.reject, main=True))
        self.fit()

    def _add(self, grid: QGridLayout, setting: Setting) -> None:
        field = self._field(setting)
        field.setAccessibleDescription(setting.description)
        self.fields[setting.name] = field
        words = QVBoxLayout()
        words.setSpacing(self.theme.px(0.25))
        words.addWidget(text(setting.title))
        words.addWidget(text(setting.description, "muted"))
        place = grid.rowCount()
        grid.addLayout(words, place, 0)
        grid.addWidget(field, place, 1, Qt.AlignmentFlag.AlignTop)

    def _field(self, setting: Setting) -> QWidget:
        settings, name = self.host.settings, setting.name
        if setting.choices:
            combo = Combo(setting.title)
            for value, words in setting.choices:
                combo.addItem(words, value)
            combo.setCurrentIndex(combo.findData(settings.get(name)))
            combo.activated.connect(lambda _: settings.set(name, combo.currentData()))
            return combo
        least, most = int(setting.least or 0), int(setting.most or 1_000_000)
        number = whole_number(self.theme, setting.title, least, most, settings.get(name))
        number.setKeyboardTracking(False)
        number.valueChanged.connect(lambda value: settings.set(name, value))
        return number

    def _keys(self) -> None:
        from tagger.app.dialogs.keys import open_keys

        open_keys(self.parentWidget() or self)

    def _doctor(self) -> None:
        from tagger.app.dialogs.doctor import open_doctor

        open_doctor(self.parentWidget() or self)
