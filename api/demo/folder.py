"""Where the demonstration writes, and how a second run starts afresh.

The folder is emptied at the start of a run, so it must be one the demonstration made
itself: a marker file says so. Anything else is refused.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from answerable.api.private_files import private_folder
from answerable.api.settings import Settings, load_settings
from answerable.audit.errors import Conflict, Unavailable

__all__ = ["ORIGIN", "DemoFolder", "fresh_folder"]

ORIGIN: Final = "demo-bank.example/loan/2026"
_MARKER: Final = ".answerable-demo"


@dataclass(frozen=True)
class DemoFolder:
    """Paths of one demonstration."""

    root: Path

    @property
    def database(self) -> Path:
        """The log."""
        return self.root / "answerable.db"

    @property
    def keys(self) -> Path:
        """The key folder, beside and never inside the database's folder."""
        return self.root.with_name(f"{self.root.name}-keys")

    @property
    def signers(self) -> Path:
        """Signing keys of the demo users; in life each person keeps their own."""
        return self.keys / "signers"

    @property
    def outside(self) -> Path:
        """What leaves the house: checkpoints and receipts."""
        return self.root.with_name(f"{self.root.name}-outside")

    @property
    def tampered(self) -> Path:
        """The copy that is tampered with."""
        return self.root / "answerable.db.tampered"

    def make(self, name: str) -> Path:
        """Return a sub-folder, created when missing."""
        return private_folder(self.root / name)

    def settings(self, port: int) -> Settings:
        """Return the settings of the demonstration's service."""
        return load_settings(
            database_url=f"sqlite:///{self.database}",
            key_dir=self.keys / "vault",
            artefact_dir=self.root / "artefacts",
            spool_dir=self.root / "spool",
            origin=ORIGIN,
            public_url=f"http://127.0.0.1:{port}",
            port=port,
            rate_limit="100000/minute",
            log_level="warning",
        )

    def write_settings_file(self) -> None:
        """Write ``answerable.toml``, so that ``--db`` alone finds keys and artefacts."""
        text = (
            "# Settings of the demonstration; relative paths are relative to this file.\n"
            f'database_url = "sqlite:///{self.database.name}"\n'
            f'key_dir = "../{self.keys.name}/vault"\n'
            'artefact_dir = "artefacts"\n'
            'spool_dir = "spool"\n'
            f'origin = "{ORIGIN}"\n'
        )
        (self.root / "answerable.toml").write_text(text, encoding="utf-8")


def fresh_folder(root: Path) -> DemoFolder:
    """Return an empty demonstration folder, clearing an earlier demonstration.

    Parameters
    ----------
    root : Path
        Folder to use; created when missing.

    Returns
    -------
    DemoFolder
        With `root`, key folder and outside folder empty.

    Raises
    ------
    Conflict
        If the folder holds something the demonstration did not make.
    Unavailable
        If it cannot be written.
    """
    folder = DemoFolder(root.resolve())
    marked = (folder.root / _MARKER).is_file()
    if folder.root.exists() and not marked and any(folder.root.iterdir()):
        raise Conflict(
            "the folder holds files that are not the demonstration's",
            where=str(root),
            remedy="Name another folder with --folder.",
        )
    try:
        if marked:
            for path in (folder.root, folder.keys, folder.outside):
                shutil.rmtree(path, ignore_errors=False) if path.exists() else None
        private_folder(folder.root)
        (folder.root / _MARKER).write_text("made by answerable demo\n", encoding="utf-8")
        for path in (folder.keys, folder.signers, folder.outside):
            private_folder(path)
    except OSError as error:
        raise Unavailable(
            f"the folder cannot be written ({error.strerror})", where=str(root)
        ) from None
    return folder
