"""Addresses in, the addresses where a person can look further by hand out.

Nothing is fetched; the links tell their targets only what the reader chooses to follow.
"""

from __future__ import annotations

from urllib.parse import quote

from verify.reports.inert import is_plain_address

Links = tuple[tuple[str, str], ...]  # (name, address)


def searches(url: str) -> Links:
    """Reverse image searches for a picture's public address; without one, the engines' upload pages."""
    if not is_plain_address(url):
        return (
            ("Google Lens", "https://lens.google.com/"),
            ("Yandex", "https://yandex.com/images/"),
            ("Bing", "https://www.bing.com/visualsearch"),
            ("TinEye", "https://tineye.com/"),
        )
    address = quote(url, safe="")
    return (
        ("Google Lens", f"https://lens.google.com/uploadbyurl?url={address}"),
        ("Yandex", f"https://yandex.com/images/search?rpt=imageview&url={address}"),
        ("Bing", f"https://www.bing.com/images/search?view=detailv2&iss=sbi&q=imgurl:{address}"),
        ("TinEye", f"https://tineye.com/search?url={address}"),
    )


def archives(url: str) -> Links:
    """Where archived captures of a page are listed."""
    if not is_plain_address(url):
        return ()
    return (
        ("Wayback Machine", f"https://web.archive.org/web/*/{quote(url, safe=':/?&=%')}"),
        ("archive.today", f"https://archive.ph/{quote(url, safe=':/?&=%')}"),
    )


def map_of(latitude: float, longitude: float) -> str:
    """A map of the place, degrees north and east."""
    return f"https://www.openstreetmap.org/?mlat={latitude:.5f}&mlon={longitude:.5f}#map=13/{latitude:.5f}/{longitude:.5f}"
