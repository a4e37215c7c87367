"""Errors as the records that reports and the ledger keep, and back.

In: an error, or the state of a post that could not be had. Out: a `Problem`; and for a report without
a finding, the error that stands for it in a listing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from verify import errors
from verify.errors import PermanentError, VerifyError
from verify.model import Post, PostState, Problem, Report

_OF_STATE: dict[PostState, type[VerifyError]] = {
    PostState.OK_NO_MEDIA: errors.PostWithoutMedia,
    PostState.DELETED: errors.PostDeleted,
    PostState.SUSPENDED: errors.AccountSuspended,
    PostState.PROTECTED: errors.PostProtected,
    PostState.AGE_RESTRICTED: errors.AgeRestricted,
    PostState.WITHHELD_IN_COUNTRY: errors.WithheldInCountry,
    PostState.LOGIN_REQUIRED: errors.LoginRequired,
    PostState.RATE_LIMITED: errors.RateLimited,
    PostState.NOT_FOUND_UNCONFIRMED: errors.PostNotFound,
    PostState.UNSUPPORTED_URL: errors.UnsupportedUrl,
    PostState.NETWORK_ERROR: errors.NetworkFailed,
    PostState.BAD_RESPONSE: errors.BadResponse,
}


def problem(stage: str, error: VerifyError) -> Problem:
    return Problem(
        stage=stage, code=error.code, sentence=str(error), permanent=isinstance(error, PermanentError)
    )


def error_of(post: Post) -> VerifyError | None:
    """Why the post gives no media; None when it does."""
    kind = _OF_STATE.get(post.state)
    if kind is None:
        return None
    if post.state is PostState.NETWORK_ERROR and post.attempts:  # the log knows more than the state says
        kind = _by_code().get(post.attempts[-1].outcome, kind)
    return kind()


def reason_of(report: Report) -> VerifyError:
    """The first problem of a report without a finding, as an error."""
    media = (medium.problem for medium in report.media if medium.problem)
    for found in chain(report.problems, media):
        kind = _by_code()[found.code]
        sentence = str(kind())
        return kind(found.sentence.removeprefix(sentence).strip().removeprefix("(").removesuffix(")"))
    return errors.PostWithoutMedia()


def _by_code() -> dict[str, type[VerifyError]]:
    return {kind.code: kind for kind in _tree(VerifyError)}


def _tree(kind: type[VerifyError]) -> Iterator[type[VerifyError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _tree(child)
