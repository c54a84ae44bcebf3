import inspect

import pytest

from answerable.audit import errors
from answerable.audit.errors import AnswerableError, InvalidInput, MissingExtra

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, AnswerableError)
]


def test_an_error_says_where_what_and_what_to_do_in_one_line() -> None:
    error = InvalidInput("the threshold is missing", where="policy.yaml:3", remedy="Add it.")
    assert str(error) == "policy.yaml:3: the threshold is missing. Add it."
    assert (error.what, error.where, error.remedy) == (
        "the threshold is missing",
        "policy.yaml:3",
        "Add it.",
    )


@pytest.mark.parametrize("what", ["is it so?", "stop!", "done."])
def test_a_sentence_that_ends_gets_no_second_stop(what: str) -> None:
    assert str(InvalidInput(what)) == what


def test_a_missing_extra_names_the_command_that_installs_it() -> None:
    error = MissingExtra("models", needed_for="XGBoost files")
    assert error.extra == "models"
    assert "pip install 'answerable[models]'" in str(error)


def test_every_class_has_a_code_of_its_own() -> None:
    codes = [cls.code for cls in CLASSES]
    assert len(set(codes)) == len(codes)


def test_every_class_is_drawn_in_the_tree_and_exported() -> None:
    assert {cls.__name__ for cls in CLASSES} == set(errors.__all__)
    for cls in CLASSES:
        assert f"-- {cls.__name__}" in (errors.__doc__ or "") or cls is AnswerableError


def test_none_of_our_errors_is_a_builtin_one() -> None:
    assert not any(issubclass(cls, ValueError | KeyError | RuntimeError) for cls in CLASSES)
