"""What the API takes and gives: the documented shapes. Unknown fields are refused and named."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from verify.model import (
    DateBasisKind,
    FindingLabel,
    ItemState,
    Judgement,
    JudgementKind,
    MediaKind,
    Provenance,
    Rating,
    Reference,
)
from verify.references.exchange import Imported
from verify.reports.words import doing
from verify.store.items import Item
from verify.store.joining import Accepted
from verify.store.people import ApiKey, Scope
from verify.store.references import ReferencePicture
from verify.store.webhooks import Delivery, DeliveryState, Webhook

LARGEST_BATCH = 100

#: NUL cannot be stored in PostgreSQL, and no address or name holds one.
_NO_NUL = r"^[^\x00]*$"
Line = Annotated[str, StringConstraints(max_length=2_048, pattern=_NO_NUL)]
Words = Annotated[str, StringConstraints(max_length=20_000, pattern=_NO_NUL)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[0-9a-zA-Z_-]{1,64}$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


Priority = Literal["breaking", "normal", "bulk"]


class ItemIn(_In):
    """One post or media address to check."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2_048, pattern=_NO_NUL)]
    claim: Words = ""
    note: Words = ""
    posted_at: AwareDatetime | None = None
    priority: Priority = "normal"


class BatchIn(_In):
    """Up to 100 items, accepted together or not at all."""

    items: Annotated[list[ItemIn], Field(min_length=1, max_length=LARGEST_BATCH)]


def _tag(body: object) -> str:
    return "batch" if isinstance(body, BatchIn) or (isinstance(body, dict) and "items" in body) else "item"


#: Told apart by the field `items`, so that what is wrong is said of the one that was meant.
ItemsIn = Annotated[Annotated[ItemIn, Tag("item")] | Annotated[BatchIn, Tag("batch")], Discriminator(_tag)]


class ItemOut(BaseModel):
    """An item of the queue."""

    id: str
    submitted: str
    key: str
    claim: str
    note: str
    posted_at: datetime | None
    state: ItemState
    stage: str
    doing: str
    """The stage in words."""
    progress: float | None
    finding: FindingLabel | None
    error_code: str
    error_sentence: str
    priority: Priority
    run: int
    attempts: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, item: Item) -> Self:
        names = ItemOut.model_fields.keys() - {"priority", "doing"}
        values = {name: getattr(item, name) for name in names}
        # The ledger's records are typed already; checking fifty of them again is half the time of a list.
        return cls.model_construct(**values, doing=doing(item.stage), priority=item.priority.name.lower())


class AcceptedOut(ItemOut):
    """What a request became: an item of its own, or the one that asks the same and was there before."""

    joined: bool

    @classmethod
    def told(cls, accepted: Accepted) -> Self:
        return cls.model_construct(**dict(ItemOut.of(accepted.item)), joined=accepted.joined)


class AcceptedItemsOut(BaseModel):
    """One for each request, in their order."""

    items: list[AcceptedOut]


class ItemsOut(BaseModel):
    """A page of items, newest first."""

    items: list[ItemOut]
    next_cursor: str | None = None


class ProvenanceIn(_In):
    """What is known of a reference, and on what basis."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=2_048, pattern=_NO_NUL)]
    source_url: Line = ""
    archive_url: Line = ""
    first_seen: Annotated[str, StringConstraints(max_length=40)] = ""
    first_seen_basis: DateBasisKind | None = None
    place: Line = ""
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    place_radius_km: float | None = Field(default=None, gt=0, le=20_000)
    equipment: Annotated[list[Line], Field(max_length=100)] = []
    claimed: Words = ""
    note: Words = ""

    def record(self, *, added_by: str) -> Provenance:
        values = self.model_dump() | {"equipment": tuple(self.equipment)}
        return Provenance(**values, added_by=added_by)


class ReferenceIn(_In):
    """Footage at an address, for the reference set."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2_048, pattern=_NO_NUL)]
    provenance: ProvenanceIn


class PictureOut(BaseModel):
    time_us: int
    sha256: str


class ReferenceOut(BaseModel):
    """A reference with its provenance and the pictures to know it by."""

    id: str
    sha256: str
    kind: MediaKind
    mime: str
    size_bytes: int
    width: int
    height: int
    duration_us: int
    provenance: ProvenanceIn
    added_by: str
    added_at: datetime
    pictures: list[PictureOut]

    @classmethod
    def of(
        cls, reference: Reference, pictures: list[ReferencePicture] | tuple[ReferencePicture, ...]
    ) -> Self:
        known, media, shape = reference.provenance, reference.media, reference.metadata
        named = {name: getattr(known, name) for name in ProvenanceIn.model_fields}
        return cls(
            id=reference.id,
            sha256=media.sha256,
            kind=media.kind,
            mime=media.mime,
            size_bytes=media.size_bytes,
            width=shape.width,
            height=shape.height,
            duration_us=shape.duration_us,
            provenance=ProvenanceIn.model_construct(**named | {"equipment": list(known.equipment)}),
            added_by=known.added_by,
            added_at=reference.added_at,
            pictures=[PictureOut(time_us=picture.time_us, sha256=picture.sha256) for picture in pictures],
        )


class ReferencesOut(BaseModel):
    references: list[ReferenceOut]
    count: int  #: in the whole set


class AddedOut(BaseModel):
    """What adding gave: the same bytes twice are one reference."""

    reference: ReferenceOut
    is_new: bool


class BadLineOut(BaseModel):
    number: int
    sentence: str


class ImportedOut(BaseModel):
    """What came of an import."""

    added: int
    known: int
    bad: list[BadLineOut]

    @classmethod
    def of(cls, imported: Imported) -> Self:
        bad = [BadLineOut(number=line.number, sentence=line.sentence) for line in imported.bad]
        return cls(added=imported.added, known=imported.known, bad=bad)


class JudgementIn(_In):
    """A person's statement. A match is named by its medium, its reference and its span."""

    kind: JudgementKind
    media_sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""
    reference_id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{0,64}$")] = ""
    query_start_us: int | None = Field(default=None, ge=0, lt=2**62)
    query_end_us: int | None = Field(default=None, ge=0, lt=2**62)
    rating: Rating | None = None
    note: Words = ""
    by: Annotated[str, StringConstraints(max_length=100, pattern=_NO_NUL)] = ""
    """Who says it, where nobody is signed in. A signed-in person speaks in their own name."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        match self.kind:
            case JudgementKind.CONFIRM | JudgementKind.REJECT:
                named = self.media_sha256 and self.reference_id and self.query_end_us is not None
                if not named or self.query_start_us is None:
                    raise ValueError("a match is named by media_sha256, reference_id and its query span")
            case JudgementKind.RATING if self.rating is None:
                raise ValueError("a rating is needed")
            case JudgementKind.NOTE if not self.note.strip():
                raise ValueError("a note is needed")
        return self


class JudgementOut(BaseModel):
    id: str
    item_id: str
    run: int
    kind: JudgementKind
    by: str
    at: datetime
    media_sha256: str
    reference_id: str
    query_start_us: int | None
    query_end_us: int | None
    rating: Rating | None
    note: str

    @classmethod
    def of(cls, said: Judgement) -> Self:
        names = cls.model_fields.keys() - {"query_start_us", "query_end_us"}
        return cls(
            **{name: getattr(said, name) for name in names},
            query_start_us=said.query.start_us if said.query else None,
            query_end_us=said.query.end_us if said.query else None,
        )


class JudgementsOut(BaseModel):
    judgements: list[JudgementOut]


class WebhookIn(_In):
    """An address that is called with a signed JSON document whenever an item ends."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2_048, pattern=r"^https?://[^\x00\s]+$")]


class WebhookOut(BaseModel):
    id: str
    url: str
    added_by: str
    created_at: datetime

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        return cls(**{name: getattr(webhook, name) for name in cls.model_fields})


class NewWebhookOut(BaseModel):
    """The secret is shown this once: it signs every call."""

    webhook: WebhookOut
    secret: str


class WebhooksOut(BaseModel):
    webhooks: list[WebhookOut]


class DeliveryOut(BaseModel):
    item_id: str
    run: int
    state: DeliveryState
    attempts: int
    not_before: datetime
    last_status: int | None
    last_error: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(**{name: getattr(delivery, name) for name in cls.model_fields})


class DeliveriesOut(BaseModel):
    deliveries: list[DeliveryOut]


class KeyIn(_In):
    name: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_NO_NUL)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=4)]
    per_minute: int = Field(default=600, ge=1, le=100_000)


class KeyOut(BaseModel):
    id: str
    name: str
    scopes: list[Scope]
    per_minute: int
    created_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        values = {name: getattr(key, name) for name in cls.model_fields}
        return cls(**values | {"scopes": sorted(key.scopes)})


class KeysOut(BaseModel):
    keys: list[KeyOut]


class NewKeyOut(BaseModel):
    """The secret is shown this once; only its sha256 is kept."""

    key: KeyOut
    secret: str
