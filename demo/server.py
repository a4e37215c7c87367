"""A web server on this machine that stands in for X: one post's syndication answer, and its video.

The post is made up after the kind that this project began with. Nothing is asked of X itself.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

X_EPOCH_MS = 1288834974657  #: where X counts its identifiers' milliseconds from
POSTED_AT = datetime(2020, 2, 20, 8, 10, tzinfo=UTC)
UPLOADED_AT = datetime(2020, 2, 20, 8, 9, 22, tzinfo=UTC)
HANDLE = "demo_frontline"
TEXT = (
    "Turkey backed Islamist militias are in heavy fight with #Syria Arab Army in Al-#Nayrab/#Neirab in "
    "#Idlib's countryside ... equipped with these M113 armoured carriers and M60T main battle tanks which "
    "can be seen in this video 1 hour ago [demonstration data]"
)


def snowflake(moment: datetime) -> int:
    """X's identifier for something made at `moment`."""
    return (int(moment.timestamp() * 1000) - X_EPOCH_MS) << 22


POST_ID = snowflake(POSTED_AT)
POST_URL = f"https://x.com/{HANDLE}/status/{POST_ID}"


def syndication_answer(video_url: str) -> dict[str, object]:
    """The post in the shape of X's syndication endpoint (handbook `posts.md` 2.2)."""
    thumbnail = f"https://pbs.twimg.com/ext_tw_video_thumb/{snowflake(UPLOADED_AT)}/pu/img/demo.jpg"
    variant = {"bitrate": 832000, "content_type": "video/mp4", "url": video_url}
    return {
        "__typename": "Tweet",
        "lang": "en",
        "created_at": POSTED_AT.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "display_text_range": [0, len(TEXT)],
        "id_str": str(POST_ID),
        "text": TEXT,
        "entities": {"hashtags": [], "urls": [], "user_mentions": [], "symbols": [], "media": []},
        "user": {"id_str": "1200000000", "name": "Frontline (demonstration)", "screen_name": HANDLE},
        "mediaDetails": [
            {
                "type": "video",
                "media_url_https": thumbnail,
                "original_info": {"width": 480, "height": 270},
                "video_info": {"aspect_ratio": [16, 9], "duration_millis": 6200, "variants": [variant]},
            }
        ],
    }


@contextmanager
def serving(video: Path) -> Iterator[str]:
    """Serves the post and its video until the block ends; yields "127.0.0.1:PORT"."""
    video_path = f"/ext_tw_video/{snowflake(UPLOADED_AT)}/pu/vid/480x270/demo.mp4"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path == "/tweet-result" and f"id={POST_ID}" in query:
                body = json.dumps(syndication_answer(f"http://{authority}{video_path}")).encode()
                self._answer("application/json", body)
            elif path == video_path:
                self._answer("video/mp4", video.read_bytes())
            else:
                self.send_error(404)

        def _answer(self, mime: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", mime)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    authority = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
