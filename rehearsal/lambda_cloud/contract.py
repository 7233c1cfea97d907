"""The contract of the API: what a request may be and what an answer must be."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from rehearsal.lambda_cloud import errors

_FILE = Path(__file__).with_name("contract.yaml")
_NOTHING = {"type": "object", "additionalProperties": False}
_PAGED = "list-audit-events"


class BreachError(AssertionError):
    """The fake broke its own contract: a fault of the fake, never of its client."""


class _Operation(NamedTuple):
    query: Draft202012Validator
    body: Draft202012Validator | None
    answer: Draft202012Validator


class _Contract(NamedTuple):
    operations: Mapping[str, _Operation]
    error: Draft202012Validator


@cache
def _contract() -> _Contract:
    text = yaml.safe_load(_FILE.read_text(encoding="utf-8"))

    def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
        return Draft202012Validator({**schema, "$defs": text["definitions"]})

    def answer(name: str, schema: Mapping[str, Any]) -> Draft202012Validator:
        properties: dict[str, Any] = {"data": schema}
        if name == _PAGED:
            properties["page_token"] = {"type": ["string", "null"]}
        shape = {"type": "object", "required": sorted(properties), "additionalProperties": False}
        return validator({**shape, "properties": properties})

    return _Contract(
        {
            name: _Operation(
                query=validator(schemas.get("query", _NOTHING)),
                body=validator(schemas["body"]) if "body" in schemas else None,
                answer=answer(name, schemas["answer"]),
            )
            for name, schemas in text["operations"].items()
        },
        validator(text["definitions"]["Error"]),
    )


def operations() -> frozenset[str]:
    """Return the names of all operations."""
    return frozenset(_contract().operations)


def takes_body(operation: str) -> bool:
    """Return whether an operation takes a body."""
    return _contract().operations[operation].body is not None


def check_query(operation: str, query: Mapping[str, str]) -> None:
    """Refuse a query that the operation does not take.

    Raises:
        ApiError: with every offence.
    """
    _refuse(_contract().operations[operation].query, query)


def check_body(operation: str, body: object) -> None:
    """Refuse a body that the operation does not take.

    Raises:
        ApiError: with every offence; no value is repeated, because bodies hold secrets.
    """
    if validator := _contract().operations[operation].body:
        _refuse(validator, body)


def check_answer(operation: str, answer: object) -> None:
    """Hold an answer against the contract.

    Raises:
        BreachError: with every offence.
    """
    _hold(_contract().operations[operation].answer, operation, answer)


def check_error(operation: str, answer: object) -> None:
    """Hold an error against the contract.

    Raises:
        BreachError: with every offence.
    """
    _hold(_contract().error, operation, answer)


def _refuse(validator: Draft202012Validator, value: object) -> None:
    offences = [_offence(error) for error in validator.iter_errors(value)]
    if offences:
        raise errors.invalid(because="; ".join(offences))


def _hold(validator: Draft202012Validator, operation: str, answer: object) -> None:
    offences = [_offence(error) for error in validator.iter_errors(answer)]
    if offences:
        message = f"{operation} answers what the contract forbids: {'; '.join(offences)}"
        raise BreachError(message)


def _offence(error: ValidationError) -> str:
    place = ".".join(str(part) for part in error.absolute_path) or "body"
    if error.validator == "additionalProperties":
        return f"{place}: {error.message}"
    return f"{place}: breaks {error.validator} {error.validator_value!s:.80}"
