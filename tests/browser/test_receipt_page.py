"""The page that checks a receipt, opened from disk in a real browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Page

from answerable.audit.errors import AnswerableError
from answerable.audit.offline.receipt_page import empty_page, receipt_page
from answerable.audit.tree.notes import VerifierKey
from answerable.audit.tree.receipts import open_proof
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.browser

GOLDEN: Final = REPOSITORY / "tests" / "golden" / "audit" / "tree"
RECEIPT: Final = (GOLDEN / "entry-2.tlog-proof").read_text(encoding="utf-8")
VKEY: Final = (GOLDEN / "verifier-key.txt").read_text(encoding="utf-8").strip()
OTHER_KEY: Final = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
VECTORS: Final = REPOSITORY / "tests" / "conformance" / "vectors" / "proofs.json"
HEADER: Final = RECEIPT.split("\n")[1].removeprefix("extra ")
HASHES: Final = RECEIPT.split("\n")[3:6]
_RULES: Final = """async () => (await axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
})).violations.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ")).join(", "))"""


class Opened:
    """The page in a browser, and everything it asked for or complained about."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self._folder = folder
        self.heard: list[str] = []
        page.on("request", lambda request: self.heard.append(request.url))
        page.on("console", lambda message: self.heard.append(message.text))

    def show(self, html: str) -> None:
        place = self._folder / "receipt.html"
        place.write_text(html, encoding="utf-8")
        self.page.goto(place.as_uri())
        self.heard[:] = [heard for heard in self.heard if heard != place.as_uri()]

    def check(self, receipt: str, vkey: str = VKEY) -> str:
        self.page.locator("#receipt").fill(receipt)
        self.page.locator("#key").fill(vkey)
        self.page.evaluate("document.getElementById('result').replaceChildren()")
        self.page.locator("#check").click()
        return self.result()

    def result(self) -> str:
        section = self.page.locator("#result section")
        section.wait_for()
        assert self.page.locator("#result section").count() == 1
        return str(section.get_attribute("class"))

    @property
    def text(self) -> str:
        return self.page.locator("#result").inner_text()


@pytest.fixture
def opened(chromium_page: Page, tmp_path: Path) -> Iterator[Opened]:
    made = Opened(chromium_page, tmp_path)
    made.show(empty_page())
    yield made
    assert made.heard == []


def swapped(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def with_header(change: Callable[[bytes], bytes]) -> str:
    changed = change(base64.b64decode(HEADER))
    return swapped(RECEIPT, HEADER, base64.b64encode(changed).decode())


def test_the_policy_allows_this_script_and_this_style_and_nothing_else() -> None:
    page = empty_page()
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert found is not None
    hashes = {}
    for tag in ("script", "style"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        hashes[tag] = f"'sha256-{digest}'"
    assert found[1] == (
        f"default-src 'none'; script-src {hashes['script']}; style-src {hashes['style']}; "
        "base-uri 'none'; form-action 'none'"
    )
    assert page.count("<script") == page.count("<style") == 1
    assert not re.search(r"https?:|//[a-z]|\son[a-z]+=|style=|src=|href=|innerHTML|eval", page)


def test_a_good_receipt_holds_and_says_what_was_decided(opened: Opened) -> None:
    opened.show(receipt_page(RECEIPT, VKEY))
    assert opened.result() == "holds"
    proven = json.loads(open_proof(RECEIPT, VKEY).header)
    for said in ("The decision stands in the log", "decline", proven["function"], proven["id"]):
        assert said in opened.text
    assert "entry 2, counted from 0, of 5" in opened.text
    assert "September" in opened.text
    assert "example.org/lending/2026" in opened.text
    shown = opened.page.locator("#fingerprint").inner_text().replace(" ", "")
    assert f"sha256:{shown}" == VerifierKey.parse(VKEY).fingerprint


def test_a_receipt_dropped_as_a_file_is_checked(opened: Opened, tmp_path: Path) -> None:
    opened.page.locator("#key").fill(VKEY)
    file = tmp_path / "decision.tlog-proof"
    file.write_text(RECEIPT, encoding="utf-8")
    opened.page.locator("#file").set_input_files(file)
    assert opened.result() == "holds"
    opened.page.locator("#file").set_input_files(
        {"name": "large", "mimeType": "text/plain", "buffer": b"x" * 2_000_000}
    )
    opened.page.locator("#result .broken").wait_for()


BROKEN: Final[dict[str, tuple[str, str, str]]] = {
    "nothing": ("", VKEY, "form of the receipt"),
    "junk": ("Dear applicant,\n\nwe regret", VKEY, "form of the receipt"),
    "markup": ("<script>alert(1)</script>", VKEY, "form of the receipt"),
    "truncated in the path": ("\n".join(RECEIPT.split("\n")[:4]), VKEY, "form of the receipt"),
    "truncated in the signature": (RECEIPT[:-20], VKEY, "signed checkpoint"),
    "without its header": ("\n".join(RECEIPT.split("\n")[:1] + RECEIPT.split("\n")[2:]), VKEY,
                           "form of the receipt"),
    "tampered outcome": (with_header(lambda data: data.replace(b"decline", b"approve")), VKEY,
                         "path to the signed root"),
    "one bit of the header": (with_header(lambda data: bytes([data[0] ^ 1]) + data[1:]), VKEY,
                              "path to the signed root"),
    "a wrong hash": (swapped(RECEIPT, HASHES[0], base64.b64encode(bytes(32)).decode()), VKEY,
                     "path to the signed root"),
    "a hash of 31 bytes": (swapped(RECEIPT, HASHES[0], base64.b64encode(bytes(31)).decode()),
                           VKEY, "path to the signed root"),
    "a hash that is not base64": (swapped(RECEIPT, HASHES[0], HASHES[0][:-2] + "!="), VKEY,
                                  "form of the receipt"),
    "a missing hash": (swapped(RECEIPT, HASHES[1] + "\n", ""), VKEY, "path to the signed root"),
    "hashes swapped": (swapped(RECEIPT, f"{HASHES[0]}\n{HASHES[1]}", f"{HASHES[1]}\n{HASHES[0]}"),
                       VKEY, "path to the signed root"),
    "another place": (swapped(RECEIPT, "index 2", "index 3"), VKEY, "path to the signed root"),
    "a place beyond the tree": (swapped(RECEIPT, "index 2", "index 5"), VKEY,
                                "path to the signed root"),
    "a place in another spelling": (swapped(RECEIPT, "index 2", "index 02"), VKEY,
                                    "form of the receipt"),
    "another size": (swapped(RECEIPT, "\n5\n", "\n6\n"), VKEY, "signed checkpoint"),
    "another origin": (swapped(RECEIPT, "\nexample.org/lending/2026\n", "\nexample.org/other\n"),
                       VKEY, "signed checkpoint"),
    "another key": (RECEIPT, OTHER_KEY, "signed checkpoint"),
    "a key of another number": (RECEIPT, VKEY.replace("734eb5f8", "734eb5f9"), "verification key"),
    "no key": (RECEIPT, "", "verification key"),
    "half a key": (RECEIPT, VKEY[:40], "verification key"),
}  # fmt: skip


def test_a_broken_receipt_names_the_layer_and_is_never_green(opened: Opened) -> None:
    for name, (receipt, vkey, layer) in BROKEN.items():
        with pytest.raises(AnswerableError):
            open_proof(receipt, vkey)
        assert opened.check(receipt, vkey) == "broken", name
        assert opened.text.splitlines()[-1] == f"Found by: the {layer}", name


def test_every_vector_of_the_tree_is_judged_as_python_does(opened: Opened) -> None:
    judged = opened.page.evaluate(
        """async (vectors) => {
          const bytes = (text) =>
            Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
          return Promise.all(vectors.map(async (given) => {
            const root = await pathRoot(bytes(given.leaf), BigInt(given.seq), BigInt(given.size),
                                        given.path.map(bytes));
            return root !== null && hex(root) === given.root;
          }));
        }""",
        json.loads(VECTORS.read_text(encoding="utf-8"))["inclusion"],
    )
    given = json.loads(VECTORS.read_text(encoding="utf-8"))["inclusion"]
    assert judged == [vector["good"] for vector in given]


@pytest.mark.parametrize(
    "header",
    ['{"a": 1}', '{"b":1,"a":1}', '{"a":1,"a":1}', '{"a":1.5}', '{"a":9007199254740993}',
     '{"a":null}', '{"a":"\\u00e4"}', "[]", "null", "{", '{"v":2,"ts":1}', '{"v":1}'],
)  # fmt: skip
def test_a_header_that_is_not_in_the_one_form_is_refused(opened: Opened, header: str) -> None:
    why = opened.page.evaluate(
        """(text) => {
          try { readHeader(utf8(text)); return "accepted"; } catch (error) { return error.layer; }
        }""",
        header,
    )
    assert why == "header"


def test_a_browser_without_ed25519_says_so_and_never_shows_green(
    chromium_page: Page, tmp_path: Path
) -> None:
    """The browser's own functions are taken away before the page runs, as older ones lack them."""
    for lack in (
        "SubtleCrypto.prototype.importKey = () => Promise.reject("
        "new DOMException('Unrecognized name', 'NotSupportedError'))",
        "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })",
    ):
        context = chromium_page.context.browser
        assert context is not None
        fresh = context.new_page()
        fresh.add_init_script(lack)
        opened = Opened(fresh, tmp_path)
        opened.show(receipt_page(RECEIPT, VKEY))
        assert opened.result() == "open"
        assert "cannot check the signature" in opened.text
        assert fresh.locator(".holds").count() == 0
        fresh.close()


def test_the_page_speaks_german_and_can_be_switched(opened: Opened) -> None:
    opened.show(receipt_page(RECEIPT, VKEY, language="de"))
    assert opened.result() == "holds"
    assert "Die Entscheidung steht im Protokoll" in opened.text
    opened.page.get_by_role("button", name="English").click()
    opened.page.get_by_text("The decision stands in the log").wait_for()
    assert opened.page.locator("html").get_attribute("lang") == "en"
    assert opened.page.title() == "Check a receipt"


def test_both_languages_have_every_word(opened: Opened) -> None:
    shapes = opened.page.evaluate(
        """() => ["en", "de"].map((lang) => JSON.stringify(WORDS[lang], (key, value) =>
             typeof value === "string" ? value.length > 0 : value))"""
    )
    assert shapes[0] == shapes[1]
    assert "false" not in shapes[0]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("receipt", [RECEIPT, RECEIPT.replace("index 2", "index 1"), ""])
def test_axe_finds_nothing_in_either_scheme_and_it_fits_a_phone(
    opened: Opened, axe_source: str, language: Literal["en", "de"], receipt: str
) -> None:
    opened.show(receipt_page(receipt, VKEY, language=language))
    if receipt:
        opened.result()
    opened.page.evaluate(axe_source)
    schemes: list[Literal["light", "dark"]] = ["light", "dark"]
    for scheme in schemes:
        opened.page.emulate_media(color_scheme=scheme)
        assert opened.page.evaluate(_RULES) == []
    opened.page.set_viewport_size({"width": 320, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_everything_can_be_done_with_the_keyboard(opened: Opened) -> None:
    reached = []
    for _ in range(6):
        opened.page.keyboard.press("Tab")
        reached.append(opened.page.evaluate("document.activeElement.id"))
    assert reached == ["en", "de", "receipt", "file", "key", "check"]


def test_what_a_receipt_says_is_shown_as_text(opened: Opened) -> None:
    shown: Any = opened.page.evaluate(
        """() => {
          const entry = { ts: 1, kind: "<b>decision</b>", outcome: "<img src=x>", log: "l" };
          show("holds", "t", made("dl", "", ...factsOf({ entry, place: "0", size: 1n }, WORDS.en)));
          return document.querySelectorAll("#result b, #result img").length;
        }"""
    )
    assert shown == 0
    assert "<img src=x>" in opened.text
