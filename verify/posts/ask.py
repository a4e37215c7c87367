"""Asking a source: one request, and what its answer means, written into the acquisition log.

In: an endpoint's address and the shape its answer is documented to have. Out: the answer, read into
that shape. Refused, each by its own error: statuses that say why, redirects to a login page, web pages
in place of data, cut-off JSON, and answers that lack a field, which is named (BadResponse).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from verify.errors import BadResponse, HttpRefused, LoginRequired, MediaGone, PostNotFound, VerifyError
from verify.fetch.client import API_MAX_BYTES, Answer, GuardedClient
from verify.fetch.download import looks_like_html
from verify.fetch.log import AcquisitionLog
from verify.fetch.statuses import status_error
from verify.settings import Settings

_LOGIN = re.compile(r"(?i)/(?:log_?in|sign_?in|auth)(?:\.\w+)?(?:/|\Z)")
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})")
_NO_HEADERS: Mapping[str, str] = {}


class Shape(BaseModel):
    """A documented answer: unknown fields are ignored, missing ones are named."""

    model_config = ConfigDict(extra="ignore", frozen=True)


Read = TypeVar("Read")
Kind = TypeVar("Kind", bound=Shape)


class Asker:
    """One post's questions: the client, the settings, and the log that every answer goes into."""

    def __init__(
        self, client: GuardedClient, settings: Settings, log: AcquisitionLog, *, fresh: bool = False
    ) -> None:
        self.settings = settings
        self.fresh = fresh  #: stored answers do not count
        self.log = log
        self._client = client

    def answer(
        self,
        url: str,
        *,
        source: str,
        accept: str = "application/json",
        headers: Mapping[str, str] = _NO_HEADERS,
        max_bytes: int = API_MAX_BYTES,
        max_redirects: int = 3,
        leave: tuple[str, ...] = (),
    ) -> Answer:
        """The answer of any status; raises what `GuardedClient.get` raises, and LoginRequired."""
        answer = self._client.get(
            url,
            source=source,
            log=self.log,
            accept=accept,
            headers=headers,
            max_bytes=max_bytes,
            max_redirects=max_redirects,
            fresh=self.fresh,
            leave=leave,
        )
        with self.concluding(answer):
            if _LOGIN.search(urlsplit(answer.url).path) and not _LOGIN.search(urlsplit(url).path):
                raise LoginRequired(answer.url[:200])
        return answer

    def egress(self, source: str) -> AbstractContextManager[str]:
        """A block with a guarded way out for a child process; each connection is logged."""
        return self._client.egress(source, self.log)

    def read(self, answer: Answer, reader: Callable[[Answer], Read]) -> Read:
        """`reader(answer)`; an error it raises becomes the outcome of the attempt."""
        with self.concluding(answer):
            return reader(answer)

    @contextmanager
    def concluding(self, answer: Answer) -> Iterator[None]:
        """An error raised inside is written down as what `answer` turned out to mean."""
        try:
            with misread_as_bad_response():
                yield
        except VerifyError as error:
            self.log.conclude(answer.attempt, outcome=error.code, detail=error.detail)
            raise


@contextmanager
def misread_as_bad_response() -> Iterator[None]:
    """What goes wrong inside while reading a foreign answer is that answer's fault: BadResponse."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise BadResponse(f"{type(error).__name__}: {error}"[:200]) from error


def decoded(answer: Answer) -> object:
    """The JSON value of an answer below 400.

    Raises what the status stands for (PostNotFound for 404 and 410) or BadResponse.
    """
    failure = status_error(answer.status, answer.headers)
    if isinstance(failure, MediaGone):
        raise PostNotFound(failure.detail)
    if failure is not None:
        raise failure
    if answer.status >= 300:
        raise HttpRefused(f"HTTP {answer.status}")
    if looks_like_html(answer.body):
        raise BadResponse("a web page in place of JSON")
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise BadResponse(f"no valid JSON: {error}"[:200]) from error


def shaped(kind: type[Kind], value: object) -> Kind:
    """`value` read as `kind`. Raises BadResponse naming the fields that are missing or wrong."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        flaws = (
            f"{'.'.join(map(str, flaw['loc'])) or 'answer'}: {flaw['msg'].lower()}" for flaw in error.errors()
        )
        raise BadResponse("; ".join(flaws)[:400]) from error


def error_words(answer: Answer) -> tuple[str, str]:
    """The `error` (or `reason`) and the `message` of a JSON error; empty when there are none."""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(value, dict):
        return "", ""
    return str(value.get("reason") or value.get("error") or ""), str(value.get("message") or "")


def page_text(answer: Answer) -> str:
    """The markup of a web page below 400, in its own encoding or UTF-8.

    Raises what the status stands for: PostNotFound for 404 and 410, LoginRequired for 401.
    """
    failure = status_error(answer.status, answer.headers)
    if isinstance(failure, MediaGone):
        raise PostNotFound(failure.detail)
    if answer.status == 401:
        raise LoginRequired("HTTP 401")
    if failure is not None:
        raise failure
    named = _CHARSET.search(answer.headers.get("content-type", "").encode() + answer.body[:2048])
    try:
        return answer.body.decode(named[1].decode() if named else "utf-8", "replace")
    except LookupError:
        return answer.body.decode("utf-8", "replace")


def error_code(answer: Answer) -> int:
    """The number that a JSON answer carries as its `code`; 0 for none."""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return 0
    code = value.get("code") if isinstance(value, dict) else None
    return code if isinstance(code, int) else 0
