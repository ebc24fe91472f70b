"""Keywords in XMP: `dc:subject`, and the hierarchies other programs keep beside it."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

MAX_XMP_BYTES = 16 * 1024 * 1024
"""Larger packets and sidecars are reported, not read: real ones have some kilobytes."""

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC_SUBJECT = "{http://purl.org/dc/elements/1.1/}subject"
_LR_HIERARCHY = "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject"
_HIERARCHIES = (
    (_LR_HIERARCHY, "|"),
    ("{http://www.digikam.org/ns/1.0/}TagsList", "/"),
    ("{http://ns.microsoft.com/photo/1.0/}LastKeywordXMP", "/"),
    ("{http://ns.microsoft.com/photo/1.0}LastKeywordXMP", "/"),
    ("{http://ns.iview-multimedia.com/mediapro/1.0/}CatalogSets", "|"),
)
_EXTENDED = "{http://ns.adobe.com/xmp/note/}HasExtendedXMP"
_AUTOMATIC_ROOTS = ("darktable", "_Digikam_Internal_Tags_", "_Digikam_root_tag_")


class XmpError(Exception):
    """The packet cannot be read; the message is a plain reason without a file name."""


@dataclass(frozen=True)
class XmpKeywords:
    """What one XMP packet says of keywords.

    Attributes:
        subjects: `dc:subject` in its order, without the parts of automatic tags.
        leaves: last parts of the hierarchies, for packets that have no `dc:subject`.
        extension: id of the extended XMP that belongs to the packet, or None.
    """

    subjects: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    extension: str | None = None


def may_hold_keywords(packet: bytes) -> bool:
    """Say cheaply whether parsing a packet can bring keywords; never wrongly False."""
    if b"\0" in packet[:64]:
        return True
    signs = (b"subject", b"hierarchicalSubject", b"TagsList", b"LastKeyword", b"CatalogSets")
    return any(sign in packet for sign in (*signs, b"HasExtendedXMP"))


def parse_xmp(packet: bytes) -> XmpKeywords:
    """Read the keywords of a packet or sidecar.

    Raises:
        XmpError: the packet is too large, broken off, no XML, or declares entities.
    """
    if len(packet) > MAX_XMP_BYTES:
        raise XmpError(f"is larger than {MAX_XMP_BYTES // 2**20} MB")
    root = _parse(packet)
    values = _values_by_property(root)
    hierarchies = [
        [part.strip() for part in entry.split(separator) if part.strip()]
        for name, separator in _HIERARCHIES
        for entry in values.get(name, ())
    ]
    automatic = _automatic_parts(hierarchies)
    subjects = tuple(
        word for word in values.get(_DC_SUBJECT, ()) if not _is_automatic(word, automatic)
    )
    leaves = tuple(parts[-1] for parts in hierarchies if parts and parts[0] not in _AUTOMATIC_ROOTS)
    extension = values.get(_EXTENDED)
    return XmpKeywords(subjects, leaves, extension[0] if extension else None)


def _parse(packet: bytes) -> Element:
    text = packet if b"\0" in packet[:4] else _without_padding(packet)
    if not text:
        raise XmpError("is empty")
    try:
        return fromstring(text, forbid_dtd=True)
    except ParseError as error:
        line = error.position[0]
        raise XmpError(f"breaks off or is damaged in line {line}") from error
    except DefusedXmlException as error:
        raise XmpError("declares entities or a document type, which XMP never does") from error
    except (ValueError, LookupError, RecursionError) as error:
        raise XmpError("is no XML that can be read") from error


def _without_padding(packet: bytes) -> bytes:
    """Cut away what some programs leave around the packet: zero bytes, an older, longer text."""
    text = packet.strip(b"\0 \t\r\n")
    end = text.rfind(b"</x:xmpmeta>")
    return text if end < 0 else text[: end + len(b"</x:xmpmeta>")]


def _values_by_property(root: Element) -> dict[str, list[str]]:
    """Return the texts of every wanted property, written as element, list or attribute."""
    wanted = {_DC_SUBJECT, _EXTENDED, *(name for name, _ in _HIERARCHIES)}
    values: dict[str, list[str]] = {}
    for description in root.iter(f"{_RDF}Description"):
        for name, value in description.attrib.items():
            if name in wanted and value.strip():
                values.setdefault(name, []).append(value.strip())
        for child in description:
            if child.tag in wanted:
                values.setdefault(child.tag, []).extend(_texts(child))
    return values


def _texts(element: Element) -> list[str]:
    items = list(element.iter(f"{_RDF}li"))
    texts = [item.text for item in items] if items else [element.text]
    return [text.strip() for text in texts if text and text.strip()]


def _automatic_parts(hierarchies: list[list[str]]) -> set[str]:
    """Return the words that occur in automatic hierarchies only (`darktable|format|jpg`).

    darktable flattens its own tags into `dc:subject`, where only the hierarchy beside it tells
    them from the user's.
    """
    automatic: set[str] = set()
    own: set[str] = set()
    for parts in hierarchies:
        (automatic if parts and parts[0] in _AUTOMATIC_ROOTS else own).update(parts)
    return automatic - own


def _is_automatic(word: str, automatic: set[str]) -> bool:
    return word in automatic or word.split("|")[0].split("/")[0] in _AUTOMATIC_ROOTS
