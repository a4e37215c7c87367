"""Every knob: `VERIFY_<NAME>`, its default, its unit and one line on what it does.

Read once from the environment by the faces (CLI, API, workers) and passed down; nothing below them
reads the environment. A test holds the README's table to this list.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic import field_validator


class Settings(BaseSettings):
    """The settings of one process. Raises pydantic's ValidationError on a wrong value."""

    model_config = SettingsConfigDict(env_prefix="VERIFY_", frozen=True, extra="ignore")

    home: Path = Field(default=Path("~/.local/share/verify"), description="folder that holds everything stored")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty: SQLite in VERIFY_HOME")
    allow_private_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="host:port pairs that may be private, separated by commas"
    )
    x_syndication_url: str = Field(
        default="https://cdn.syndication.twimg.com", description="base URL of X's syndication endpoint"
    )
    user_agent_contact: str = Field(default="", description="address that servers can complain to, sent in User-Agent")
    max_video_bytes: int = Field(default=200 * 2**20, ge=1, description="largest video fetched or read, bytes")
    max_image_bytes: int = Field(default=20 * 2**20, ge=1, description="largest image fetched or read, bytes")
    fetch_seconds: float = Field(default=120, gt=0, description="longest whole fetch by the wall clock, seconds")
    free_disk_bytes: int = Field(default=2**30, ge=0, description="least free disk space kept, bytes")
    decode_cpu_seconds: int = Field(default=60, ge=1, description="CPU time a decoder child may use, seconds")
    decode_wall_seconds: float = Field(default=180, gt=0, description="time a decoder child may take, seconds")
    decode_memory_bytes: int = Field(default=2 * 2**30, ge=2**28, description="address space of a decoder child, bytes")
    sandbox: str = Field(
        default="auto", pattern="^(auto|bwrap|rlimit)$", description="isolation of the decoder child: auto, bwrap or rlimit"
    )

    @field_validator("allow_private_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
