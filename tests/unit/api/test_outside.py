"""The outside head and anchors as the settings name them, with an authority over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from answerable.api.flows.anchoring import anchor_now
from answerable.api.flows.doctor import examine
from answerable.api.outside import outside_head, timestamp_anchor
from answerable.api.settings import Settings, load_settings
from answerable.api.wiring import create_workspace, open_workspace
from answerable.audit.anchors.timestamps import verify_timestamp
from answerable.audit.errors import InvalidInput, Unavailable
from answerable.audit.records import Role
from answerable.audit.store.outside_head import DatabaseHead
from tests.time_authority import TimeAuthority


class _Handler(BaseHTTPRequestHandler):
    authority: TimeAuthority

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"]))
        refused = self.path != "/tsa" or self.headers["Content-Type"] != (
            "application/timestamp-query"
        )
        body = b"" if refused else self.authority.answer(request)
        self.send_response(404 if refused else 200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def authority(tmp_path: Path) -> TimeAuthority:
    return TimeAuthority.create(tmp_path / "tsa", "Test Authority")


@pytest.fixture
def address(authority: TimeAuthority) -> Iterator[str]:
    handler = type("Handler", (_Handler,), {"authority": authority})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def settings_in(folder: Path, **more: object) -> Settings:
    return load_settings(
        database_url=f"sqlite:///{folder}/data/log.db",
        key_dir=folder / "keys",
        artefact_dir=folder / "artefacts",
        **more,
    )


def states(settings: Settings) -> dict[str, str]:
    return {check.name: check.state for check in examine(settings).checks}


def test_a_checkpoint_is_kept_with_what_every_anchor_said(
    tmp_path: Path, authority: TimeAuthority, address: str
) -> None:
    once = tmp_path / "once"
    once.mkdir()
    settings = settings_in(
        tmp_path,
        write_once_dir=str(once),
        timestamp_url=f"{address}/tsa",
        timestamp_certificate=str(authority.folder / "root.pem"),
    )
    with create_workspace(settings) as workspace:
        size, done = anchor_now(workspace)
        assert [(item.kind, item.error) for item in done] == [
            ("write-once", None),
            ("rfc3161", None),
        ]
        note = workspace.log.checkpoint()
        kept = {row.kind: row.data for row in workspace.log.anchors(size)}
        assert verify_timestamp(note, kept["rfc3161"], authority.trusted).ts > 0
        assert (once / kept["write-once"].decode()).read_text() == note
        anchor_now(workspace)
        # The same file again is kept once; another timestamp is another statement.
        assert [row.kind for row in workspace.log.anchors(size)] == [
            "write-once",
            "rfc3161",
            "rfc3161",
        ]
    assert [
        states(settings)[name] for name in ("outside head", "write-once folder", "timestamps")
    ] == ["good"] * 3


def test_an_anchor_that_fails_does_not_hold_up_the_others(
    tmp_path: Path, authority: TimeAuthority, address: str
) -> None:
    once = tmp_path / "once"
    once.mkdir()
    settings = settings_in(
        tmp_path,
        write_once_dir=str(once),
        timestamp_url=f"{address}/elsewhere",
        timestamp_certificate=str(authority.folder / "root.pem"),
    )
    with create_workspace(settings) as workspace:
        _, done = anchor_now(workspace)
    assert [item.error is None for item in done] == [True, False]
    assert "status 404" in str(done[1].error)


def test_an_authority_that_does_not_answer_is_told(
    tmp_path: Path, authority: TimeAuthority
) -> None:
    settings = settings_in(
        tmp_path,
        timestamp_url="http://127.0.0.1:9/tsa",
        timestamp_certificate=str(authority.folder / "root.pem"),
    )
    anchor = timestamp_anchor(settings)
    assert anchor is not None
    with pytest.raises(Unavailable, match="ConnectError"):
        anchor.anchor("a note\n")


def test_a_second_database_keeps_the_head(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, head_url=f"sqlite:///{tmp_path}/outside.db")
    with create_workspace(settings) as workspace:
        note = workspace.log.checkpoint()
    head = outside_head(settings, settings.origin)
    assert isinstance(head, DatabaseHead)
    assert head.read() == note
    head.close()
    assert not (tmp_path / "keys.head").exists()
    (tmp_path / "outside.db").unlink()
    with open_workspace(settings) as workspace:
        assert workspace.log.gap is not None
    assert states(settings)["outside head"] == "bad"


def test_the_doctor_says_what_is_missing_and_what_lies_in_the_wrong_place(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    create_workspace(settings).close()
    found = {check.name: check for check in examine(settings).checks}
    assert found["outside head"].state == "good"
    assert "not two histories shown to two people" in found["outside head"].advice
    for name in ("write-once folder", "timestamps", "witnesses"):
        assert found[name].state == "warning"
    beside = load_settings(
        database_url=f"sqlite:///{tmp_path}/one/log.db",
        key_dir=tmp_path / "one" / "keys",
        artefact_dir=tmp_path / "artefacts",
    )
    (tmp_path / "one").mkdir()
    create_workspace(beside).close()
    checks = {check.name: check for check in examine(beside).checks}
    assert checks["outside head"].state == "warning"
    assert "ANSWERABLE_HEAD_FILE" in checks["outside head"].advice


def test_the_doctor_warns_until_two_persons_could_sign_a_loss(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    create_workspace(settings).close()

    def register(role: Role, *, signs: bool) -> str:
        with open_workspace(settings) as workspace:
            number = len(workspace.directory.actors())
            key = f"{number:064x}" if signs else None
            workspace.directory.register(
                "Somebody", [role], public_key=key, service=role is Role.SERVICE
            )
        return states(settings)["signers of a loss"]

    assert states(settings)["signers of a loss"] == "warning"
    assert register(Role.COMPLIANCE, signs=True) == "warning"
    assert register(Role.MODEL_OWNER, signs=True) == "warning"
    assert register(Role.SERVICE, signs=True) == "warning"
    assert register(Role.OFFICER, signs=False) == "warning"
    assert register(Role.AUDITOR, signs=True) == "good"


def test_a_head_beside_the_database_that_is_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="head_file must not be in the folder"):
        settings_in(tmp_path, head_file=str(tmp_path / "data" / "head"))
