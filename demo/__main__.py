"""`make demo`: the case this project began with, from the post's address to the report.

A post of 20 February 2020 claims to show M113 and M60T at Al-Nayrab "1 hour ago". Its video is a
mirrored, cropped and re-encoded piece of a clip that the reference set holds since 24 August 2016,
from Al-Rai. Footage, post and clips are made by this program; everything runs on this machine, through
the same commands that a person types. Writes into demo-output/ and nowhere else.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from demo.footage import clip, reposted, write_video
from demo.server import POST_URL, TEXT, serving

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = Path("demo-output")  # below ROOT
CROP = 0.12  # of each side
CUT = (7.3, 13.5)  # seconds of the older clip that the post shows

CONVOY = [11, 12, 13, 14]  # the seeds of each clip's scenes
OTHERS = {"harbour": [21, 22], "checkpoint": [31, 32, 33]}

CONVOY_FACTS = [
    "--title", "Convoy on the road to Al-Rai (demonstration data)",
    "--source-url", "https://example.org/2016/08/24/convoy",
    "--first-seen", "2016-08-24",
    "--first-seen-basis", "publication",
    "--place", "Al-Rai, Syria",
    "--lat", "36.6156",
    "--lon", "37.4473",
    "--equipment", "M60T",
    "--note", "Rendered by code; stands for a clip whose publication in 2016 is on record",
]  # fmt: skip


def main() -> int:
    os.chdir(ROOT)
    shutil.rmtree(OUTPUT, ignore_errors=True)
    footage = OUTPUT / "footage"
    footage.mkdir(parents=True)
    tell("Rendering the footage (demonstration data, drawn by code: nothing here shows a real event) ...")
    render(footage)
    with serving(footage / "post.mp4") as authority:
        environment = os.environ | {
            "VERIFY_HOME": str(ROOT / OUTPUT / "home"),
            "VERIFY_X_SYNDICATION_URL": f"http://{authority}",
            "VERIFY_ALLOW_PRIVATE_HOSTS": authority,
        }
        tell(f'\nThe post, played by a server on this machine:\n  {POST_URL}\n  "{TEXT}"\n')
        tell("The reference set: three clips, one of them published in 2016.")
        verify(environment, "reference", "add", str(footage / "convoy.mp4"), *CONVOY_FACTS)
        for name in OTHERS:
            verify(
                environment,
                "reference",
                "add",
                str(footage / f"{name}.mp4"),
                "--title",
                f"{name} (demonstration)",
            )
        tell("\nThe check:")
        code = verify(environment, "check", POST_URL, "--out", str(OUTPUT / "report"))
    pages = sorted((OUTPUT / "report").glob("*.html"))
    if code or len(pages) != 1:
        tell("The demonstration failed: the lines above say where.")
        return 1
    tell(f"The report, one page to open in a browser:\n  {pages[0]}")
    tell(f"Its data:\n  {pages[0].with_suffix('.json')}")
    return 0


def render(folder: Path) -> None:
    """The reference clips, and what the re-poster made of one of them."""
    write_video(folder / "convoy.mp4", clip(CONVOY), quality=21)
    for name, seeds in OTHERS.items():
        write_video(folder / f"{name}.mp4", clip(seeds), quality=21)
    start, end = CUT
    write_video(folder / "post.mp4", reposted(clip(CONVOY), start=start, end=end, crop=CROP), quality=30)


def verify(environment: dict[str, str], *arguments: str) -> int:
    """Runs the command a person would type, shows it, and gives its exit code."""
    tell(f"$ verify {shlex.join(arguments)}")
    return subprocess.run(
        [sys.executable, "-m", "verify.cli", *arguments], env=environment, check=False
    ).returncode


def tell(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
