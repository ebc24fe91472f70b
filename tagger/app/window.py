"""The main window: one open library, its menus, and the services around it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QVBoxLayout, QWidget

from tagger.app.background import Background
from tagger.app.dialogs.host import close_dialogs
from tagger.app.dialogs.retrain import follow_training
from tagger.app.library_work import LibraryWork
from tagger.app.menus import Menus
from tagger.app.models.answers import Answers
from tagger.app.models.desk import Desk
from tagger.app.models.notices import Notice
from tagger.app.models.session import Session
from tagger.app.opening import load_library
from tagger.app.settings import Settings
from tagger.app.style_sheet import apply_theme
from tagger.app.theme import Theme, is_dark, make_theme
from tagger.app.thumbnails import Thumbnails
from tagger.app.widgets.status_bar import StatusBar
from tagger.app.workspace import Workspace
from tagger.bundle.spec import BundleSpec
from tagger.core.errors import TaggerError
from tagger.library.library import Library
from tagger.library.mirror import Mirror

TITLE = "Photo Tagger"


class Window(QMainWindow):
    """The main window.

    Attributes:
        settings, background, thumbnails, theme, menus: for every library.
        work: what goes on around the open library (model, suggester, mirror), or None.
        workspace: what is shown of it; only while a library is open.
        last_notice: the sentence told last.
        opened: a library is open and shown.
        up_to_date: the folder was scanned, and suggestions are complete or cannot be had.
    """

    opened = Signal()
    up_to_date = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.background = Background()
        self.theme = self._wanted_theme()
        self.thumbnails = Thumbnails(settings.get("thumbnail_megabytes") * 1_000_000, self)
        self.work: LibraryWork | None = None
        self._workspace: Workspace | None = None
        self.menus = Menus(self)
        self._opening: Path | None = None
        self.last_notice = ""
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self.resize(1280, 800)
        self.restoreGeometry(QByteArray.fromBase64(settings.get("window").encode()))
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.styleHints().colorSchemeChanged.connect(self._follow_theme)
        settings.changed.connect(self._setting_changed)
        self._build()

    # -- what is open ------------------------------------------------------------------------

    @property
    def workspace(self) -> Workspace:
        """What is shown of the open library."""
        assert self._workspace is not None, "no library is open"
        return self._workspace

    @property
    def session(self) -> Session:
        """The open library."""
        return self.workspace.desk.session

    @property
    def desk(self) -> Desk:
        """The view-models of the open library."""
        return self.workspace.desk

    @property
    def answers(self) -> Answers:
        """What answers do in the open library."""
        return self.workspace.answers

    @property
    def mirror(self) -> Mirror:
        """Writes the annotation file of the open library."""
        assert self.work is not None
        return self.work.mirror

    @property
    def is_open(self) -> bool:
        """Whether a library is open."""
        return self._workspace is not None

    # -- opening and closing -----------------------------------------------------------------

    def open_folder(self, folder: Path) -> None:
        """Open a folder in place of the open one; a sentence says so if it cannot be."""
        self._opening = folder
        self._sentence.hide()
        self.status.show_work(f"Opening {folder.name} …")
        self.background.run(
            lambda: load_library(folder),
            lambda library: self._adopt(folder, library),
            lambda error: self._cannot_open(folder, error),
        )

    def _adopt(self, folder: Path, library: Library) -> None:
        if folder != self._opening:  # another folder was asked for meanwhile
            library.close()
            return
        self.show_library(library)
        assert self.work is not None
        self.work.begin(folder)
        follow_training(self)
        self.settings.note_recent(folder)
        self.opened.emit()

    def show_library(self, library: Library) -> None:
        """Show an open library in place of the one before; it is this window's from now on."""
        self.close_library()
        session = Session(library)
        desk = Desk(session)
        answers = Answers(desk, self.settings.get("ask_from"))
        self.work = LibraryWork(desk, self.settings, self.status, self)
        self.work.said.connect(self._show_notice)
        self.work.up_to_date.connect(self.up_to_date)
        self.work.replaced.connect(lambda: self.open_folder(library.places.home))
        self.work.suggesting.dangerous.connect(self.thumbnails.avoid)
        self.thumbnails.use(library)
        self._show_workspace(desk, answers)
        desk.said.connect(self._show_notice)
        self.setWindowTitle(f"{library.places.home.name} – {TITLE}")

    def _cannot_open(self, folder: Path, error: Exception) -> None:
        if folder == self._opening:
            self.status.show_work("")
            known = isinstance(error, TaggerError)
            self._show_notice(
                Notice(str(error) if known else f"{folder} cannot be opened: {error}", True)
            )
            self.up_to_date.emit()

    def close_library(self) -> None:
        """Write everything and close the open library; its dialogs go first."""
        close_dialogs(self)
        if self._workspace is None or self.work is None:
            return
        self.settings.set("side", self._workspace.grid.side)
        state = bytes(self._workspace.splitter.saveState().toBase64().data()).decode()
        self.settings.set("columns", f"{self.theme.unit}:{state}")
        self._workspace.close_parts()
        self.thumbnails.use(None)
        self.work.close()
        self.work.deleteLater()
        self.work = None
        self._workspace = None
        self.status.clear()
        self._show_welcome()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close the library, then the window."""
        geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        self.settings.set("window", geometry)
        self.close_library()
        self.thumbnails.close()
        self.background.close()
        super().closeEvent(event)

    # -- for dialogs (tagger.app.dialogs.host) -----------------------------------------------

    def use_model(
        self, spec: BundleSpec, back: bool = False, then: Callable[[str], None] | None = None
    ) -> None:
        """Make a model the active one, once it was checked, and compute its suggestions.

        `back` takes it off the history of models instead of adding to it; `then` is told at the
        end, with a sentence if the model was refused.
        """
        assert self.work is not None
        self.work.use_model(spec, back, then)

    def retry_problems(self, slots: list[int] | None = None) -> None:
        """Try problem photos again: these, or all."""
        assert self.work is not None
        self.work.retry_problems(slots)

    def say(self, text: str, *offers: tuple[str, Callable[[], None]]) -> None:
        """Tell the user something outside of dialogs, with (words, function) offers."""
        self._show_notice(Notice(text, offers=offers))

    def remembered(self, name: str) -> dict[str, Any]:
        """Return what a dialog wanted remembered, `{}` at first."""
        found = self.settings.get("remembered").get(name)
        return dict(found) if isinstance(found, dict) else {}

    def remember(self, name: str, value: dict[str, Any]) -> None:
        """Keep something for the next time a dialog opens; plain JSON values."""
        self.settings.set("remembered", {**self.settings.get("remembered"), name: value})

    def perform(self, name: str) -> None:
        """Do one of the actions of the table, if it can be done now."""
        self.menus.perform(name)

    def rescan(self) -> None:
        """Look through the folder again."""
        if self.work is not None:
            self.work.bring()

    def pause_or_resume(self) -> None:
        """Pause suggesting, or go on."""
        if self.work is not None:
            self.work.pause_or_resume()

    def _dismiss_idle_gpu(self) -> None:
        if self.work is not None:
            self.work.dismiss_idle_gpu()

    # -- building ----------------------------------------------------------------------------

    def _build(self) -> None:
        """Build everything in the present theme."""
        self.setFont(QApplication.font())
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._place = QVBoxLayout()
        column.addLayout(self._place, 1)
        self.status = StatusBar(self.theme)
        self.status.pause_pressed.connect(self.pause_or_resume)
        self.status.problems_pressed.connect(lambda: self.perform("file.problems"))
        self.status.models_pressed.connect(lambda: self.perform("model.models"))
        self.status.idle_gpu_pressed.connect(lambda: self.perform("help.doctor"))
        self.status.idle_gpu_dismissed.connect(self._dismiss_idle_gpu)
        column.addWidget(self.status)
        self._shown: QWidget | None = None
        self._sentence = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._sentence.setProperty("role", "warning")
        self._sentence.setMargin(self.theme.px(2))
        self._sentence.hide()
        column.insertWidget(1, self._sentence)
        self.setCentralWidget(whole)
        if self._workspace is not None and self.work is not None:
            old = self._workspace
            self.settings.set("side", old.grid.side)
            old.close_parts()
            self._show_workspace(old.desk, old.answers)
            self.work.use_status(self.status)
        else:
            self._show_welcome()
        self.menus.build()

    def _show(self, widget: QWidget) -> None:
        if self._shown is not None:
            self._shown.hide()
            self._shown.deleteLater()
        self._shown = widget
        self._place.addWidget(widget)

    def _show_workspace(self, desk: Desk, answers: Answers) -> None:
        workspace = Workspace(desk, answers, self.thumbnails, self.theme)
        workspace.grid.set_side(self.settings.get("side"))
        unit, _, state = self.settings.get("columns").partition(":")
        if unit == str(self.theme.unit):  # widths chosen for text of this size
            workspace.splitter.restoreState(QByteArray.fromBase64(state.encode()))
        workspace.grid.looked_at.connect(self._looked_at)
        self._workspace = workspace
        self._show(workspace)
        workspace.grid.setFocus()
        self.menus.update()

    def _show_welcome(self) -> None:
        from tagger.app.welcome import Welcome

        welcome = Welcome(self.theme, self.settings.get("recent"))
        welcome.open_pressed.connect(lambda: self.perform("file.open"))
        welcome.folder_chosen.connect(self.open_folder)
        self._show(welcome)
        self.setWindowTitle(TITLE)
        self.menus.update()

    def _looked_at(self) -> None:
        if self.work is not None and self._workspace is not None:
            self.work.suggesting.look_first(self._workspace.grid.visible_slots().tolist())

    def _show_notice(self, notice: Notice) -> None:
        self.last_notice = notice.text
        if self._workspace is not None:
            self._workspace.show_notice(notice)
            return
        self._sentence.setText(notice.text)
        self._sentence.show()

    # -- theme -------------------------------------------------------------------------------

    def _wanted_theme(self) -> Theme:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        chosen = self.settings.get("theme")
        dark = is_dark(app) if chosen == "system" else chosen == "dark"
        theme = make_theme(app.font(), dark)
        apply_theme(app, theme)
        return theme

    def _follow_theme(self) -> None:
        theme = self._wanted_theme()
        if theme != self.theme:
            self.theme = theme
            QTimer.singleShot(0, self, self._build)

    def _setting_changed(self, name: str) -> None:
        if name == "theme":
            self._follow_theme()
        elif name == "keys":
            self.menus.build()
        elif name == "ask_from" and self.is_open:
            self.answers.ask_from = self.settings.get("ask_from")
        elif name == "watch" and self.work is not None:
            self.work.watching.watch(self.settings.get("watch"))
        elif name == "provider" and self.work is not None:
            self.work.suggest()

    def changeEvent(self, event: QEvent) -> None:
        """Look whether the folder changed while another program had the keyboard."""
        super().changeEvent(event)
        active = event.type() == QEvent.Type.ActivationChange and self.isActiveWindow()
        if active and self.work is not None:
            self.work.watching.come_back()

    # -- drag and drop -----------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take folders, and files for the folder they lie in."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                path = Path(url.toLocalFile())
                self.open_folder(path if path.is_dir() else path.parent)
                event.acceptProposedAction()
                return
