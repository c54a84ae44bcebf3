"""The client sends what the service asks for and raises what the service raised."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from answerable.api.client import AnswerableClient
from answerable.api.http.errors import problem_of
from answerable.audit import errors

SUBJECT = "cust-4711"
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


class Service:
    """Remembers what was asked and answers the same to everything."""

    def __init__(self, answer: Callable[[], httpx.Response]) -> None:
        self.asked: list[httpx.Request] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answer()


def client_of(service: Callable[[httpx.Request], httpx.Response]) -> AnswerableClient:
    http = httpx.Client(transport=httpx.MockTransport(service), base_url="https://bank.example")
    return AnswerableClient("https://bank.example", "ank_key", http=http)


def _classes() -> list[type[errors.AnswerableError]]:
    # The tree as it is published: what the store raises to itself never leaves it. And of a
    # service that lacks an extra, its caller can only know that it failed.
    published = [getattr(errors, name) for name in errors.__all__]
    return [kind for kind in published if kind is not errors.MissingExtra]


@pytest.mark.parametrize("kind", _classes(), ids=lambda kind: kind.__name__)
def test_each_error_arrives_as_the_class_the_service_raised(
    kind: type[errors.AnswerableError],
) -> None:
    def answer() -> httpx.Response:
        sent = problem_of(kind("what happened", remedy="What to do."))
        return httpx.Response(sent.status_code, content=bytes(sent.body))

    with client_of(Service(answer)) as client, pytest.raises(errors.AnswerableError) as caught:
        client.head()
    assert type(caught.value) is kind
    assert "what happened" in str(caught.value)
    assert "What to do." in str(caught.value)


def test_refused_fields_are_named() -> None:
    problem = {
        "type": "urn:answerable:problem:invalid-input",
        "status": 422,
        "errors": [{"pointer": "/body/inputs", "code": "missing"}],
    }
    service = Service(lambda: httpx.Response(422, json=problem))
    with (
        client_of(service) as client,
        pytest.raises(errors.InvalidInput, match="/body/inputs: missing"),
    ):
        client.evaluate_application({})


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, text="<html>a gateway</html>"),
        httpx.Response(500, json=["no", "problem"]),
        httpx.Response(503, json={}),
        httpx.Response(404, json={"type": 7}),
    ],
    ids=["a page", "a list", "nothing", "a number for a type"],
)
def test_an_answer_that_is_no_problem_is_still_one_of_our_errors(answer: httpx.Response) -> None:
    with client_of(Service(lambda: answer)) as client, pytest.raises(errors.AnswerableError):
        client.checkpoint()


def test_a_service_that_cannot_be_reached_is_unavailable_and_quotes_nothing() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        message = f"no route to {request.content!r}"
        raise httpx.ConnectError(message)

    with client_of(refuse) as client, pytest.raises(errors.Unavailable) as caught:
        client.find_subject(SUBJECT, purpose="test")
    assert SUBJECT not in str(caught.value)
    assert "ConnectError" in str(caught.value)


def test_every_request_carries_the_key_and_each_reading_its_purpose() -> None:
    service = Service(lambda: httpx.Response(200, json={}))
    with client_of(service) as client:
        client.decision(ID, purpose="p-1")
        client.answer(ID, purpose="p-2")
        client.explanation(ID, purpose="p-3")
        client.letter(ID, purpose="p-4", language="de")
        client.find_subject(SUBJECT, purpose="p-5")
        client.access_package("s-1", {}, purpose="p-6")
        client.evidence_pack([ID], purpose="p-7", contents="sealed", subject=None)
    assert {request.headers["authorization"] for request in service.asked} == {"Bearer ank_key"}
    purposes = [request.headers["answerable-purpose"] for request in service.asked]
    assert purposes == ["p-1", "p-2", "p-3", "p-4", "p-5", "p-6", "p-7"]
    assert json.loads(service.asked[6].content) == {"decisions": [ID], "contents": "sealed"}
    letter = service.asked[3]
    assert letter.headers["accept"] == "text/html"
    assert dict(letter.url.params) == {"view": "applicant_letter", "language": "de"}


def test_a_persons_identifier_travels_in_the_body_never_in_an_address() -> None:
    service = Service(lambda: httpx.Response(200, json={}))
    with client_of(service) as client:
        client.find_subject(SUBJECT, purpose="test")
        client.evaluate_application({"subjects": [{"subject_id": SUBJECT}]})
        client.contest(ID, f"{SUBJECT} disagrees")
    assert all(SUBJECT not in str(request.url) for request in service.asked)
    assert all(SUBJECT in request.content.decode() for request in service.asked)


def test_an_idempotency_key_is_sent_only_where_one_is_given() -> None:
    service = Service(lambda: httpx.Response(201, json={}))
    with client_of(service) as client:
        client.record_decision({"outcome": "approve"}, idempotency_key="key-0001")
        client.record_decision({"outcome": "approve"})
    first, second = service.asked
    assert first.headers["idempotency-key"] == "key-0001"
    assert "idempotency-key" not in second.headers
    assert json.loads(first.content) == {"outcome": "approve"}


def test_the_connection_is_closed_with_the_client() -> None:
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={})))
    with AnswerableClient("https://bank.example", "k", http=http):
        assert not http.is_closed
    assert http.is_closed
