"""What the inputs of an instance may say; the API's own limits, and lists in their one order."""

import re
from collections.abc import Iterable
from typing import Annotated, Final, Self

from pydantic import AfterValidator, StringConstraints, model_validator

from providers.kit import Model
from providers.lambda_cloud.order import OWNER_KEY, Candidate, Mount

MOST_USER_DATA_BYTES: Final = 1_000_000
TAG_KEY: Final = re.compile(r"[a-z][a-z0-9:-]{1,54}")
LONGEST_TAG_VALUE: Final = 128


def _candidates(given: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    if not given:
        message = "name at least one candidate: {instanceType, region}"
        raise ValueError(message)
    if len(set(given)) < len(given):
        message = "a candidate stands in the list twice; name each once, the preferred first"
        raise ValueError(message)
    architectures = sorted({candidate.architecture for candidate in given})
    if len(architectures) > 1:
        message = f"the candidates are of {' and '.join(architectures)}: what runs on one does not run on the other"
        raise ValueError(message)
    return given


def _each_once(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(given)))


def _by_mount_point(given: tuple[Mount, ...]) -> tuple[Mount, ...]:
    if len({mount.mount_point for mount in given}) < len(given):
        message = "two file systems share a mount point; give each its own"
        raise ValueError(message)
    return tuple(sorted(given, key=lambda mount: mount.mount_point))


def _tags(given: dict[str, str]) -> dict[str, str]:
    if OWNER_KEY in given:
        message = f"the provider sets {OWNER_KEY} itself, to find its own machines; choose another key"
        raise ValueError(message)
    bad = [key for key in given if not TAG_KEY.fullmatch(key)]
    if bad:
        message = f"{_named(bad)}: a key has 2 to 55 of a-z, 0-9, '-' and ':', and begins with a letter"
        raise ValueError(message)
    long = [key for key, value in given.items() if len(value) > LONGEST_TAG_VALUE]
    if long:
        message = f"{_named(long)}: a value has at most {LONGEST_TAG_VALUE} characters"
        raise ValueError(message)
    return dict(sorted(given.items()))


def _named(keys: Iterable[str]) -> str:
    return ", ".join(repr(key) for key in sorted(keys))


def _user_data(given: str) -> str:
    size = len(given.encode())
    if size > MOST_USER_DATA_BYTES:
        message = f"has {size} bytes, and the API takes {MOST_USER_DATA_BYTES}; fetch the larger part while booting"
        raise ValueError(message)
    return given


class Image(Model):
    """What an instance boots: one image by its id, or the newest of a family."""

    id: str | None = None
    """The id of an image of the instance's region and architecture."""
    family: str | None = None
    """The family, such as `lambda-stack-24-04`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.id is None) == (self.family is None):
            message = "give the image's id or its family, one of the two"
            raise ValueError(message)
        return self


Candidates = Annotated[tuple[Candidate, ...], AfterValidator(_candidates)]
Names = Annotated[tuple[Annotated[str, StringConstraints(min_length=1)], ...], AfterValidator(_each_once)]
Mounts = Annotated[tuple[Mount, ...], AfterValidator(_by_mount_point)]
Tags = Annotated[dict[str, str], AfterValidator(_tags)]
UserData = Annotated[str, AfterValidator(_user_data)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Hostname = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][0-9a-z-]{0,62}$")]
