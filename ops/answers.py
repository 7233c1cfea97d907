"""Answers of verbs that one run keeps beside each other, for whoever tells of them together."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from ops.error import InputError
from ops.results import VERBS, Result
from rehearsal.home import private, write_private

FOLDER: Final = "SOPHIA_ANSWERS"
"""The variable that names the folder; without it nothing is kept."""

R = TypeVar("R", bound=Result)


def keep(result: Result, environment: Mapping[str, str] = os.environ) -> None:
    """Keep an answer, by its verb and instead of an earlier one, where a folder is named for that.

    Args:
        result: the answer.
        environment: names the folder.
    """
    folder, verb = environment.get(FOLDER), verb_of(type(result))
    if folder and verb:
        write_private(private(Path(folder)) / _name(verb), result.model_dump_json(indent=1) + "\n")


def kept(folder: Path, model: type[R]) -> R | None:
    """Return the answer of a kind that a folder keeps; None where it keeps none.

    Args:
        folder: the folder.
        model: the kind.

    Raises:
        InputError: it keeps something else under that name.
    """
    verb = verb_of(model)
    file = folder / _name(verb)
    if not file.exists():
        return None
    try:
        return model.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        msg = f"{file}: it is no answer of `./sophia {verb}` ({type(error).__name__}); run that again"
        raise InputError(msg) from None


def verb_of(model: type[Result]) -> str:
    """Return the first verb that answers so; nothing where none does."""
    return next((verb for verb, answered in VERBS.items() if answered is model), "")


def _name(verb: str) -> str:
    return f"{verb.replace(' ', '-')}.json"
