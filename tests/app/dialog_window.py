"""A window for the dialogs' tests: a real library, session, mirror and theme, without the grid."""

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QWidget

from tagger.app.background import Background
from tagger.app.dialogs.host import close_dialogs
from tagger.app.models.session import Session
from tagger.app.theme import apply_theme, make_theme
from tagger.library.mirror import Mirror


class DialogWindow(QWidget):
    """Fulfils `tagger.app.dialogs.host.Host`."""

    def __init__(self, library, dark=False, mirror=True):
        super().__init__()
        self.theme = make_theme(QApplication.font(), dark)
        apply_theme(QApplication.instance(), self.theme)
        self.session = Session(library)
        self.background = Background()
        self.mirror = Mirror(library) if mirror else None
        self.said = []
        self.used = []
        self.retried = []
        self.memory = {}

    def use_model(self, spec, back=False):
        self.used.append((spec.bundle_id, back))
        self.session.library.use_bundle(spec, remember=not back)
        if back:
            self.session.library.previous_bundle_id(forget=True)
        self.session.schema_changed.emit()

    def retry_problems(self, slots=None):
        self.retried.append(slots)

    def say(self, text, *offers):
        self.said.append((text, *[words for words, _ in offers]))

    def remembered(self, name):
        return dict(self.memory.get(name, {}))

    def remember(self, name, value):
        self.memory[name] = dict(value)

    def close_all(self):
        """Close everything; dialogs are gone for good before the window is."""
        close_dialogs(self)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        self.background.close()
        if self.mirror is not None:
            self.mirror.close()
        self.session.close()
