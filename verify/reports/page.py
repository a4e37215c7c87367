"""A `Report` and its pictures in, one self-contained HTML file out.

Pictures are inside as data URIs, the one style sheet is inside and named by its hash in the page's own
Content-Security-Policy, there is no script and nothing is fetched. Jinja2 escapes everything; the
filters of `inert` and `words` do the rest. The web pages render the same body with other picture
addresses.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from verify.model import Judgement, Report
from verify.reports import inert, next_steps, words
from verify.reports.view import view

_POLICY = "default-src 'none'; img-src data:; style-src '{}'; base-uri 'none'; form-action 'none'"


@cache
def environment() -> Environment:
    """The templates of this room, with autoescape on and an error for every undefined name."""
    made = Environment(
        loader=PackageLoader("verify.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # they are part of the installed program
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(visible=inert.visible, drawn=inert.drawn, clean=inert.clean, link=inert.link)
    made.filters.update(
        clock=words.clock, moment=words.moment, stretch=words.stretch, seconds=words.seconds, size=words.size
    )
    made.filters.update(instant=words.instant, stamp=words.stamp, probability=words.probability)
    made.globals.update(finding_words=words.FINDINGS, state_words=words.STATES, rating_words=words.RATINGS)
    made.globals.update(archive_links=next_steps.archives, search_links=next_steps.searches)
    made.globals.update(map_link=next_steps.map_of, percent=words.percent)
    return made


def style() -> str:
    """The style sheet that every page of the product shares."""
    return files("verify.reports").joinpath("templates/report.css").read_text(encoding="utf-8")


def to_html(report: Report, pictures: Mapping[str, bytes], judgements: Sequence[Judgement] = ()) -> str:
    """The report as one HTML file, with what people said of it.

    `pictures` holds the JPEG bytes by sha256; a picture that is missing is named, not hidden.
    """
    shown = view(report, judgements)
    sheet = f"{style()}\n{shown.rules}\n"
    return (
        environment()
        .get_template("report.html")
        .render(
            view=shown,
            sheet=Markup(sheet),  # noqa: S704 - our own sheet and numbers, no text of a post
            policy=_POLICY.format(sheet_source(sheet)),
            picture=_as_data(pictures),
            judge=None,
            stepping=None,
        )
    )


def sheet_source(sheet: str) -> str:
    """The source expression that lets exactly this style sheet into a Content-Security-Policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()}"


def _as_data(pictures: Mapping[str, bytes]) -> Callable[[str], str]:
    def address(sha256: str) -> str:
        jpeg = pictures.get(sha256)
        return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else ""

    return address
