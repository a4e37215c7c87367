"""From an address to bytes on disk: judged, logged, hashed while they stream.

In: addresses that strangers wrote. Out: answers and stored files, and every request made on the way.
Refused: whatever is not public, too large, too slow, or not footage. Entry points: `client.GuardedClient`
for answers, `download.Downloader` for media, `log.AcquisitionLog` for what happened.
"""
