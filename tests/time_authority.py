"""A timestamp authority on this machine: OpenSSL's own, with certificates made for the test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from answerable.audit.anchors.timestamps import TrustedAuthority
from tests.conftest import skip_unless_ci

_CONFIG = """
[ tsa ]
default_tsa = tsa_config
[ tsa_config ]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[ req ]
distinguished_name = name
prompt = no
[ name ]
CN = {name}
[ root ]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[ signer ]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = {usage}
"""


@dataclass(frozen=True)
class TimeAuthority:
    """Answers requests with ``openssl ts``; its folder holds everything it needs."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, name: str, *, usage: str = "critical,timeStamping") -> Self:
        if shutil.which("openssl") is None:
            skip_unless_ci("openssl is missing: apt-get install openssl")
        folder.mkdir()
        made = cls(folder)
        config = folder / "config"
        config.write_text(_CONFIG.format(folder=folder, name=name, usage=usage))
        (folder / "serial").write_text("01\n")
        common = ("-config", config, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        made.openssl(
            "req", "-x509", "-nodes", "-days", "30", *common, "-extensions", "root",
            "-keyout", folder / "root.key", "-out", folder / "root.pem",
        )  # fmt: skip
        made.openssl(
            "req", "-new", "-nodes", *common, "-subj", f"/CN={name} signer",
            "-keyout", folder / "signer.key", "-out", folder / "signer.csr",
        )  # fmt: skip
        made.openssl(
            "x509", "-req", "-days", "30", "-in", folder / "signer.csr",
            "-CA", folder / "root.pem", "-CAkey", folder / "root.key", "-CAcreateserial",
            "-extfile", config, "-extensions", "signer", "-out", folder / "signer.pem",
        )  # fmt: skip
        return made

    @property
    def trusted(self) -> TrustedAuthority:
        return TrustedAuthority.parse((self.folder / "root.pem").read_bytes())

    def answer(self, request: bytes) -> bytes:
        """Return the timestamp response to a request."""
        query, reply = self.folder / "query.tsq", self.folder / "reply.tsr"
        query.write_bytes(request)
        self.openssl(
            "ts", "-reply", "-config", self.folder / "config", "-queryfile", query,
            "-signer", self.folder / "signer.pem", "-inkey", self.folder / "signer.key",
            "-out", reply,
        )  # fmt: skip
        return reply.read_bytes()

    def vouches(self, data: bytes, note: str) -> bool:
        """Whether OpenSSL itself verifies a response over a note."""
        reply, text = self.folder / "check.tsr", self.folder / "check.note"
        reply.write_bytes(data)
        text.write_text(note)
        done = subprocess.run(
            ["openssl", "ts", "-verify", "-in", reply, "-data", text,
             "-CAfile", self.folder / "root.pem"],
            capture_output=True, check=False,
        )  # fmt: skip
        return done.returncode == 0

    def openssl(self, *arguments: str | Path) -> None:
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def replaying(answer: bytes) -> Callable[[bytes], bytes]:
    """An authority in between that gives everybody the same old answer."""
    return lambda _request: answer
