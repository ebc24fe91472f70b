"""What a suggester keeps open between runs: one library's lock and cache, and one model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.errors import GoldenMismatch
from tagger.bundle.read import read_bundle
from tagger.bundle.spec import MODEL_FILE, BundleSpec
from tagger.core.preprocessing import Preprocessing
from tagger.library.cache import EmbeddingStore, ScoreStore, prune_cache
from tagger.library.cache_hashes import HashStore
from tagger.library.cache_problems import ProblemTable
from tagger.library.opening import find_places
from tagger.library.places import LibraryPlaces
from tagger.suggest.away import identity, no_library
from tagger.suggest.engine import Engine, ModelFailed
from tagger.suggest.inflight import InFlight
from tagger.suggest.lock import lock_library
from tagger.suggest.marks import opening
from tagger.suggest.plan import Plan, find_plan, first_plan
from tagger.suggest.precision import Photos, in_best_precision
from tagger.suggest.providers import Obtained, Provider
from tagger.suggest.sessions import device_name, environment, open_engine
from tagger.suggest.trust import ensure_golden, ensure_valid, state_of


@dataclass(frozen=True)
class Model:
    """A bundle that may be used, ready to run.

    Attributes:
        folder: where it lies.
        spec: what it says of itself.
        obtained: its session, and on which provider.
        plan: how it is run.
        state: digest of its files.
    """

    folder: Path
    spec: BundleSpec
    obtained: Obtained[Engine]
    plan: Plan
    state: str

    @property
    def engine(self) -> Engine:
        """The session."""
        return self.obtained.session

    def is_still(self, folder: Path, requested: str) -> bool:
        """Return whether this is what would be opened now: same files, same wish."""
        if (folder, requested) != (self.folder, self.obtained.requested):
            return False
        return state_of(folder) == self.state


class Workplace:
    """One library, locked, and the arrays that are written for it.

    Attributes:
        asked_for: the folder it was opened by.
        places: where the library lies.
        problems: its table of problem photos.
        hashes: the perceptual hashes of its photos.
        in_flight: what is being decoded.
    """

    def __init__(self, folder: Path) -> None:
        """Open a library for suggesting.

        Raises:
            OpenError: the folder cannot be opened.
            FolderAway: nobody opened it as a library, or its disk is not there.
            LibraryBusy: another suggester works on it.
            CacheError: its cache cannot be written.
        """
        self.asked_for = folder
        self.places: LibraryPlaces = find_places(folder, make=False)
        if not self.places.catalog.is_file():
            raise no_library(self.places.home)
        self._lock = lock_library(self.places.data, self.places.home)
        try:
            self.problems = ProblemTable(self.places.cache)
            self.hashes = HashStore.open(self.places.cache, writable=True)
            self.in_flight = InFlight(self.places.cache)
        except BaseException:
            self._lock.release()
            raise
        self._identity = identity(self.places.data)
        self._embeddings: tuple[str, EmbeddingStore] | None = None
        self._scores: tuple[str, ScoreStore] | None = None

    def is_there(self) -> bool:
        """Return whether the library's own folder is still the one that was opened."""
        return identity(self.places.data) == self._identity

    def embeddings(self, spec: BundleSpec) -> EmbeddingStore:
        """Return the embeddings of a bundle's space, open for writing."""
        if self._embeddings is None or self._embeddings[0] != spec.space_id:
            if self._embeddings:
                self._embeddings[1].close()
            store = EmbeddingStore.open(
                self.places.cache, spec.space_id, spec.embedding_size, writable=True
            )
            self._embeddings = (spec.space_id, store)
        return self._embeddings[1]

    def scores(self, spec: BundleSpec) -> ScoreStore:
        """Return the scores of a bundle, open for writing."""
        if self._scores is None or self._scores[0] != spec.bundle_id:
            if self._scores:
                self._scores[1].close()
            store = ScoreStore.open(self.places.cache, spec, writable=True)
            self._scores = (spec.bundle_id, store)
        return self._scores[1]

    def close(self) -> None:
        """Bring everything to disk and give the library back."""
        for kept in (self._embeddings, self._scores):
            if kept:
                kept[1].close()
        prune_cache(self.places.cache)
        self.hashes.close()
        self.problems.close()
        self.in_flight.close()
        self._lock.release()


def open_model(
    folder: Path,
    requested: str,
    stopped: Callable[[], bool],
    photos: Callable[[Preprocessing], NDArray[np.uint8]] | None = None,
) -> Model:
    """Open a bundle that is sound and answers here as it must.

    Args:
        folder: the bundle.
        requested: `auto` or the key of a provider.
        stopped: asked while measuring.
        photos: gives some photos as model input, uint8 [n, H, W, 3]: on a graphics card they
            decide whether half precision will do.

    Raises:
        BundleError: it is malformed.
        GoldenMismatch: it answers otherwise than on its maker's machine.
        ProviderError: it can be run nowhere.
    """
    spec = read_bundle(folder)
    state = state_of(folder)
    ensure_valid(folder, spec, state)
    obtained = _opened(folder, spec, requested)
    sample = None if photos is None else lambda: photos(spec.preprocessing)
    try:
        obtained = _checked(folder, spec, state, obtained, sample)
    except (GoldenMismatch, ModelFailed) as error:
        if obtained.provider.key == "cpu":
            raise
        reason = f"{obtained.provider.title} does not give the answers it must: {error}"
        obtained = replace(_opened(folder, spec, "cpu"), requested=requested, reasons=(reason,))
        obtained = _checked(folder, spec, state, obtained, sample)
    key = spec.backbone_hash or spec.bundle_id
    provider = obtained.provider
    with _marked(provider):
        plan = find_plan(
            obtained.session,
            spec.preprocessing,
            provider.key,
            key,
            stopped,
            device_name(provider),
        )
    return Model(folder, spec, obtained, plan, state)


def _opened(folder: Path, spec: BundleSpec, requested: str) -> Obtained[Engine]:
    threads = first_plan("cpu").threads
    return open_engine(folder / MODEL_FILE, spec.preprocessing, requested, threads)


def _checked(
    folder: Path,
    spec: BundleSpec,
    state: str,
    obtained: Obtained[Engine],
    photos: Photos | None,
) -> Obtained[Engine]:
    """Return it, or half precision in its place, once it gave the bundle's golden answers."""
    provider = obtained.provider
    with _marked(provider):
        ensure_golden(folder, spec, state, obtained.session, provider)
        if not provider.bound:
            return obtained

        def check(half: Engine) -> None:
            ensure_golden(folder, spec, f"{state} half", half, provider)

        engine = in_best_precision(folder, spec, obtained, check, photos)
    return replace(obtained, session=engine)


def _marked(provider: Provider) -> AbstractContextManager[None]:
    """Hold the mark of a provider: what it computes first may crash as well as its opening."""
    return nullcontext() if provider.key == "cpu" else opening(provider.key, environment())
