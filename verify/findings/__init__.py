"""Match segments, provenance and claim in; a finding with its reasons out (pure).

Re-running `decide` on recorded facts gives the same finding. It knows no network, disk or clock, and
refuses to say more than the facts carry: dates of weak basis never decide, a later copy refutes nothing,
and no match is evidence of nothing.
"""

from __future__ import annotations

from verify.findings.decision import decide

__all__ = ["decide"]
