"""The HTTP API as Python calls: JSON in, JSON out, errors as the classes the library raises.

A service needs two calls: :meth:`AnswerableClient.evaluate_application` to have a case
decided, or :meth:`AnswerableClient.record_decision` for one it decided itself. The others
serve the people who look at decisions afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self, cast

import httpx
from pydantic import JsonValue

from answerable.audit import errors

__all__ = ["AnswerableClient"]

Json = dict[str, JsonValue]

_SECONDS: Final = 30.0
_BY_CODE: Final = {
    kind.code: kind
    for kind in (
        errors.InvalidInput,
        errors.ClockError,
        errors.NotFound,
        errors.Conflict,
        errors.PolicyViolation,
        errors.NotReleased,
        errors.UndefinedMetric,
        errors.NotAuthenticated,
        errors.NotAllowed,
        errors.TooLarge,
        errors.TooBusy,
        errors.Unavailable,
        errors.Erased,
        errors.EngineError,
        errors.EvidenceBroken,
        errors.RecordTampered,
        errors.AdditivityBroken,
        errors.InclusionProofInvalid,
        errors.ConsistencyProofInvalid,
        errors.CheckpointSignatureInvalid,
    )
}


class AnswerableClient:
    """A client with one API key; use it as a context manager.

    Parameters
    ----------
    base_url : str
        Address of the service, for example ``https://decisions.example.org``.
    api_key : str
        From ``answerable keys issue``.
    http : httpx.Client, optional
        Takes the place of the client's own connection, for example in tests.
    """

    def __init__(self, base_url: str, api_key: str, *, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(base_url=base_url, timeout=_SECONDS)
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    # ------------------------------------------------------------------ deciding

    def evaluate_application(
        self, request: Mapping[str, JsonValue], *, idempotency_key: str | None = None
    ) -> Json:
        """Have a case decided, explained and logged in one call.

        Parameters
        ----------
        request : Mapping[str, JsonValue]
            ``function``, ``inputs``, ``subjects`` and, when known, ``groups``, ``amounts``.
        idempotency_key : str, optional
            The same request again under the same key gives the first answer.

        Returns
        -------
        dict
            ``decision_id``, ``outcome``, ``receipt``, ``explanation`` ...

        Raises
        ------
        AnswerableError
            The class the service raised.
        """
        return self._post("/v1/decisions:evaluate", request, idempotency_key=idempotency_key)

    def record_decision(
        self, request: Mapping[str, JsonValue], *, idempotency_key: str | None = None
    ) -> Json:
        """Record a decision your service made.

        Parameters
        ----------
        request : Mapping[str, JsonValue]
            As for :meth:`evaluate_application`, with ``outcome``, ``outcome_code``,
            ``automation`` and ``components``.
        idempotency_key : str, optional
            The same request again under the same key gives the first answer.

        Returns
        -------
        dict
            ``decision_id``, ``receipt``, and ``incident`` when the function has no release.

        Raises
        ------
        AnswerableError
            The class the service raised.
        """
        return self._post("/v1/decisions", request, idempotency_key=idempotency_key)

    def state_count(self, count: Mapping[str, JsonValue]) -> Json:
        """State how many decisions were made: series, first and last number, count, window."""
        return self._post("/v1/counts", count)

    # ------------------------------------------------------------------ looking

    def decision(self, decision_id: str, *, purpose: str) -> Json:
        """Return a decision with its personal data; the reading is logged."""
        return self._get(f"/v1/decisions/{decision_id}", purpose=purpose)

    def answer(self, decision_id: str, *, purpose: str) -> Json:
        """Return the three answers about a decision, each with its proof."""
        return self._get(f"/v1/decisions/{decision_id}/answer", purpose=purpose)

    def explanation(self, decision_id: str, *, purpose: str) -> Json:
        """Return the explanation that was stored with a decision."""
        return self._get(f"/v1/decisions/{decision_id}/explanation", purpose=purpose)

    def letter(
        self,
        decision_id: str,
        *,
        purpose: str,
        view: str = "applicant_letter",
        language: str = "en",
    ) -> str:
        """Return the letter about a decision as HTML.

        Parameters
        ----------
        decision_id : str
        purpose : str
            Why it is written, as a code.
        view : str
            Legal view, for example ``applicant_letter`` or ``ccd2_18``.
        language : str
            ``en`` or ``de``.

        Returns
        -------
        str
            A whole page.

        Raises
        ------
        AnswerableError
            The class the service raised.
        """
        answer = self._send(
            "GET",
            f"/v1/decisions/{decision_id}/explanation",
            params={"view": view, "language": language},
            headers={"Answerable-Purpose": purpose, "Accept": "text/html"},
        )
        return answer.text

    # ------------------------------------------------------------------ people

    def contest(self, decision_id: str, grounds: str, *, by: str | None = None) -> Json:
        """Record that a person contests a decision; `by` names who of several people does."""
        body: Json = {"grounds": grounds} if by is None else {"grounds": grounds, "by": by}
        return self._post(f"/v1/decisions/{decision_id}/contests", body)

    def review(self, decision_id: str, review: Mapping[str, JsonValue]) -> Json:
        """Complete a review: ``result``, ``reason_code``, and the new outcome if overturned."""
        return self._post(f"/v1/decisions/{decision_id}/reviews", review)

    def find_subject(self, subject_id: str, *, purpose: str) -> Json:
        """Find a person by the identifier your service uses; sent in the body, not the URL."""
        return self._post("/v1/subjects:search", {"subject_id": subject_id}, purpose=purpose)

    def access_package(
        self, ref: str, request: Mapping[str, JsonValue], *, purpose: str = "gdpr-art-15"
    ) -> Json:
        """Return everything held about a person, with proofs."""
        return self._post(f"/v1/subjects/{ref}/access-package", request, purpose=purpose)

    def portability(
        self, ref: str, request: Mapping[str, JsonValue], *, purpose: str = "gdpr-art-20"
    ) -> Json:
        """Return what a person provided on consent or contract, to carry elsewhere."""
        return self._post(f"/v1/subjects/{ref}/portability", request, purpose=purpose)

    def open_request(self, ref: str, request: Mapping[str, JsonValue]) -> Json:
        """Record a request: ``request``, ``received_at``, ``identity_check``; its clock runs."""
        return self._post(f"/v1/subjects/{ref}/requests", request)

    def extend_request(self, request_id: str, *, reason: str) -> Json:
        """Extend the time to answer a request, once; the person was told."""
        return self._post(f"/v1/requests/{request_id}:extend", {"reason": reason})

    def close_request(self, request_id: str, answer: Mapping[str, JsonValue]) -> Json:
        """Record how a request was answered: ``outcome`` and, unless fulfilled, ``ground``."""
        return self._post(f"/v1/requests/{request_id}:close", answer)

    def requests(self, *, state: str = "all") -> Json:
        """Return the first page of requests: ``all``, ``open`` or ``overdue``."""
        answer = self._send("GET", "/v1/requests", params={"state": state})
        return cast("Json", answer.json())

    def record_of_processing(self, *, purpose: str = "gdpr-art-30") -> Json:
        """Return the record of processing activities, with what is missing."""
        return self._get("/v1/record-of-processing", purpose=purpose)

    def place_hold(self, ref: str, hold: Mapping[str, JsonValue]) -> Json:
        """Place a legal hold: ``ground``, ``reference`` and optionally ``until``."""
        return self._post(f"/v1/subjects/{ref}/holds", hold)

    def erase(self, ref: str, request: Mapping[str, JsonValue]) -> Json:
        """Erase a person's data by destroying their key."""
        return self._post(f"/v1/subjects/{ref}:erase", request)

    # ------------------------------------------------------------------ the log

    def head(self) -> Json:
        """Return the size and root of the log and its verification key."""
        return self._get("/v1/audit/head")

    def checkpoint(self) -> str:
        """Return a signed checkpoint, to be kept outside."""
        return self._send("GET", "/v1/audit/checkpoint").text

    def proof(self, entry_id: str) -> str:
        """Return the receipt that proves an entry stands in the log (C2SP tlog-proof)."""
        return self._send("GET", f"/v1/audit/entries/{entry_id}/proof").text

    def evidence_pack(
        self, decisions: Sequence[str], *, purpose: str, **asked: str | None
    ) -> bytes:
        """Return decisions with everything needed to check them, as one ZIP.

        Parameters
        ----------
        decisions : Sequence[str]
            Their ids, at most 1,000.
        purpose : str
            Why, as a code.
        **asked : str or None
            ``contents`` (``sealed``, ``opened``, ``subject``), ``recipient`` of an opened pack,
            ``subject`` whose own pack it is, ``checkpoint`` that the reader keeps.

        Returns
        -------
        bytes
            For ``answerable verify --pack``; treat an opened one like the data itself.

        Raises
        ------
        AnswerableError
            The class the service raised.
        """
        body: Json = {"decisions": list(decisions)}
        body |= {name: value for name, value in asked.items() if value is not None}
        headers = {"Answerable-Purpose": purpose}
        return self._send("POST", "/v1/audit/packs", headers=headers, body=body).content

    # ------------------------------------------------------------------ parts

    def _get(self, path: str, *, purpose: str | None = None) -> Json:
        headers = {} if purpose is None else {"Answerable-Purpose": purpose}
        return cast("Json", self._send("GET", path, headers=headers).json())

    def _post(
        self,
        path: str,
        body: Mapping[str, JsonValue],
        *,
        purpose: str | None = None,
        idempotency_key: str | None = None,
    ) -> Json:
        headers = {} if purpose is None else {"Answerable-Purpose": purpose}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        return cast("Json", self._send("POST", path, headers=headers, body=dict(body)).json())

    def _send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: Json | None = None,
    ) -> httpx.Response:
        try:
            answer = self._http.request(
                method,
                path,
                headers={**self._headers, **(headers or {})},
                params=params,
                json=body,
            )
        except httpx.HTTPError as error:
            raise errors.Unavailable(
                f"the service cannot be reached ({type(error).__name__})",
                remedy="Check its address and that it runs.",
            ) from None
        if answer.is_error:
            raise _error_of(answer)
        return answer


def _error_of(answer: httpx.Response) -> errors.AnswerableError:
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return errors.Unavailable(f"the service answered {answer.status_code} without a problem")
    kind = _BY_CODE.get(str(problem.get("type", "")).rpartition(":")[2], errors.AnswerableError)
    fields = [
        f"{item.get('pointer')}: {item.get('code')}"
        for item in problem.get("errors", [])
        if isinstance(item, dict)
    ]
    what = str(problem.get("detail") or problem.get("title") or "the service refused")
    return kind(" ".join([what, *fields]))
