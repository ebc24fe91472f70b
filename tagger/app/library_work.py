"""What goes on around an open library: scan, model, suggester, annotation file, autosave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from tagger.app.background import Background
from tagger.app.dialogs.child import Child
from tagger.app.mirroring import Mirroring
from tagger.app.models.desk import Desk
from tagger.app.models.filters import Filter
from tagger.app.models.notices import Notice
from tagger.app.models.ordering import natural_order
from tagger.app.models.verdicts import photos
from tagger.app.opening import Bringing
from tagger.app.settings import Settings
from tagger.app.suggesting import Suggesting
from tagger.app.watching import Watching
from tagger.app.widgets.status_bar import StatusBar
from tagger.bundle.spec import BundleSpec
from tagger.core.errors import TaggerError
from tagger.library.mirror import Mirror
from tagger.library.parts import assign_parts
from tagger.library.scan import ScanResult
from tagger.library.session import bundle_store, link_active_bundle, settle_model
from tagger.suggest.checking import check_bundle

_WATCH_MS = 1_000
_SAVING_MS = 40
_MOST_DISMISSED = 50


class LibraryWork(QObject):
    """Keeps an open library at work, and says in the status bar what goes on.

    Attributes:
        mirroring: keeps the annotation file in line.
        watching: follows the folder.
        suggesting: the suggester.
        said: (Notice).
        up_to_date: scanned, and suggestions are complete or cannot be had.
        replaced: another folder stands where the library's own was; it must be opened anew.
    """

    said = Signal(object)
    up_to_date = Signal()
    replaced = Signal()

    def __init__(
        self,
        desk: Desk,
        settings: Settings,
        status: StatusBar,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.desk, self.session = desk, desk.session
        self._settings, self._background = settings, Background()
        self.status = status
        self._stage = ("", 0, 0)
        self._starter: Child | None = None
        self._retry: list[int] | None = None
        self._unsettled = False
        self.mirroring = Mirroring(self.session, self._background, self)
        self.mirroring.said.connect(self.said)
        self.suggesting = Suggesting(self.session, self._background, self)
        self.suggesting.changed.connect(self.show_status)
        self.suggesting.finished.connect(self._suggested)
        self.suggesting.failed.connect(self._cannot_suggest)
        self._bringing = Bringing(self.session, self._background, self)
        self._bringing.progressed.connect(self._progressed)
        self._bringing.noted.connect(lambda text: self.said.emit(Notice(text, warning=True)))
        self._bringing.scanned.connect(self._scanned)
        self._bringing.done.connect(self._brought)
        self.watching = Watching(self.session, self._background, self._bringing, self)
        self.watching.said.connect(lambda text: self.said.emit(Notice(text)))
        self.watching.touched.connect(self.mirror.touch)
        self.watching.replaced.connect(self.replaced)
        self._watch = QTimer(self, interval=_WATCH_MS)
        self._watch.timeout.connect(self._look)
        self._saving = QTimer(self, interval=_SAVING_MS)
        self._saving.timeout.connect(self._look_whether_saved)
        desk.names_wanted.connect(self._sort_names)
        for signal in (self.session.decided, self.session.schema_changed):
            signal.connect(self._touched)
        self.session.saved.connect(self._saved)
        self.session.photos_changed.connect(self.show_status)

    @property
    def mirror(self) -> Mirror:
        """Writes the annotation file."""
        return self.mirroring.mirror

    def use_status(self, status: StatusBar) -> None:
        """Speak through another status bar."""
        self.status = status
        self.show_status()

    def begin(self, folder: Path) -> None:
        """Bring the library up to date with its folder, then suggest."""
        home = self.session.library.places.home
        try:
            below = folder.absolute().relative_to(home)
        except ValueError:
            below = Path()
        if below != Path():
            self.desk.set_filter(Filter(folder=bytes(below)))
        self.show_status()
        self._watch.start()
        self.bring()
        self.watching.watch(self._settings.get("watch"))

    def bring(self) -> None:
        """Bring the library up to date with its folder, now or after the look under way."""
        self.watching.look()

    def close(self) -> None:
        """End everything; what is left is written."""
        self._watch.stop()
        self._saving.stop()
        self.watching.close()
        self._bringing.stop()
        self.suggesting.close()
        if self._starter is not None:
            self._starter.close()
        self._background.close()
        self.desk.leave()
        self.session.close()
        self.session.settle()
        self.mirror.close()
        self.session.library.close()

    # -- bringing up to date -----------------------------------------------------------------

    def _progressed(self, words: str, done: int, total: int) -> None:
        self._stage = (words, done, total)
        self.show_status()

    def _scanned(self, found: ScanResult) -> None:
        """Have suggestions made of what came, while keywords are read."""
        if not self._bringing.quiet or found.new or found.changed or found.back:
            self.suggest()

    def _brought(self, found: ScanResult | None) -> None:
        """Write down what came, if anything did; a look that found nothing says nothing."""
        if found is None:
            self.suggest()
        if found is None or not self._bringing.quiet or found.anything:
            self.mirror.touch()
            self._unsettled = True
        self._settle_down()

    def _settle_down(self) -> None:
        """Once photos, keywords and suggestions are all there: part the photos, and say so."""
        at_work = self._bringing.busy or self.suggesting.running or self._starter is not None
        if at_work or not self._unsettled:
            return
        self._unsettled = False
        library = self.session.library

        def parted(count: int) -> None:
            if count:
                self.mirror.touch()
                self.session.load_audit()
            self.up_to_date.emit()

        self._background.run(
            lambda: assign_parts(library), parted, lambda error: self.up_to_date.emit()
        )

    def _sort_names(self) -> None:
        table = self.session.library.photos

        def take(names: object) -> None:
            if self.session.library.photos is table:
                self.desk.take_names(names)  # type: ignore[arg-type]

        self._background.run(lambda: natural_order(table), take)

    def _look(self) -> None:
        """Once a second: write what was seen, notice other programs."""
        self.session.write_seen()
        if not self.session.unsaved and self.session.look_for_others():
            self.said.emit(Notice("Another program changed this library: shown as it is now."))

    # -- the model ---------------------------------------------------------------------------

    def suggest(self) -> None:
        """Compute what is missing with the active model; the starter is prepared if need be."""
        bundle_id = self.session.library.bundle_id
        if bundle_id is None:
            self._prepare_starter()
            return
        first = self.desk.on_screen.tolist()
        try:
            folder = bundle_store().folder(bundle_id)
        except TaggerError as error:
            self._cannot_suggest(str(error))
            return
        retry, self._retry = self._retry, None
        provider = self._settings.get("provider")
        self.suggesting.start(folder, provider, [*(retry or ()), *first], retry)

    def retry_problems(self, slots: list[int] | None = None) -> None:
        """Try problem photos again, these or all, as their files are now."""
        self._retry = slots or []
        self.bring()

    def use_model(
        self, spec: BundleSpec, back: bool = False, then: Callable[[str], None] | None = None
    ) -> None:
        """Make a model the active one once it gave its golden answers here, then suggest.

        `then` is told at the end, with a sentence if the model was refused.
        """
        folder = bundle_store().folder(spec.bundle_id)
        self._stage = ("Checking the model …", 0, 0)
        self.show_status()

        def checked(_: object) -> None:
            self._activate(spec, back)
            if then is not None:
                then("")

        def refused(error: BaseException) -> None:
            self._stage = ("", 0, 0)
            self.show_status()
            if then is None:
                self.said.emit(Notice(f"The model was not taken: {error}", warning=True))
            else:
                then(f"The model was not taken: {error}")

        self._background.run(lambda: check_bundle(folder), checked, refused)

    def _activate(self, spec: BundleSpec, back: bool) -> None:
        self._stage = ("", 0, 0)
        if back:
            self.session.library.previous_bundle_id(forget=True)
        self.session.use_bundle(spec, remember=not back)
        self.show_status()
        self.suggest()

    def dismiss_idle_gpu(self) -> None:
        """Say no more of the graphics card that is not used, until the reason is another."""
        idle = self.suggesting.idle_gpu
        if idle:
            kept = [key for key in self._settings.get("dismissed") if key != idle["key"]]
            self._settings.set("dismissed", [*kept, idle["key"]][-_MOST_DISMISSED:])
            self.show_status()

    def pause_or_resume(self) -> None:
        """Pause suggesting, or go on."""
        if self.suggesting.running:
            self.suggesting.toggle_pause()

    def _prepare_starter(self) -> None:
        """Make the starter model in a child process; nothing waits for it."""
        if self._starter is not None:
            return
        self._stage = ("Preparing the starter model (once) …", 0, 0)
        self.show_status()
        child = Child(["_trainer", "starter", "--json"], self)
        child.done.connect(lambda result: self._starter_made())
        child.failed.connect(self._no_starter)
        self._starter = child
        child.start()

    def _starter_made(self) -> None:
        self._starter = None
        self._stage = ("", 0, 0)
        if link_active_bundle(self.session.library) is None:
            self._no_starter("The starter model was prepared but cannot be used.")
            return
        self.session.schema_changed.emit()
        self.session.thresholds_changed.emit()
        self.suggest()

    def _no_starter(self, sentence: str) -> None:
        self._starter = None
        self._stage = ("", 0, 0)
        self._cannot_suggest(f"There are no suggestions: {sentence}")

    def _cannot_suggest(self, sentence: str) -> None:
        self.show_status()
        self.said.emit(Notice(sentence, True, (("Try again", self.suggest),)))
        self._unsettled = True
        self._settle_down()

    def _suggested(self, result: object) -> None:
        library = self.session.library
        if settle_model(library):
            self.session.thresholds_changed.emit()
        self.desk.count_again()
        self._unsettled = True
        self._settle_down()

    # -- saving ------------------------------------------------------------------------------

    def _touched(self, *_: object) -> None:
        self.mirror.touch()

    def _saved(self, saved: bool) -> None:
        self.status.show_saved(saved)
        if not saved:
            self._saving.start()

    def _look_whether_saved(self) -> None:
        if self.session.unsaved:
            self.session.settle(0.0)
        else:
            self._saving.stop()

    # -- the status bar ----------------------------------------------------------------------

    def show_status(self) -> None:
        """Bring the status bar up to date."""
        status, library = self.status, self.session.library
        status.show_photos(photos(library.photos.count))
        model = library.bundle.name if library.bundle is not None else "No model yet"
        status.show_model(model, self.suggesting.provider)
        words, done, total = self.suggesting.in_words()
        reading_beside = self._bringing.busy and self.suggesting.running
        if self._stage[0] and not reading_beside:
            words, done, total = self._stage
        status.show_work(words, done, total)
        status.show_pause(self.suggesting.running, self.suggesting.paused)
        status.show_problems(self.suggesting.problems)
        idle = self.suggesting.idle_gpu
        dismissed = self._settings.get("dismissed")
        status.show_idle_gpu(idle if idle and idle["key"] not in dismissed else None)
        status.show_saved(not self.session.unsaved)
