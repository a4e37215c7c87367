"""From an item to its report: the one place that joins the stages."""

from __future__ import annotations

from verify.pipeline.intake import Intake, Submission
from verify.pipeline.parts import CODE_VERSION, Parts, SearchedSet
from verify.pipeline.records import Stage
from verify.pipeline.run import Watch
from verify.pipeline.spine import Pipeline

__all__ = ["CODE_VERSION", "Intake", "Parts", "Pipeline", "SearchedSet", "Stage", "Submission", "Watch"]
