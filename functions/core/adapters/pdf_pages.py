"""A PDF's pages as text, said to whoever started this process for it (adapters/pdf_process).

A PDF is a program in all but name, and this is the one place that runs it: in a process that
holds no key and no credential, and that ends at its bounds on memory and processor time.
"""

import io
import json
import resource
import sys
from collections.abc import Mapping
from typing import Any, Final

from functions.core.domain.inputs.content import Unreadable, Why
from functions.core.domain.inputs.declared import MOST_CHARACTERS, MOST_PAGES

MEMORY_BYTES: Final = 320 * 2**20
"""Address space, where the system counts it (macOS does not); Lambda gives both processes 512."""
STREAM_BYTES: Final = 32 * 2**20
"""What one stream may unpack to."""
BEGINS: Final = b"%PDF-"


def read(content: bytes, max_pages: int) -> tuple[str, int]:
    """Return the text of the first *max_pages* pages of *content*, and how many it has.

    Raises
    ------
    Unreadable
        It is no PDF, broken, encrypted, or takes more than a PDF may.
    """
    if not content.startswith(BEGINS):
        raise Unreadable(Why.NOT_PDF)
    # Only here: no other process pays for reading it, and few functions' layers hold it.
    from pypdf import PdfReader, overwrite_configuration
    from pypdf.errors import LimitReachedError

    try:
        overwrite_configuration(
            zlib_maximum_output_length=STREAM_BYTES,
            lzw_maximum_output_length=STREAM_BYTES,
            run_length_maximum_output_length=STREAM_BYTES,
            array_based_stream_maximum_output_length=STREAM_BYTES,
        )
        return _pages(PdfReader(io.BytesIO(content)), max_pages)
    except Unreadable:
        raise
    except (LimitReachedError, MemoryError):
        raise Unreadable(Why.EXPLODES) from None
    except Exception:  # noqa: BLE001  (its own words: broken files cause any exception)
        raise Unreadable(Why.BROKEN_PDF) from None


def _pages(reader: Any, max_pages: int) -> tuple[str, int]:
    if reader.is_encrypted:
        raise Unreadable(Why.ENCRYPTED)
    number = len(reader.pages)
    if number > MOST_PAGES:
        raise Unreadable(Why.TOO_MANY_PAGES)
    texts: list[str] = []
    length = 0
    for page in reader.pages[:max_pages]:
        texts.append(page.extract_text())
        length += len(texts[-1])
        if length > MOST_CHARACTERS:  # no declared limit takes more
            break
    return "\n\n".join(texts), number


def _bound(seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _told(content: bytes, max_pages: int) -> Mapping[str, Any]:
    try:
        text, pages = read(content, max_pages)
    except Unreadable as problem:
        return {"why": problem.why}
    return {"text": text, "pages": pages}


if __name__ == "__main__":
    most_pages, most_seconds = map(int, sys.argv[1:])
    _bound(most_seconds)
    said = _told(sys.stdin.buffer.read(), most_pages)
    sys.stdout.buffer.write(json.dumps(said).encode())
