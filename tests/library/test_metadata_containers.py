"""Every place in which a format keeps XMP, IPTC or Windows keywords is found."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tagger.library.metadata import read_keywords
from tagger.library.metadata_iptc import iptc_keywords

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'


def packet(
    inner: str = "<dc:subject><rdf:Bag><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>",
) -> bytes:
    text = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF {RDF} {DC}><rdf:Description>"
    return f"{text}{inner}</rdf:Description></rdf:RDF></x:xmpmeta>".encode()


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xda\0\2pixels\xff\xd9"


def xmp_segment(data: bytes) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + data)


def iim(*values: bytes, charset: bytes = b"") -> bytes:
    stream = b"\x1c\x01\x5a" + struct.pack(">H", len(charset)) + charset if charset else b""
    return stream + b"".join(b"\x1c\x02\x19" + struct.pack(">H", len(v)) + v for v in values)


def photoshop_segment(stream: bytes) -> bytes:
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(stream)) + stream
    first = b"8BIM\x04\x25\x03abc" + struct.pack(">I", 3) + b"xyz\0"
    return segment(0xED, b"Photoshop 3.0\0" + first + resource)


def subjects(tmp_path: Path, data: bytes, name: str = "photo.jpg") -> tuple[str, ...]:
    path = tmp_path / name
    path.write_bytes(data)
    found = read_keywords(path)
    assert found.problem is None
    return found.subjects


@pytest.mark.parametrize(
    "inner",
    [
        "<dc:subject><rdf:Bag><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>",
        "<dc:subject><rdf:Seq><rdf:li>sea</rdf:li></rdf:Seq></dc:subject>",
        "<dc:subject><rdf:Alt><rdf:li xml:lang='x-default'>sea</rdf:li></rdf:Alt></dc:subject>",
        "<dc:subject>sea</dc:subject>",
    ],
)
def test_subject_is_read_in_every_form_rdf_allows(tmp_path: Path, inner: str):
    assert subjects(tmp_path, jpeg(xmp_segment(packet(inner)))) == ("sea",)


def test_subject_as_attribute_and_other_prefixes_are_read(tmp_path: Path):
    data = packet("").replace(b"<rdf:Description>", b"<rdf:Description dc:subject='sea'>")
    renamed = data.replace(b"dc:", b"q:").replace(b"xmlns:dc", b"xmlns:q")
    assert subjects(tmp_path, jpeg(xmp_segment(data))) == ("sea",)
    assert subjects(tmp_path, jpeg(xmp_segment(renamed))) == ("sea",)


def test_padding_and_rubbish_after_the_packet_do_not_hurt(tmp_path: Path):
    data = b"<?xpacket begin='\xef\xbb\xbf'?>" + packet() + b"<?xpacket end='w'?>\0\0 old></rest>"
    assert subjects(tmp_path, jpeg(xmp_segment(data))) == ("sea",)


def test_extended_xmp_is_put_together_in_the_order_of_its_offsets(tmp_path: Path):
    guid = "0123456789ABCDEF0123456789ABCDEF"
    note = f"xmlns:n='http://ns.adobe.com/xmp/note/' n:HasExtendedXMP='{guid}'"
    main = packet("").replace(b"Description>", f"Description {note}>".encode(), 1)
    whole = packet()
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid.encode()
    parts = [(0, whole[:100]), (100, whole[100:])]
    segments = [
        segment(0xE1, head + struct.pack(">II", len(whole), offset) + part)
        for offset, part in reversed(parts)
    ]
    assert subjects(tmp_path, jpeg(xmp_segment(main), *segments)) == ("sea",)


def test_xmp_beats_iptc_and_iptc_beats_windows(tmp_path: Path):
    iptc = photoshop_segment(iim(b"iptc"))
    assert subjects(tmp_path, jpeg(iptc, xmp_segment(packet()))) == ("sea",)
    assert subjects(tmp_path, jpeg(iptc, xmp_segment(packet("")))) == ("iptc",)
    assert subjects(tmp_path, jpeg(iptc, xmp_segment(packet("<dc:subject/>")))) == ("iptc",)


def test_damaged_xmp_leaves_iptc_and_is_reported(tmp_path: Path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg(xmp_segment(packet()[:-40]), photoshop_segment(iim(b"iptc"))))
    found = read_keywords(path)
    assert found.subjects == ("iptc",)
    assert "photo.jpg" in (found.problem or "")


def test_windows_keywords_are_split_at_semicolons(tmp_path: Path):
    buffer = BytesIO()
    exif = Image.Exif()
    exif[40094] = "sea; old town\0".encode("utf-16-le")
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", exif=exif)
    assert subjects(tmp_path, buffer.getvalue()) == ("sea", "old town")


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (iim("Käfer".encode(), charset=b"\x1b%G"), ("Käfer",)),
        (iim("Käfer".encode()), ("Käfer",)),
        (iim("Käfer".encode("latin-1")), ("Käfer",)),
        (iim("10 €".encode("cp1252")), ("10 €",)),
        (iim("Käfer".encode("latin-1"), charset=b"\x1b.A"), ("Käfer",)),
        (iim("Käfer".encode("latin-1"), charset=b"\x1b%G"), ("Käfer",)),
        (iim(b"??????", b"sea", b"?? ?"), ("sea",)),
        (b"\x1c\x02\x19\x80\x04\0\0\0\x03sea" + iim(b"sun"), ("sea", "sun")),
        (iim(b"sea") + b"\x1c\x02\x19\xff", ("sea",)),
        (b"rubbish", ()),
    ],
)
def test_iptc_letters_come_out_right(stream: bytes, words: tuple[str, ...]):
    assert iptc_keywords(stream) == words


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    whole = buffer.getvalue()
    extra = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return whole[:-12] + extra + whole[-12:]


def test_png_packets_after_the_pixels_compressed_or_not(tmp_path: Path):
    head = b"XML:com.adobe.xmp\0"
    plain = (b"iTXt", head + b"\0\0\0\0" + packet())
    packed = (b"iTXt", head + b"\1\0\0\0" + zlib.compress(packet()))
    digits = b"\nxmp\n%8d\n" % len(packet()) + packet().hex().encode()
    magick = (b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(digits))
    stream = iim(b"sea")
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(stream)) + stream
    raw = (b"tEXt", b"Raw profile type iptc\0\niptc\n%8d\n" % 9 + resource.hex().encode())
    for chunk in (plain, packed, magick, raw):
        assert subjects(tmp_path, png(chunk), "photo.png") == ("sea",)


def test_a_png_that_unpacks_without_end_is_cut_off(tmp_path: Path):
    bomb = zlib.compress(b"<subject>" + b" " * (1 << 27))
    path = tmp_path / "photo.png"
    path.write_bytes(png((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb)))
    assert read_keywords(path).subjects == ()


@pytest.mark.parametrize(("order", "magic"), [("<", b"II"), (">", b"MM")])
@pytest.mark.parametrize(("tag", "value"), [(700, packet()), (33723, iim(b"sea"))])
def test_tiff_tags_are_read_in_both_byte_orders(
    tmp_path: Path, order: str, magic: bytes, tag: int, value: bytes
):
    head = magic + struct.pack(order + "HI", 42, 8)
    directory = struct.pack(order + "HHHIII", 1, tag, 7, len(value), 26, 0)
    assert subjects(tmp_path, head + directory + value, "photo.tif") == ("sea",)


def test_big_tiff_is_read(tmp_path: Path):
    head = b"II" + struct.pack("<HHHQ", 43, 8, 0, 16)
    directory = struct.pack("<QHHQQQ", 1, 700, 1, len(packet()), 52, 0)
    assert subjects(tmp_path, head + directory + packet(), "photo.tif") == ("sea",)


@pytest.mark.parametrize("kind", ["AVIF", "WEBP", "PNG", "JPEG", "TIFF"])
def test_what_pillow_writes_is_read(tmp_path: Path, kind: str):
    buffer = BytesIO()
    picture = Image.new("RGB", (16, 16))
    if kind == "TIFF":
        picture.save(buffer, kind, tiffinfo={700: packet()})
    elif kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet().decode())
        picture.save(buffer, kind, pnginfo=info)
    else:
        picture.save(buffer, kind, xmp=packet())
    assert subjects(tmp_path, buffer.getvalue()) == ("sea",)


def test_jpeg_2000_keeps_xmp_in_a_uuid_box(tmp_path: Path):
    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body) + 8) + kind + body

    uuid = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    data = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 ") + box(b"uuid", uuid + packet())
    assert subjects(tmp_path, data, "photo.jp2") == ("sea",)


def test_gif_keeps_xmp_in_an_application_block(tmp_path: Path):
    buffer = BytesIO()
    Image.new("P", (4, 4)).save(buffer, "GIF")
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    block = b"!\xff\x0bXMP DataXMP" + packet() + trailer
    assert subjects(tmp_path, buffer.getvalue()[:-1] + block + b";", "photo.gif") == ("sea",)
