"""What can be wrong with a bundle, in sentences for the user."""

from __future__ import annotations

from tagger.core.errors import TaggerError


class BundleError(TaggerError):
    """A bundle or foreign model cannot be used; the message names the file and the field."""


class GoldenMismatch(BundleError):
    """The pipeline of this machine does not give what the bundle says it must give."""
