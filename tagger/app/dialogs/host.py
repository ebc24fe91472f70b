"""What the dialogs ask of the window that opens them, in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QWidget

from tagger.app.background import Background
from tagger.app.models.session import Session, Slots
from tagger.app.settings import Settings
from tagger.app.theme import Theme
from tagger.bundle.spec import BundleSpec
from tagger.library.library import Library
from tagger.library.mirror import Mirror

D = TypeVar("D", bound=QDialog, covariant=True)


class Host(Protocol):
    """A window with an open library.

    Attributes:
        theme: of this moment.
        background: runs work on other threads.
        settings: the user's settings.
    """

    theme: Theme
    background: Background
    settings: Settings

    @property
    def is_open(self) -> bool:
        """Whether a library is open."""

    @property
    def session(self) -> Session:
        """The open library and word of its changes."""

    @property
    def mirror(self) -> Mirror:
        """Writes the annotation file of the open library."""

    def use_model(
        self, spec: BundleSpec, back: bool = False, then: Callable[[str], None] | None = None
    ) -> None:
        """Make a model the active one, once it was checked, and compute its suggestions.

        `back` takes it off the history of models instead of adding to it; `then` is told at the
        end, with a sentence if the model was refused.
        """

    def retry_problems(self, slots: list[int] | None = None) -> None:
        """Try problem photos again: these, or all."""

    def say(self, text: str, *offers: tuple[str, Callable[[], None]]) -> None:
        """Tell the user something outside of dialogs, with (words, function) offers."""

    def remembered(self, name: str) -> dict[str, Any]:
        """Return what a dialog wanted remembered, `{}` at first."""

    def remember(self, name: str, value: dict[str, Any]) -> None:
        """Keep something for the next time a dialog opens; plain JSON values."""


class _Opens(Protocol[D]):
    def __call__(self, host: Host, parent: QWidget | None) -> D: ...


def opened(window: QWidget, make: _Opens[D]) -> D:
    """Open a dialog beside the window; one that is open already comes to the front."""
    for known in window.findChildren(make):  # type: ignore[call-overload]
        if known.isVisible():
            known.raise_()
            known.activateWindow()
            return known
    dialog = make(cast(Host, window), window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
    return dialog


def close_dialogs(window: QWidget) -> None:
    """Close what is open before the window closes its library; a training goes on or is ended."""
    from tagger.app.dialogs.frame import Dialog
    from tagger.app.dialogs.retrain_run import RetrainRun

    for run in window.findChildren(RetrainRun):
        run.close(go_on=cast(Host, window).settings.get("training_at_close") == "go on")
    for dialog in window.findChildren(Dialog):
        dialog.close()


def tell_schema(host: Host, slots: Slots) -> None:
    """Announce another schema, and the photos whose decisions changed with it: int64 [photos]."""
    host.session.schema_changed.emit()
    if len(slots):
        host.session.decided.emit(slots)


def work_on_copy(
    host: Host,
    work: Callable[[Library], Any],
    done: Callable[[Any], Any],
    failed: Callable[[Exception], Any],
) -> None:
    """Run `work(library)` on a thread, with a second opening of the same library.

    The window's arrays belong to its own thread; a second opening has its own, read from the
    catalog after everything the user did so far is on disk. Where the window has another library
    at the end, nobody is told: what was written is there when this one is opened again.
    """
    session = host.session
    session.settle()
    library = session.library
    places, bundle, author = library.places, library.bundle, library.author

    def run() -> Any:
        with Library(places) as own:
            own.bundle, own.author = bundle, author
            own.reload()
            return work(own)

    def told(tell: Callable[[Any], Any]) -> Callable[[Any], None]:
        return lambda value: tell(value) if host.is_open and host.session is session else None

    host.background.run(run, told(done), told(failed))


def take_changes(host: Host) -> None:
    """Show what a second opening of the library wrote."""
    host.session.settle()
    host.session.reload()
