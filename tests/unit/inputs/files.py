"""Files for tests, made at run time: honest ones, and what somebody might send instead."""

import base64
import zlib
from collections.abc import Sequence
from io import BytesIO


def sent(content: bytes) -> dict[str, str]:
    """Return *content* as an event brings it."""
    return {"base64": base64.b64encode(content).decode()}


def pdf(*pages: str | bytes) -> bytes:
    """Return a PDF of these *pages*: a text each, or a page's packed content."""
    count = len(pages)
    font = 3 + 2 * count
    kids = " ".join(f"{3 + 2 * i} 0 R" for i in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
    ]
    for i, page in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {4 + 2 * i} 0 R "
            f"/Resources << /Font << /F1 {font} 0 R >> >> >>".encode()
        )
        objects.append(_stream(page))
    return _whole([*objects, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"])


def _stream(page: str | bytes) -> bytes:
    packed = b""
    if isinstance(page, str):
        content = f"BT /F1 12 Tf 72 720 Td ({page}) Tj ET".encode()
    else:
        packed, content = b" /Filter /FlateDecode", page
    head = b"<< /Length %d%s >>\nstream\n" % (len(content), packed)
    return head + content + b"\nendstream"


def _whole(objects: Sequence[bytes]) -> bytes:
    out = b"%PDF-1.4\n"
    places = []
    for number, one in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
    return out + trailer % (len(objects) + 1, table)


def bomb() -> bytes:
    """Return a PDF of some hundred kilobytes whose one page unpacks to 400 megabytes."""
    chunk, times, checksum = b" " * 2**20, 400, 1
    for _ in range(times):
        checksum = zlib.adler32(chunk, checksum)
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    # what a full flush ends stands for itself: the same bytes again say the same again
    packed = packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)
    return pdf(b"\x78\xda" + packed * times + packer.flush() + checksum.to_bytes(4))


def slow() -> bytes:
    """Return a PDF whose one page takes minutes to read: operators without end, nothing shown."""
    return pdf(zlib.compress(b"BT /F1 12 Tf (a) Tj ET\n" * 1_300_000))


def locked() -> bytes:
    """Return a PDF that wants a password."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf("A secret."))))
    writer.encrypt("a password", algorithm="RC4-128")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def many_pages(number: int) -> bytes:
    """Return a PDF that says the same page *number* times."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * number, number),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
    ]
    return _whole(objects)
