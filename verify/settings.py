"""Every knob: `VERIFY_<NAME>`, its default, its unit and one line on what it does.

Read once from the environment by the faces (CLI, API, workers) and passed down; nothing below them
reads the environment. A test holds the README's table to this list.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of one process. Raises pydantic's ValidationError on a wrong value."""

    model_config = SettingsConfigDict(env_prefix="VERIFY_", frozen=True, extra="ignore")

    home: Path = Field(
        default=Path("~/.local/share/verify"), description="folder that holds everything stored"
    )
    database_url: str = Field(default="", description="SQLAlchemy URL; empty: SQLite in VERIFY_HOME")
    broker_url: SecretStr = Field(
        default=SecretStr(""), description="Redis URL of Celery's broker; empty: the embedded mode, no broker"
    )
    blobs_url: str = Field(
        default="", description="s3://bucket/prefix for the files; empty: a folder in VERIFY_HOME"
    )
    s3_endpoint_url: str = Field(
        default="", description="address of the S3-compatible server; empty: Amazon's own"
    )
    item_soft_seconds: float = Field(
        default=240, gt=0, description="time one attempt at an item may take before it is stopped, seconds"
    )
    item_hard_seconds: float = Field(
        default=300, gt=0, description="time after which the worker process is ended with it, seconds"
    )
    log_format: str = Field(
        default="text", pattern="^(text|json)$", description="form of the log lines: text or json"
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="least level that is logged: DEBUG, INFO, WARNING or ERROR",
    )
    allow_private_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="host:port pairs that may be private, separated by commas"
    )
    x_syndication_url: str = Field(
        default="https://cdn.syndication.twimg.com", description="base URL of X's syndication endpoint"
    )
    x_api_url: str = Field(default="https://api.x.com", description="base URL of X's API v2")
    x_bearer_token: SecretStr = Field(
        default=SecretStr(""), description="bearer token for X's API v2; empty: that source is off"
    )
    x_fxembed_url: str = Field(
        default="",
        description="base URL of an FxEmbed-compatible mirror; empty: off, nothing leaks to third parties",
    )
    x_oembed_url: str = Field(
        default="https://publish.twitter.com", description="base URL of X's oEmbed endpoint"
    )
    bluesky_url: str = Field(
        default="https://public.api.bsky.app", description="base URL of Bluesky's public API"
    )
    telegram_url: str = Field(default="https://t.me", description="base URL of Telegram's public post pages")
    reddit_url: str = Field(default="https://www.reddit.com", description="base URL of Reddit's JSON pages")
    ytdlp_seconds: float = Field(default=90, gt=0, description="time yt-dlp may take for one post, seconds")
    ytdlp_cookies: Path | None = Field(
        default=None, description="cookie file given to yt-dlp, in Netscape's format; none unless named here"
    )
    host_map: Annotated[tuple[tuple[str, str], ...], NoDecode] = Field(
        default=(),
        description="host=base URL pairs that stand in for federated hosts and web pages, by commas",
    )
    offline: bool = Field(default=False, description="use only stored answers, send nothing")
    cache_seconds: float = Field(
        default=900, ge=0, description="age up to which a stored answer is used as it is, seconds"
    )
    connect_seconds: float = Field(default=5, gt=0, description="longest wait for a connection, seconds")
    read_seconds: float = Field(default=10, gt=0, description="longest silence of a server, seconds")
    least_bytes_per_second: int = Field(
        default=4096,
        ge=0,
        description="slowest download kept going after its first 10 seconds, bytes per second",
    )
    fetch_tries: int = Field(
        default=3, ge=1, le=10, description="times one request is tried when the failure may pass"
    )
    retry_seconds: float = Field(
        default=1, ge=0, description="first pause before another try, doubled each time, seconds"
    )
    longest_retry_after_seconds: float = Field(
        default=30,
        ge=0,
        description="longest pause asked for by a server that is waited out at once, seconds",
    )
    host_requests_per_second: float = Field(
        default=2, gt=0, description="requests sent to one host once its burst of 10 is used up, per second"
    )
    user_agent_contact: str = Field(
        default="", description="address that servers can complain to, sent in User-Agent"
    )
    max_video_bytes: int = Field(
        default=200 * 2**20, ge=1, description="largest video fetched or read, bytes"
    )
    max_image_bytes: int = Field(default=20 * 2**20, ge=1, description="largest image fetched or read, bytes")
    fetch_seconds: float = Field(
        default=120, gt=0, description="longest whole fetch by the wall clock, seconds"
    )
    free_disk_bytes: int = Field(default=2**30, ge=0, description="least free disk space kept, bytes")
    decode_cpu_seconds: int = Field(default=60, ge=1, description="CPU time a decoder child may use, seconds")
    decode_wall_seconds: float = Field(
        default=180, gt=0, description="time a decoder child may take, seconds"
    )
    decode_memory_bytes: int = Field(
        default=2 * 2**30, ge=2**28, description="address space of a decoder child, bytes"
    )
    timestamp_authorities: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="RFC 3161 timestamp authorities, asked in turn, separated by commas"
    )
    sandbox: str = Field(
        default="auto",
        pattern="^(auto|bwrap|rlimit)$",
        description="isolation of the decoder child: auto, bwrap or rlimit",
    )

    @field_validator("host_map", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = (part.partition("=") for part in value.split(",") if part.strip())
        return tuple((host.strip().lower(), base.strip().rstrip("/")) for host, _, base in pairs)

    @field_validator("allow_private_hosts", "timestamp_authorities", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )
