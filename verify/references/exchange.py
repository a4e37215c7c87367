"""The reference set as a file, and back: what another desk needs to find this footage, without the footage.

In: the store. Out: JSON Lines, a header and one line per reference with its provenance, fingerprint and
pictures. Reading refuses a file that does not begin so (UnreadableInput); a line that is damaged, or not
made by this version's algorithm, is named by its number and the others are taken.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from verify.errors import BlobMissing, UnreadableInput, VerifyError
from verify.fingerprint import ALGORITHM, Fingerprint
from verify.model import Reference
from verify.references.provenance import checked
from verify.store import codec
from verify.store.blobs import SHA256_NAME, Blobs
from verify.store.references import Added, ReferencePicture, ReferenceStore, reference_id

FORMAT = "verify.references/1"
LINE_BYTES = 32 * 2**20  # of one reference; an hour of footage packs into far less
_UNPACKED_BYTES = 512 * 2**20  # a packed fingerprint that claims more is no fingerprint
_PICTURE_BYTES = 2**20
_JPEG = b"\xff\xd8\xff"
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that was left out, and why."""

    number: int  #: from 1
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of reading a file."""

    added: int
    known: int  #: the same bytes were in the set
    bad: tuple[BadLine, ...]


def exported(store: ReferenceStore, blobs: Blobs) -> Iterator[str]:
    """The lines of the file, each with its newline. References not fingerprinted yet are left out."""
    yield json.dumps({"format": FORMAT, "algorithm": ALGORITHM}) + "\n"
    offset = 0
    while page := store.list(limit=_PAGE, offset=offset):
        for reference in page:
            payload = store.fingerprint(reference.id, ALGORITHM)
            if payload is not None:
                yield _line(store, blobs, reference, payload)
        offset += _PAGE


def imported(store: ReferenceStore, blobs: Blobs, lines: Iterable[str], *, added_by: str) -> Imported:
    """Takes in what `exported` wrote. Raises UnreadableInput for another kind of file, StorageFull."""
    numbered = enumerate(lines, 1)
    _check_header(next(numbered, (1, ""))[1])
    made: list[Added] = []
    bad: list[BadLine] = []
    for number, line in numbered:
        if not line.strip():
            continue
        try:
            made.append(_taken(store, blobs, line, added_by))
        except (UnreadableInput, BlobMissing, VerifyError) as error:
            bad.append(BadLine(number=number, sentence=str(error)))
    new = sum(added.is_new for added in made)
    return Imported(added=new, known=len(made) - new, bad=tuple(bad))


def _line(store: ReferenceStore, blobs: Blobs, reference: Reference, payload: bytes) -> str:
    pictures = []
    for picture in store.pictures(reference.id):
        if blobs.exists(picture.sha256):
            jpeg = base64.b64encode(blobs.read(picture.sha256)).decode()
            pictures.append({"time_us": picture.time_us, "jpeg": jpeg})
    document = {
        "reference": json.loads(codec.dump(reference)),
        "fingerprint": base64.b64encode(payload).decode(),
        "pictures": pictures,
    }
    return json.dumps(document) + "\n"


def _check_header(line: str) -> None:
    header = _parsed(line)
    if header.get("format") != FORMAT:
        raise UnreadableInput(f"not a {FORMAT} file")
    if header.get("algorithm") != ALGORITHM:
        raise UnreadableInput(f"fingerprints of {header.get('algorithm')!r}; this version reads {ALGORITHM}")


def _taken(store: ReferenceStore, blobs: Blobs, line: str, added_by: str) -> Added:
    if len(line) > LINE_BYTES:
        raise UnreadableInput(f"a line of more than {LINE_BYTES} bytes")
    document = _parsed(line)
    reference = codec.load(Reference, json.dumps(document.get("reference")).encode())
    if not SHA256_NAME.fullmatch(reference.media.sha256):
        raise UnreadableInput("the reference's sha256")
    payload = _decoded(document.get("fingerprint"))
    _check_fingerprint(payload)
    provenance = replace(
        reference.provenance, added_by=f"{added_by}, from {reference.provenance.added_by or '?'}"
    )
    kept = replace(
        reference,
        id=reference_id(reference.media.sha256),
        provenance=checked(provenance),
        added_at=datetime.now(UTC),
    )
    pictures = [_stored(blobs, picture) for picture in document.get("pictures", ())]
    return store.add(kept, fingerprints={ALGORITHM: payload}, pictures=pictures)


def _check_fingerprint(payload: bytes) -> None:
    """Refuses what would unpack to more than any fingerprint, and parts that do not fit each other."""
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
    except (zipfile.BadZipFile, ValueError) as error:
        raise UnreadableInput("the fingerprint") from error
    if unpacked > _UNPACKED_BYTES:
        raise UnreadableInput("the fingerprint unpacks to too much")
    print_ = Fingerprint.from_bytes(payload)
    frames = len(print_.times_us)
    fits = len(print_.codes) == len(print_.quality) == frames
    fits &= _within(print_.keyframes, frames) and _within(print_.descriptor_keyframe, len(print_.keyframes))
    fits &= len(print_.descriptors) == len(print_.descriptor_keyframe)
    fits &= len(print_.thumbnails) == frames and len(print_.pictures) == len(print_.keyframes)
    if not fits:
        raise UnreadableInput("the fingerprint's parts do not fit each other")


def _within(indices: Any, count: int) -> bool:
    return len(indices) == 0 or (int(indices.min()) >= 0 and int(indices.max()) < count)


def _stored(blobs: Blobs, picture: dict[str, Any]) -> ReferencePicture:
    jpeg = _decoded(picture.get("jpeg"))
    if not jpeg.startswith(_JPEG) or len(jpeg) > _PICTURE_BYTES:
        raise UnreadableInput("a picture")
    return ReferencePicture(time_us=int(picture.get("time_us", 0)), sha256=blobs.put(jpeg))


def _parsed(line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise UnreadableInput("not JSON") from error
    if not isinstance(document, dict):
        raise UnreadableInput("not a JSON object")
    return document


def _decoded(text: object) -> bytes:
    try:
        return base64.b64decode(text, validate=True)  # type: ignore[arg-type] # anything else is a TypeError
    except (binascii.Error, TypeError, ValueError) as error:
        raise UnreadableInput("not base64") from error
