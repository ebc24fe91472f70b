"""The bundles of this machine: a folder of folders, one per bundle, named by id."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from tagger.bundle.errors import BundleError
from tagger.bundle.files import read_json, write_folder, write_json
from tagger.bundle.packing import copy_bundle, pack_bundle, unpack_bundle
from tagger.bundle.read import read_bundle
from tagger.bundle.spec import SPEC_FILE, BundleSpec

DEFAULT_FILE = "default.json"
NOTES_FILE = "notes.json"
LONGEST_NOTE = 2000
ID_LENGTH = 32
A_DAY = 86400.0

Specs = list[BundleSpec]


@dataclass(frozen=True)
class StoreProblem:
    """A folder in the store that is not a usable bundle.

    Attributes:
        folder: where it lies.
        reason: the sentence for the user.
    """

    folder: Path
    reason: str


Problems = list[StoreProblem]


class BundleStore:
    """Bundles below one folder; every method looks at the disk, so others may change it.

    Wherever an id is taken, the beginning of one is enough as long as it fits one bundle only.

    Attributes:
        root: the folder; made when the first bundle is added.
    """

    def __init__(self, bundles_dir: Path) -> None:
        self.root = bundles_dir

    def list(self) -> Specs:
        """Return all readable bundles, oldest first."""
        return self._look()[0]

    def problems(self) -> Problems:
        """Return the folders that are no readable bundles, with the reason."""
        return self._look()[1]

    def get(self, bundle_id: str) -> BundleSpec:
        """Return the bundle with this id, or with an id that begins like this.

        Raises:
            BundleError: there is none, or several.
        """
        wanted = bundle_id.strip().lower()
        if len(wanted) == ID_LENGTH and (spec := self._read_whole_id(wanted)) is not None:
            return spec
        found = [spec for spec in self.list() if spec.bundle_id.startswith(wanted)]
        if len(found) == 1 and wanted:
            return found[0]
        if not found:
            self._explain_missing(wanted)
            raise BundleError(f"there is no model {bundle_id!r}: see `tagger models list`")
        names = ", ".join(f"{spec.bundle_id[:12]} ({spec.name})" for spec in found[:5])
        raise BundleError(f"{bundle_id!r} fits several models: {names}; give more of the id")

    def folder(self, bundle_id: str) -> Path:
        """Return the folder of a bundle.

        Raises:
            BundleError: there is none, or several.
        """
        return self.root / self.get(bundle_id).bundle_id

    def add(self, source: Path) -> BundleSpec:
        """Check a bundle (folder or `.tagmodel` file), copy it in and return its spec.

        A bundle with the same id is replaced: names and thresholds may be newer.

        Raises:
            BundleError: it is no sound bundle, or cannot be copied; nothing is added then.
        """
        from tagger.bundle.validate import validate_bundle  # brings onnx, which listing needs not

        if not source.exists():
            raise BundleError(f"{source} does not exist")
        self._sweep()
        incoming = self.root / f".{secrets.token_hex(8)}.incoming"
        try:
            incoming.mkdir(parents=True)
            if source.is_dir():
                copy_bundle(source, incoming)
            else:
                unpack_bundle(source, incoming)
            spec = validate_bundle(incoming)
            write_folder(self.root / spec.bundle_id, lambda new: copy_bundle(incoming, new))
        except OSError as error:
            raise BundleError(f"{self.root} cannot be written: {error.strerror}") from error
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        return spec

    def pack(self, bundle_id: str, path: Path) -> None:
        """Write a bundle as one `.tagmodel` file.

        Raises:
            BundleError: there is no such bundle, or the file cannot be written.
        """
        pack_bundle(self.folder(bundle_id), path)

    def delete(self, bundle_id: str) -> None:
        """Delete a bundle for good; if it was the default, there is none afterwards.

        Raises:
            BundleError: there is no such bundle, or it cannot be deleted.
        """
        folder = self.folder(bundle_id)
        if self._default_id() == folder.name:
            (self.root / DEFAULT_FILE).unlink(missing_ok=True)
        if folder.name in self.notes():
            self.set_note(folder.name, "")
        gone = self.root / f".{folder.name}.{secrets.token_hex(4)}.gone"
        try:
            folder.rename(gone)
        except OSError as error:
            raise BundleError(f"{folder} cannot be deleted: {error.strerror or error}") from error
        shutil.rmtree(gone, ignore_errors=True)

    def default(self) -> str | None:
        """Return the id of the bundle for new libraries; None where none was set or it is gone."""
        wanted = self._default_id()
        try:
            return self.get(wanted).bundle_id if wanted else None
        except BundleError:
            return None

    def set_default(self, bundle_id: str) -> BundleSpec:
        """Make a bundle the one for new libraries and return it.

        Raises:
            BundleError: there is no such bundle, or the choice cannot be written.
        """
        spec = self.get(bundle_id)
        self._write(DEFAULT_FILE, {"bundle": spec.bundle_id})
        return spec

    def notes(self) -> dict[str, str]:
        """Return what the user wrote about bundles, by id."""
        try:
            found = read_json(self.root / NOTES_FILE)
        except BundleError:
            return {}
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}

    def set_note(self, bundle_id: str, note: str) -> BundleSpec:
        """Keep a note about a bundle, at most `LONGEST_NOTE` characters; empty forgets it.

        Raises:
            BundleError: there is no such bundle, or the note cannot be written.
        """
        spec = self.get(bundle_id)
        notes = self.notes()
        notes.pop(spec.bundle_id, None)
        if note.strip():
            notes[spec.bundle_id] = note.strip()[:LONGEST_NOTE]
        self._write(NOTES_FILE, notes)
        return spec

    def _write(self, name: str, value: dict[str, str]) -> None:
        temporary = self.root / f".{name}.{secrets.token_hex(4)}"
        try:
            write_json(temporary, value)
            os.replace(temporary, self.root / name)
        except OSError as error:
            raise BundleError(f"{self.root} cannot be written: {error.strerror}") from error

    def _default_id(self) -> str | None:
        try:
            value = read_json(self.root / DEFAULT_FILE)
        except BundleError:
            return None
        found = value.get("bundle") if isinstance(value, dict) else None
        return found if isinstance(found, str) else None

    def _look(self) -> tuple[Specs, Problems]:
        specs: Specs = []
        problems: Problems = []
        for folder in sorted(self.root.iterdir()) if self.root.is_dir() else []:
            if folder.name.startswith(".") or not folder.is_dir():
                continue
            try:
                spec = read_bundle(folder)
                if spec.bundle_id != folder.name:
                    raise BundleError(f"{SPEC_FILE}: bundle_id is not the name of the folder")
                specs.append(spec)
            except BundleError as error:
                problems.append(StoreProblem(folder, str(error)))
        return sorted(specs, key=lambda spec: (spec.created, spec.bundle_id)), problems

    def _read_whole_id(self, bundle_id: str) -> BundleSpec | None:
        """Read one bundle without looking at all; None where that does not do."""
        try:
            spec = read_bundle(self.root / Path(bundle_id).name)
        except BundleError:
            return None
        return spec if spec.bundle_id == bundle_id else None

    def _sweep(self) -> None:
        """Clear away what a killed program left, and bring back what it had moved aside."""
        for path in list(self.root.glob(".*")) if self.root.is_dir() else []:
            name, _, what = path.name[1:].rpartition(".")
            try:
                fresh = time.time() - path.stat().st_mtime < A_DAY
                home = self.root / name.rpartition(".")[0]
                if what == "old" and not home.exists():
                    path.rename(home)
                elif what in ("old", "new", "incoming", "gone") and not fresh:
                    shutil.rmtree(path)
            except OSError:
                continue

    def _explain_missing(self, wanted: str) -> None:
        for problem in self.problems() if wanted else []:
            if problem.folder.name.startswith(wanted):
                raise BundleError(f"model {wanted} cannot be used: {problem.reason}")
