"""The explanation format and the letters, from fixed values.

Run as ``python -m tests.golden.explain_files`` to write letters anew after a change of their
words; a frozen record format is written once and never again.
"""

from pathlib import Path
from typing import Final

from answerable.explain.letters import VIEWS, letter_languages, render_letter
from tests.unit.explain import letters_kit, loan

FOLDER: Final = Path(__file__).resolve().parent / "explain"


def record_files() -> dict[str, bytes]:
    """Canonical bytes of explanations, by file name."""
    digests = {"function": loan.NIL, "catalogue": loan.NIL, "baseline": loan.NIL}
    by_rule = letters_kit.knocked_out().model_copy(update=digests)
    return {
        "explanation.v1.json": letters_kit.declined(**digests).to_json(),
        "explanation-by-rule.v1.json": by_rule.to_json(),
    }


def letter_files() -> dict[str, bytes]:
    """Letters by file name: text of all views, pages of the applicant's letter."""
    files: dict[str, bytes] = {}
    for language in letter_languages():
        for view in VIEWS:
            letter = render_letter(letters_kit.facts(), view=view, language=language)
            files[f"{view}.{language}.txt"] = letter.text.encode()
            if view == "applicant_letter":
                files[f"{view}.{language}.html"] = letter.html.encode()
        facts = letters_kit.facts(letters_kit.knocked_out())
        letter = render_letter(facts, view="applicant_letter", language=language)
        files[f"applicant_letter_by_rule.{language}.txt"] = letter.text.encode()
    return files


def main() -> None:
    """Write the letters, and record formats that are new."""
    FOLDER.mkdir(exist_ok=True)
    for name, data in letter_files().items():
        (FOLDER / name).write_bytes(data)
    for name, data in record_files().items():
        if not (FOLDER / name).exists():
            (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
