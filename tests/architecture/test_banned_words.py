"""No text of the project promises what nobody can keep."""

from pathlib import Path

import pytest

from tests.architecture.seeding import load_tool, write_tree

banned_words = load_tool("banned_words")


@pytest.mark.parametrize(
    "text",
    [
        "This yields a fair model.",
        "A Fair Model",
        "fair\n    # models",
        "an unbiased estimate",
        "un-biased, non-biased",
        "debias the data",
        "after de-biasing",
        "debiased_scores are",
        "bias-free decisions",
        "free of any bias",
        "GDPR compliant",
        "GDPR-compliant",
        "ensures GDPR compliance",
        "is compliant with the GDPR",
        "complies with the AI Act",
        "ensures fairness",
        "ein faires Modell",
        "DSGVO-konform",
        "diskriminierungsfreie Entscheidungen",
    ],
)
def test_a_promise_is_found(text: str) -> None:
    assert list(banned_words.find_banned(f"First line.\n{text}\n"))


@pytest.mark.parametrize(
    "text",
    [
        "It assesses the model and says whether it meets the threshold.",
        "a fairness assessment of the model",
        "fairlearn mitigates",
        "an affair modelled on",
        "The bias of the estimator is below 0.01.",
        "Article 15 of the GDPR gives a right of access.",
    ],
)
def test_plain_wording_passes(text: str) -> None:
    assert list(banned_words.find_banned(text)) == []


def test_every_kind_of_text_file_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["README.md", "api/page.html.j2", "audit/x.py", "explain/c.yaml", "docs/adr/1.md"]
    write_tree(tmp_path, dict.fromkeys(names, "one\nan unbiased view\n"))
    assert banned_words.main(tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{name}:2: banned-word: unbiased" for name in sorted(names)]


def test_the_exemptions_are_the_list_and_its_proof(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exempt = ["tools/banned_words.py", "tests/architecture/test_banned_words.py"]
    write_tree(tmp_path, dict.fromkeys(exempt, "an unbiased view\n"))
    assert banned_words.main(tmp_path) == 0
    assert capsys.readouterr().out == ""
