"""Load on the API: many readers and a batch writer while items are analysed, and how long they wait.

    python -m bench.load --readers 200 --seconds 30

Starts `verify serve` with two workers on a home of its own, adds a reference, queues rendered clips so that
both workers are busy, fills the ledger, and lets each reader ask for a list, an item, a report, a picture
or a page about every two seconds (the pace of a person or a polling script). Every fourth reader also
keeps a stream of the events of a page of items open, as a browser on the queue does. The readers come one
after the other over ten seconds; what they wait until five seconds later is told apart.
Prints the percentiles and the load average; exits with 1 when a read's p99 is 300 ms or more, or an answer
was an error.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import httpx2

from tests.footage import render_video

TARGET_SECONDS = 0.3  # p99 of reads: issue 7
THINK_SECONDS = 2.0  # on the average, between two requests of one reader
ARRIVING_SECONDS = 10  # over which the readers come; told apart from what follows
APART = ("batch write", "while arriving")
BATCH = 50
ITEMS = 500


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        url, server = start(home, chosen.workers)
        try:
            busy = prepare(url, home)
            waits, errors = asyncio.run(load(url, busy, readers=chosen.readers, seconds=chosen.seconds))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
    return told(waits, errors)


def start(home: Path, workers: int) -> tuple[str, subprocess.Popen[bytes]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "verify.cli", "serve", "--port", str(port), "--workers", str(workers)]
    environment = os.environ | {
        "VERIFY_HOME": str(home),
        "VERIFY_FREE_DISK_BYTES": "0",
        "VERIFY_LOG_LEVEL": "ERROR",
    }
    server = subprocess.Popen(command, env=environment)
    url = f"http://127.0.0.1:{port}"
    while True:
        try:
            httpx2.get(f"{url}/healthz", timeout=1)
        except httpx2.HTTPError:
            time.sleep(0.2)
        else:
            return url, server


def prepare(url: str, home: Path) -> list[str]:
    """An item to read and a picture of it; clips wait behind it to keep the workers busy."""
    clips = [home / f"{seed}.mp4" for seed in range(4)]
    for seed, clip in enumerate(clips):
        render_video(clip, seed=seed, seconds=20, size=(1280, 720))
    with httpx2.Client(base_url=url, timeout=60) as client:
        known = {"file": ("reference.mp4", clips[0].read_bytes())}
        client.post(
            "/api/v1/references/upload", files=known, data={"provenance": '{"title": "Convoy"}'}
        ).raise_for_status()
        render_video(clips[0], seed=0, start=4.0, seconds=12, size=(960, 540))
        first = client.post("/api/v1/items/upload", files={"file": ("0.mp4", clips[0].read_bytes())}).json()[
            "id"
        ]
        while client.get(f"/api/v1/items/{first}").json()["state"] != "done":
            time.sleep(0.5)
        for start_at in range(0, ITEMS, BATCH):
            urls = [
                {"url": f"https://x.com/a/status/{start_at + n + 1}", "priority": "bulk"}
                for n in range(BATCH)
            ]
            client.post("/api/v1/items", json={"items": urls}).raise_for_status()
        for number in range(40):
            clip = clips[number % len(clips)]
            client.post("/api/v1/items/upload", files={"file": (clip.name, clip.read_bytes())})
        report = client.get(f"/api/v1/items/{first}/report").json()
    return [first, report["media"][0]["keyframes"][0]["jpeg_sha256"]]


async def load(
    url: str, finished: list[str], *, readers: int, seconds: float
) -> tuple[dict[str, list[float]], list[str]]:
    """Seconds waited by kind of request, and what went wrong."""
    waits: dict[str, list[float]] = defaultdict(list)
    errors: list[str] = []
    settled = time.monotonic() + 1.5 * ARRIVING_SECONDS
    ends = settled + seconds
    listening: list[asyncio.Task[None]] = []
    limits = httpx2.Limits(max_connections=2 * readers, max_keepalive_connections=2 * readers)
    async with httpx2.AsyncClient(base_url=url, timeout=30, limits=limits) as client:

        async def ask(kind: str, method: str, path: str, **body: object) -> None:
            began = time.perf_counter()
            try:
                answer = await client.request(method, path, **body)  # type: ignore[arg-type] # json only
                if answer.status_code >= 400:
                    errors.append(f"{kind}: {answer.status_code}")
            except httpx2.HTTPError as error:
                errors.append(f"{kind}: {error!r}")
            arriving = time.monotonic() < settled
            waits["while arriving" if arriving else kind].append(time.perf_counter() - began)

        async def read(number: int) -> None:
            await asyncio.sleep(random.random() * ARRIVING_SECONDS)
            if number % 4 == 0:
                listening.append(asyncio.create_task(listen(client, seconds, waits["event heard"])))
            item = finished[0]
            reads = {
                "list": "/api/v1/items?limit=50",
                "item": f"/api/v1/items/{item}",
                "report": f"/api/v1/items/{item}/report",
                "page": f"/items/{item}",
                "picture": f"/api/v1/pictures/{finished[1]}",
                "queue page": "/",
            }
            while time.monotonic() < ends:
                kind = random.choice(tuple(reads))
                await ask(kind, "GET", reads[kind])
                await asyncio.sleep(random.expovariate(1 / THINK_SECONDS))

        async def write() -> None:
            number = 10**6
            while time.monotonic() < ends:
                urls = [
                    {"url": f"https://x.com/a/status/{number + n}", "priority": "bulk"} for n in range(BATCH)
                ]
                number += BATCH
                await ask("batch write", "POST", "/api/v1/items", json={"items": urls})
                await asyncio.sleep(1)

        await asyncio.gather(write(), *(read(number) for number in range(readers)))
        await asyncio.gather(*listening)
    return waits, errors


async def listen(client: httpx2.AsyncClient, seconds: float, heard: list[float]) -> None:
    """Hears of the changes of the newest items, and of those still to be worked on."""
    items = (await client.get("/api/v1/items?limit=50")).json()["items"]
    items += (await client.get("/api/v1/items?limit=50&state=running")).json()["items"]
    query = "&".join(f"item={item['id']}" for item in items)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds), client.stream("GET", f"/api/v1/events?{query}") as stream:
            async for line in stream.aiter_lines():
                heard += [0.0] * line.startswith("data:")


def told(waits: dict[str, list[float]], errors: list[str]) -> int:
    heard = len(waits.pop("event heard", []))
    reads = sorted(wait for kind, found in waits.items() if kind not in APART for wait in found)
    print(f"{'kind':12} {'requests':>8} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'max ms':>8}")
    for kind, found in {**waits, "all reads": reads}.items():
        ordered = sorted(found)
        figures = [
            1000 * ordered[min(int(len(ordered) * share), len(ordered) - 1)] for share in (0.5, 0.95, 0.99, 1)
        ]
        print(f"{kind:12} {len(found):8} " + " ".join(f"{figure:8.0f}" for figure in figures))
    print(f"{heard} events heard, {len(errors)} errors {sorted(set(errors))[:5]}")
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")
    return int(bool(errors) or reads[int(len(reads) * 0.99)] >= TARGET_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
