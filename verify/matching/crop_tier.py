"""The crop tier: photos of which nothing else finds where they are from, laid over every known picture.

In go keyframes that nothing explains, out come hypotheses: the few places in the reference set that look most
like them. It takes time with every keyframe of the set, so it is only for queries of few keyframes, and for
sets of at most MOST_KEYFRAMES; in larger ones corners and hashes have to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verify.fingerprint import Fingerprint
from verify.fingerprint.bars import cut
from verify.fingerprint.record import WHOLE, Box
from verify.matching.crops import Floats, Part, likeliest, placed, shrunk
from verify.matching.geometry import box_to_unit, boxes_map, inverse
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import ReferenceIndex
from verify.matching.shots import Boxes, box_of
from verify.model import Orientation

MOST_KEYFRAMES = 50_000  #: in the set; 0.05 ms of CPU each
#: Places looked at more finely, and those proposed. Of six photos cropped to half the right one of some 5,400
#: was the likeliest, but for one shrunk to 51 pixels, where it was second.
MOST_LIKELY, MOST_PROPOSED = 32, 4
ROUGHLY, ROUGH_STEPS = 48, (0.94, 1.0, 1.06)  #: pixels of the known picture's long side, and shares tried
FINELY, FINE_STEPS = 128, (0.96, 0.98, 1.0, 1.02, 1.04)
#: Correlation of the picture with its place there. It only saves work: of 69 photos that are in no reference
#: the best place had 0.94 at most, 0.9 and more 4 times, where true parts have 0.76 to 0.99. What tells them
#: apart is the hash of the part: among their 200 best places each none was nearer than 86 bits.
LEAST_ALIKE = 0.7


def propose(
    query: Fingerprint, index: ReferenceIndex, keyframes: Sequence[int], boxes: Boxes
) -> Iterator[Hypothesis]:
    """Hypotheses from each of `keyframes` (positions in `query.keyframes`), likeliest first."""
    if index.tiny_count > MOST_KEYFRAMES:
        return
    for keyframe in keyframes:
        frame = int(query.keyframes[keyframe])
        for box in dict.fromkeys((box_of(boxes, frame), WHOLE)):  # a dark edge may be taken for a bar
            picture = shrunk(cut(query.picture(keyframe), box), FINELY)
            for part, reference, theirs in _alike(picture, index):
                content = index.load(reference).content_box
                yield _hypothesis(part, content, reference, (frame, theirs), box)


def _alike(picture: Floats, index: ReferenceIndex) -> Iterator[tuple[Part, int, int]]:
    """Where the picture lies in the few references most like it, and in which frame of each."""
    known = index.tiny_pictures
    found = []
    for row, part in likeliest(picture, known, MOST_LIKELY):
        reference, theirs = int(known.owner[row]), int(known.frame[row])
        print_ = index.load(reference)
        thumbnail = cut(print_.thumbnail(theirs), print_.content_box)
        rough = placed(picture, thumbnail, part, side=ROUGHLY, steps=ROUGH_STEPS)
        found.append((rough, reference, theirs, thumbnail))
    found.sort(key=lambda one: -one[0].correlation)
    for rough, reference, theirs, thumbnail in found[:MOST_PROPOSED]:
        part = placed(picture, thumbnail, rough, side=FINELY, steps=FINE_STEPS)
        if part.correlation >= LEAST_ALIKE:
            yield part, reference, theirs


def _hypothesis(part: Part, content: Box, reference: int, anchor: tuple[int, int], box: Box) -> Hypothesis:
    """What lays the query's `box` over the part of the reference's `content`, its frame without bars."""
    orientation = Orientation.MIRRORED if part.mirrored else Orientation.UPRIGHT
    return Hypothesis(
        reference=reference,
        matrix=inverse(box_to_unit(content)) @ boxes_map(box, part.box, orientation),
        tier="crop",
        anchors=(anchor,),
        query_box=box,
    )
