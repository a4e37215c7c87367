"""The reference index when the processes that write it are killed: what is left is whole, or built again."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.rig import ROOT
from tests.unit.test_index import entry, found, name_of, never
from verify.matching.index import ReferenceIndex
from verify.matching.shard import Shard
from verify.references.shards import ShardFolder

KILLS = 4

#: Adds and removes references without end, as checks by workers do while the set changes.
CHANGING = """
import random, sys
from pathlib import Path
from tests.unit.test_index import entry, name_of
from verify.references.shards import ShardFolder
numbers = {name_of(number): number for number in range(10)}
folder = ShardFolder(Path(sys.argv[1]))
print("changing", flush=True)
while True:
    wanted = {name_of(number): "v0" for number in random.sample(range(10), random.randint(1, 9))}
    folder.complete(wanted, lambda name: entry(numbers[name], 0))
"""


def test_killed_writers_leave_an_index_that_is_whole(tmp_path: Path) -> None:
    chance = random.Random(1)
    numbers = {name_of(number): number for number in range(10)}
    wanted = dict.fromkeys(numbers, "v0")
    expected = found(ReferenceIndex([Shard.build(entry(number, 0) for number in range(10))], never, wanted))
    for _ in range(KILLS):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", CHANGING, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
            )
            for _ in range(2)
        ]
        for writer in writers:
            with writer:
                assert writer.stdout is not None
                assert writer.stdout.readline() == "changing\n"
                time.sleep(chance.uniform(0, 0.5))
                writer.kill()
        cover = ShardFolder(tmp_path).complete(wanted, lambda name: entry(numbers[name], 0))
        assert found(ReferenceIndex([part.shard for part in cover.parts], never, wanted)) == expected
