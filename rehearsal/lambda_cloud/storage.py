"""Where an account is kept, so that a fake that starts again resumes."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from rehearsal.error import RehearsalError
from rehearsal.lambda_cloud.account import Account
from rehearsal.lambda_cloud.records import State


@dataclass(frozen=True, slots=True)
class Storage:
    """One JSON file, replaced as a whole after each change.

    Args:
        file: where it is; its directory exists.
    """

    file: Path

    def load(self) -> Account | None:
        """Return the account as it was saved last, its clock standing; None when there is no file.

        Raises:
            RehearsalError: when the file is not one of this version.
        """
        try:
            text = self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return Account(State.model_validate_json(text))
        except (ValidationError, json.JSONDecodeError) as error:
            message = (
                f"{self.file}: not an account of this version ({type(error).__name__}); "
                "remove the file to let a new one be born"
            )
            raise RehearsalError(message) from error

    def save(self, account: Account) -> None:
        """Keep the account as it is now, readable by its owner only."""
        draft = self.file.with_name(f"{self.file.name}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(account.snapshot())
        draft.replace(self.file)
