"""Who may do what: users with passwords, keys for programs, and the sessions of signed-in browsers.

In: names, secrets as typed or sent. Out: records without secrets. Passwords are kept as scrypt, keys
and session tokens as sha256; a secret is shown once, when it is made, and never stored. Refuses a
name that is taken and unknown identifiers (UsageError).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Row, delete, func, insert, select, update

from verify.errors import NoSuchRecord, UsageError
from verify.store.database import Database
from verify.store.tables import api_keys, sessions, users

SESSION_SECONDS = 12 * 3600  # a working day
KEY_PREFIX = "vk_"  # so that leaked keys can be found by scanners
SHORTEST_PASSWORD = 10  # characters
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}  # OWASP password storage: 16 MiB, about 50 ms
_DEFAULT_PER_MINUTE = 600


class Scope(StrEnum):
    """What a caller may do. `admin` includes the others."""

    READ = "read"
    QUEUE = "queue"
    CURATE = "curate"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    id: str
    name: str
    scopes: frozenset[Scope]
    per_minute: int  #: requests
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key just made, with the only copy of its secret."""

    key: ApiKey
    secret: str = field(repr=False)


class People:
    """Users, keys and sessions of one database."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._clock = clock

    # --- users --------------------------------------------------------------------------------

    def add_user(self, name: str, password: str, scopes: Collection[Scope]) -> User:
        """The new user. Raises UsageError for a taken or empty name and for a short password."""
        if not name.strip() or len(name) > 128:
            raise UsageError("a user's name has 1 to 128 characters")
        user = User(id=secrets.token_hex(8), name=name, scopes=frozenset(scopes), created_at=self._clock())
        values = {
            "id": user.id,
            "name": name,
            "password": _hashed(password),
            "scopes": _written(scopes),
            "created_at": user.created_at,
        }
        with self._database.writing() as connection:
            if connection.execute(select(users.c.id).where(users.c.name == name)).first():
                raise UsageError(f"there is a user {name!r} already")
            connection.execute(insert(users).values(values))
        return user

    def set_password(self, name: str, password: str) -> None:
        """Changes the password and ends the user's sessions. Raises NoSuchRecord, UsageError."""
        self._change_user(name, {"password": _hashed(password)})

    def disable_user(self, name: str) -> None:
        """Ends what the user may do; what they said of reports stays. Raises NoSuchRecord."""
        self._change_user(name, {"disabled_at": self._clock()})

    def list_users(self) -> Sequence[User]:
        with self._database.reading() as connection:
            return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]

    def _change_user(self, name: str, values: dict[str, object]) -> None:
        with self._database.writing() as connection:
            changed = update(users).where(users.c.name == name).values(values).returning(users.c.id)
            user_id = connection.execute(changed).scalar_one_or_none()
            if user_id is None:
                raise NoSuchRecord(f"user {name}")
            connection.execute(delete(sessions).where(sessions.c.user_id == user_id))

    # --- sessions -----------------------------------------------------------------------------

    def sign_in(self, name: str, password: str) -> str | None:
        """A session token; None when name and password do not go together."""
        with self._database.reading() as connection:
            row = connection.execute(select(users).where(users.c.name == name)).one_or_none()
        # An unknown name costs as much time as a wrong password.
        stored = row.password if row is not None and row.disabled_at is None else _NOBODY
        if not _matches(password, stored) or row is None:
            return None
        token = secrets.token_urlsafe(32)
        now = self._clock()
        values = {
            "token_sha256": _sha256(token),
            "user_id": row.id,
            "created_at": now,
            "expires_at": now + timedelta(seconds=SESSION_SECONDS),
        }
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires_at < now))
            connection.execute(insert(sessions).values(values))
        return token

    def session_user(self, token: str) -> User | None:
        """Whose session it is; None when it ended."""
        query = (
            select(users)
            .join(sessions, sessions.c.user_id == users.c.id)
            .where(sessions.c.token_sha256 == _sha256(token), sessions.c.expires_at > self._clock())
            .where(users.c.disabled_at.is_(None))
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return _user(row) if row is not None else None

    def sign_out(self, token: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.token_sha256 == _sha256(token)))

    # --- keys ---------------------------------------------------------------------------------

    def add_key(
        self, name: str, scopes: Collection[Scope], *, per_minute: int = _DEFAULT_PER_MINUTE
    ) -> NewApiKey:
        """A new key for a program; its secret is shown this once."""
        secret = KEY_PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(
            id=secrets.token_hex(8),
            name=name[:128],
            scopes=frozenset(scopes),
            per_minute=per_minute,
            created_at=self._clock(),
        )
        values = {
            "id": key.id,
            "name": key.name,
            "key_sha256": _sha256(secret),
            "scopes": _written(scopes),
            "per_minute": per_minute,
            "created_at": key.created_at,
        }
        with self._database.writing() as connection:
            connection.execute(insert(api_keys).values(values))
        return NewApiKey(key=key, secret=secret)

    def key_of(self, secret: str) -> ApiKey | None:
        """The key with that secret; None when there is none or it was revoked."""
        sent = _sha256(secret)
        query = select(api_keys).where(api_keys.c.key_sha256 == sent, api_keys.c.revoked_at.is_(None))
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or not hmac.compare_digest(row.key_sha256, sent):
            return None
        return _key(row)

    def revoke_key(self, key_id: str) -> None:
        """Ends the key. Raises NoSuchRecord."""
        with self._database.writing() as connection:
            changed = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            if not connection.execute(changed.values(revoked_at=self._clock())).rowcount:
                raise NoSuchRecord(f"key {key_id}")

    def list_keys(self) -> Sequence[ApiKey]:
        with self._database.reading() as connection:
            return [_key(row) for row in connection.execute(select(api_keys).order_by(api_keys.c.created_at))]

    def is_anyone(self) -> bool:
        """Whether there is any user or key that can be used."""
        with self._database.reading() as connection:
            active = select(func.count()).select_from(users).where(users.c.disabled_at.is_(None))
            keys = select(func.count()).select_from(api_keys).where(api_keys.c.revoked_at.is_(None))
            return bool(connection.execute(active).scalar_one() or connection.execute(keys).scalar_one())


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(
        id=row.id,
        name=row.name,
        scopes=_read(row.scopes),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )


def _key(row: Row[tuple[object, ...]]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        scopes=_read(row.scopes),
        per_minute=row.per_minute,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


def _written(scopes: Collection[Scope]) -> str:
    return " ".join(scope for scope in Scope if scope in scopes)


def _read(text: str) -> frozenset[Scope]:
    return frozenset(Scope(word) for word in text.split())


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _hashed(password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise UsageError(f"a password has {SHORTEST_PASSWORD} characters or more")
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_scrypt(password, salt).hex()}"


def _matches(password: str, stored: str) -> bool:
    _, salt, digest = stored.split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass")[:1024], salt=salt, **_SCRYPT)


_NOBODY = f"scrypt${bytes(16).hex()}${bytes(64).hex()}"
