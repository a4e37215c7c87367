"""The crop tier: what nothing else finds, laid over every known picture.

In go keyframes that nothing explains, out come hypotheses: the few places in the reference set that look
most like them. Photos may lie anywhere in a known picture. Of clips two things are tried: large parts, which
keep too few corners when they were shrunk, and what lies across the middle of a frame of the other shape,
where a sign over it spoils its hash and outnumbers its corners. It takes time with every keyframe of the set,
so it is only for sets of at most MOST_KEYFRAMES; in larger ones corners and hashes have to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verify.fingerprint import Fingerprint, perceptual
from verify.fingerprint.bars import cut
from verify.fingerprint.record import WHOLE, Box
from verify.matching.crops import ANYWHERE, Floats, Part, Slide, likeliest, placed, shrunk, turned
from verify.matching.geometry import Matrix, box_to_unit, boxes_map, inverse
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import ReferenceIndex
from verify.matching.shots import Boxes, box_of
from verify.model import GreyImage, Orientation

MOST_KEYFRAMES = 50_000  #: in the set; 0.12 ms of CPU each for a photo
PICTURE_SIDE = 128  #: pixels of the query's picture, of which a smaller one is made at each share
#: Keyframes that are looked at more finely, fewer for a clip, which has few places; of one reference; and
#: those proposed.
MOST_LIKELY, MOST_LIKELY_OF_CLIP, MOST_OF_ONE, MOST_PROPOSED = 48, 24, 2, 4
ROUGHLY, ROUGH_STEPS = 64, (0.94, 1.0, 1.06)  #: pixels of the known picture's long side, and shares tried
FINELY, FINE_STEPS = 96, (0.96, 0.98, 1.0, 1.02, 1.04)
#: What is less certain (`crops.Part`) is not laid over. It only saves work: smooth pictures have up to 44 in
#: unrelated ones; what tells those apart is the hash.
LEAST_CERTAIN = 12.0
#: Hamming distance of the part and its place, bits of 256. Of 1,239 runs of unrelated footage that slopes led
#: to one had a median below 96, 94 (half of set 81 and set 22, 5,000 foreign keyframes).
MOST_BITS = 96


def propose(
    query: Fingerprint, index: ReferenceIndex, keyframes: Sequence[int], boxes: Boxes, slide: Slide
) -> Iterator[Hypothesis]:
    """Hypotheses from each of `keyframes` (positions in `query.keyframes`), likeliest first."""
    if index.tiny_count > MOST_KEYFRAMES:
        return
    for keyframe in keyframes:
        frame = int(query.keyframes[keyframe])
        for box in _tried(box_of(boxes, frame), slide):
            picture = cut(query.picture(keyframe), box)
            for part, reference, theirs in _alike(shrunk(picture, PICTURE_SIDE), index, slide):
                bits = _distance(part, picture, _thumbnail(index, reference, theirs))
                if bits <= MOST_BITS:
                    content = index.load(reference).content_box
                    yield Hypothesis(
                        reference=reference,
                        matrix=_matrix(part, content, box),
                        tier="crop",
                        anchors=((frame, theirs),),
                        query_box=box,
                        distance=bits,
                    )


def _tried(box: Box, slide: Slide) -> tuple[Box, ...]:
    """What to lay over: a photo's bars may be its dark edge, and a strip lies across the whole frame."""
    if slide == ANYWHERE:
        return tuple(dict.fromkeys((box, WHOLE)))
    return (WHOLE,) if slide.across else (box,)


def _alike(picture: Floats, index: ReferenceIndex, slide: Slide) -> Iterator[tuple[Part, int, int]]:
    """Where the picture lies in the few references most like it, and in which frame of each."""
    known = index.tiny_pictures
    found: list[tuple[Part, int, int, GreyImage]] = []
    most = MOST_LIKELY if slide == ANYWHERE else MOST_LIKELY_OF_CLIP
    for row, part in likeliest(picture, known, most, of_one=MOST_OF_ONE, slide=slide):
        reference, theirs = int(known.owner[row]), int(known.frame[row])
        thumbnail = _thumbnail(index, reference, theirs)
        rough = placed(picture, thumbnail, part, side=ROUGHLY, steps=ROUGH_STEPS)
        found.append((rough, reference, theirs, thumbnail))
    found.sort(key=lambda one: -one[0].certainty)
    for rough, reference, theirs, thumbnail in found[:MOST_PROPOSED]:
        part = placed(picture, thumbnail, rough, side=FINELY, steps=FINE_STEPS)
        if part.certainty >= LEAST_CERTAIN:
            yield part, reference, theirs


def _thumbnail(index: ReferenceIndex, reference: int, frame: int) -> GreyImage:
    """A frame of the reference without its bars."""
    print_ = index.load(reference)
    return cut(print_.thumbnail(frame), print_.content_box)


def _distance(part: Part, picture: GreyImage, known: GreyImage) -> int:
    """Hamming distance of what is seen of the picture and its place, bits of 256."""
    one, other = (
        perceptual.codes(perceptual.coefficients(perceptual.small(shown)[None]))
        for shown in (turned(cut(picture, part.seen), part), cut(known, part.box))
    )
    return int(perceptual.hamming(one, other)[0])


def _matrix(part: Part, content: Box, box: Box) -> Matrix:
    """What lays the query's `box` over the part of the reference's `content`, its frame without bars."""
    orientation = Orientation.MIRRORED if part.mirrored else Orientation.UPRIGHT
    matrix: Matrix = inverse(box_to_unit(content)) @ boxes_map(part.seen, part.box, orientation)
    return matrix @ box_to_unit(box)
