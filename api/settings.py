"""Every setting of a process, read once at the door.

Values come from keyword arguments or from environment variables with the prefix
``ANSWERABLE_``. Nothing below the wiring reads the environment. No setting holds a
secret: keys live in `key_dir`, database passwords in the URL the operator gives.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from answerable.audit.errors import InvalidInput

__all__ = ["Settings", "load_settings"]

Mode = Literal["log_before_release", "anchored", "fail_open"]

_SQLITE = re.compile(r"^sqlite(\+\w+)?:///(?P<path>[^?]+)(\?.*)?$")


class Settings(BaseSettings):
    """Settings of one process; each has a default that works on one machine."""

    model_config = SettingsConfigDict(env_prefix="ANSWERABLE_", extra="forbid", frozen=True)

    database_url: str = "sqlite:///answerable.db"
    """SQLAlchemy URL of the log: SQLite or PostgreSQL."""
    state_url: str = ""
    """SQLAlchemy URL of API keys and sessions; empty: a SQLite file beside a SQLite log,
    the log's own server otherwise (own tables, never in the log's)."""
    key_dir: Path = Path("~/.answerable/keys")
    """Folder of the pepper, bucket keys and the log's signing key (0700). Never the
    database's own folder: whoever copies or restores the database must not get the keys."""
    head_file: str = ""
    """File of the outside head, the newest signed checkpoint; empty: ``<key_dir>.head``
    beside the key folder. Never in the database's folder, nor in its backups."""
    head_url: str = ""
    """SQLAlchemy URL of a second database that keeps the outside head instead of the file."""
    write_once_dir: str = ""
    """Existing folder, best on storage that refuses changes, that gets every anchored
    checkpoint as a file of its own; empty: none."""
    timestamp_url: str = ""
    """Address of an RFC 3161 timestamp authority; empty: none. Needs the extra
    ``timestamp`` and `timestamp_certificate`."""
    timestamp_certificate: str = ""
    """PEM file with the authority's root certificate and its intermediates."""
    key_url: str = ""
    """SQLAlchemy URL of a second database that holds the keys instead of `key_dir`, for several
    workers or pods; under other credentials than the log's, and sealed: needs `kms_dir`."""
    kms_dir: Path | None = None
    """Folder of the master key (0700) under which keys lie sealed; empty: they lie in `key_dir`
    as they are. Away from `key_dir`, the databases, and the backups of either."""
    key_backup_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    """For how many days backups of the keys are kept; only stated: by ``doctor`` and in receipts
    of erasures, which such a backup can undo. Empty: not stated."""
    artefact_dir: Path = Path("artefacts")
    """Content-addressed store of model files, policies, catalogues and cards."""
    origin: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9./_-]{0,199}$")] = "answerable.local/log"
    """Name of the log; one per organisation, part of every proof."""
    public_url: str = "http://127.0.0.1:8000"
    """Address under which people reach this service; used in letters and sign-in links. Where it is
    not set, a sign-in link begins with `host` and `port`."""
    host: str = "127.0.0.1"
    """Address ``serve`` listens on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port ``serve`` listens on."""
    body_limit_bytes: Annotated[int, Field(ge=1024)] = 1_000_000
    """Largest request body that is read; more is answered with 413."""
    in_flight_limit: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Requests below ``/v1`` that may be under way at once; more is answered with 429."""
    rate_limit: str = "600/minute"
    """Requests per API key (or address), in the notation of the limits library."""
    actor: Annotated[str, Field(pattern=r"^(a-[0-9a-f]{32})?$")] = ""
    """Reference of the actor the command line acts as; empty: the local operator."""
    review_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Days within which a contested decision must be reviewed."""
    creditor_address: str = ""
    """Postal address of who decides; required by Regulation B letters."""
    authority: str = ""
    """Name and address of the supervisory authority for complaints; required by letters
    under GDPR Art. 15."""
    federal_agency: str = ""
    """Name and address of the agency named in a Regulation B notice."""
    data_source: str = ""
    """Where data about applicants comes from; required by letters under GDPR Art. 15."""
    consumer_report: str = ""
    """``none``, or name, address and telephone of the bureau whose reports are used; empty:
    not stated, and Regulation B letters are refused."""
    release_mode: Mode = "log_before_release"
    """What must be true before a decision is handed out: ``log_before_release`` (it is in the
    log), ``anchored`` (and the outside head covers it) or ``fail_open`` (it is in the log, or in
    the spool while the database is not available)."""
    release_modes: dict[str, Mode] = Field(default_factory=dict)
    """Use cases that have another mode, by name, as JSON: ``{"loan": "fail_open"}``."""
    spool_dir: Path = Path("spool")
    """Folder where decisions wait during an outage (0700, encrypted). On a disk of its own, never
    in a backup: it can hold data of persons who are erased meanwhile."""
    spool_limit_bytes: Annotated[int, Field(ge=65_536)] = 268_435_456
    """How much may wait in the spool; when it is full, decisions are refused."""
    tend_seconds: Annotated[int, Field(ge=1, le=3600)] = 5
    """How often ``serve`` tries a log that failed and replays the spool."""
    checkpoint_seconds: Annotated[int, Field(ge=1, le=86_400)] = 1
    """How often ``serve`` signs a checkpoint and moves the outside head while entries are added,
    in seconds; a failed try is repeated after `tend_seconds`."""
    anchor_seconds: Annotated[int, Field(ge=60, le=2_678_400)] = 3600
    """How often ``serve`` shows the newest checkpoint to `write_once_dir` and `timestamp_url` while
    entries are added, in seconds; a failed try is repeated after a minute."""
    clock_source: str = ""
    """Reference time the machine's clock is synchronised to, for example ``ntp.example.org``; only
    stated, by ``doctor``."""
    log_level: Annotated[str, Field(pattern=r"^(debug|info|warning|error)$")] = "info"
    """``debug``, ``info``, ``warning`` or ``error``."""

    @field_validator("rate_limit")
    @classmethod
    def _readable_limit(cls, value: str) -> str:
        if not re.fullmatch(r"\d{1,9}/(second|minute|hour|day)", value):
            message = "a limit like 600/minute"
            raise ValueError(message)
        return value

    @field_validator("key_dir", "artefact_dir", "spool_dir")
    @classmethod
    def _home(cls, value: Path) -> Path:
        return value.expanduser()

    @field_validator("head_file", "write_once_dir", "timestamp_certificate")
    @classmethod
    def _home_of_text(cls, value: str) -> str:
        return str(Path(value).expanduser()) if value else value

    @model_validator(mode="after")
    def _head_apart(self) -> Self:
        database = self.database_file
        if self.head_url and self.head_url == self.database_url:
            message = "head_url must be another database than the log's"
            raise ValueError(message)
        if not self.head_file or database is None:
            return self
        if Path(self.head_file).resolve().parent == database.resolve().parent:
            message = "head_file must not be in the folder of the database"
            raise ValueError(message)
        return self

    @field_validator("kms_dir", "key_backup_days", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("kms_dir")
    @classmethod
    def _home_of_service(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser()

    @model_validator(mode="after")
    def _vault_apart(self) -> Self:
        database = self.database_file
        folders = [self.key_dir.resolve(), *([database.resolve().parent] if database else [])]
        message = ""
        if self.key_url and self.key_url == self.database_url:
            message = "key_url must be another database than the log's"
        elif self.key_url and self.kms_dir is None:
            message = "key_url needs kms_dir: keys in a database are sealed"
        elif self.kms_dir is not None and self.kms_dir.resolve() in folders:
            message = "kms_dir must not be the folder of the keys or of the database"
        if message:
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _keys_apart(self) -> Self:
        database = self.database_file
        if database is not None and self.key_dir.resolve() == database.resolve().parent:
            message = "key_dir must not be the folder of the database"
            raise ValueError(message)
        return self

    @property
    def address(self) -> str:
        """Where people reach the service: as stated, else where ``serve`` listens."""
        if "public_url" in self.model_fields_set:
            return self.public_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def database_file(self) -> Path | None:
        """Path of a SQLite log, or None for another database."""
        match = _SQLITE.match(self.database_url)
        return Path(match["path"]) if match else None

    @property
    def head_path(self) -> Path:
        """Path of the outside head, when a file keeps it."""
        return Path(self.head_file) if self.head_file else Path(f"{self.key_dir}.head")

    @property
    def key_place(self) -> str:
        """Where the keys lie, in words: a folder, or a database without its credentials."""
        return "the key database (key_url)" if self.key_url else str(self.key_dir)

    @property
    def state_database_url(self) -> str:
        """URL of the mutable state, with the default filled in."""
        if self.state_url:
            return self.state_url
        database = self.database_file
        if database is None:
            return self.database_url
        return f"sqlite:///{database.with_name(database.stem + '.state.db')}"


def load_settings(**given: object) -> Settings:
    """Return the settings; keyword arguments win over the environment.

    Parameters
    ----------
    **given : object
        Settings by name.

    Returns
    -------
    Settings
        Frozen settings.

    Raises
    ------
    InvalidInput
        If a value is unknown or out of range; the message names the setting, never
        its value.

    Examples
    --------
    >>> load_settings(origin="example.org/log").origin
    'example.org/log'
    """
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        names = ", ".join(
            ".".join(str(part) for part in item["loc"]) or item["msg"] for item in error.errors()
        )
        raise InvalidInput(
            f"a setting is not usable: {names}",
            where="settings",
            remedy="Settings are environment variables that begin with ANSWERABLE_.",
        ) from None
