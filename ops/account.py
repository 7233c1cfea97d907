"""The Lambda Cloud account and the stacks' states, read: here in the rehearsal, or in the real account."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import httpx
from pydantic import ValidationError

import catalog
from ops import states
from ops.deployment import cloud_environment, require_cloud
from ops.error import AccountError
from ops.machines import Found
from ops.states import Recorded
from providers.kit import ProviderError
from providers.lambda_cloud.answers import Instance, Offer
from providers.lambda_cloud.client import Client
from providers.lambda_cloud.clock import Clock
from providers.lambda_cloud.config import LambdaConfig
from providers.lambda_cloud.order import owner_of
from rehearsal import RehearsalError, configuration, stacks
from rehearsal.account import Account
from rehearsal.home import PROJECT, Folder
from rehearsal.state import State
from rehearsal.toolchain import Progress

_FIELDS = {
    "apiKey": "LAMBDA_CLOUD_API_KEY",
    "apiUrl": "LAMBDA_CLOUD_API_URL",
    "clockSpeed": "LAMBDA_CLOUD_CLOCK_SPEED",
}
"""The variables that the provider reads, by its configuration's field."""


T = TypeVar("T")


class Caller:
    """Who waits for the API: the verb, which an interrupt ends as a whole."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def in_rehearsal(home: Path) -> Found:
    """Return what the account of this machine's rehearsals holds; nothing is started.

    Args:
        home: directory of all rehearsals.

    Raises:
        RehearsalError: no rehearsal is up, so that there is no account.
        AccountError: its API does not answer.
        StateError: a stack's state cannot be read.
    """
    account = Account(home)
    if not account.status().running:
        msg = "no rehearsal is up, so there is no account to look at; run `./sophia up dev`, or add `--target cloud`"
        raise RehearsalError(msg)
    folders = [Folder(home, name) for name in stacks(home)]
    instances, offers = holdings(account.environment())
    return Found(
        instances=instances,
        offers=offers,
        states=_rehearsed_states(folders),
        adopt={folder.stack: _adopted(folder) for folder in folders},
    )


def in_cloud(progress: Progress) -> Found:
    """Return what the real account holds, with the login and the API key of the caller's own environment.

    Args:
        progress: told what is being done.

    Raises:
        AccountError: there is no key, or the API does not answer.
        EngineError: the shell points at a rehearsal.
        StateError: a stack's state cannot be read.
        ToolError: a tool cannot be had.
    """
    require_cloud(os.environ)
    facts = catalog.load()
    instances, offers = holdings(os.environ)
    environment = cloud_environment(facts, progress)
    recorded = {name: states.exported(name, environment) for name in facts.limits.stacks}
    return Found(
        instances=instances,
        offers=offers,
        states={name: state for name, state in recorded.items() if state is not None},
    )


def launched_by(stack: str, environment: Mapping[str, str]) -> tuple[Instance, ...]:
    """Return the live machines that carry the tag of a stack.

    Args:
        stack: name of the stack.
        environment: how the API is reached, in the variables that the provider reads.

    Raises:
        AccountError: the API refuses or does not answer.
    """
    instances, _ = holdings(environment)
    prefix = f"{PROJECT}/{stack}/"
    return tuple(one for one in instances if not one.gone and (owner_of(one) or "").startswith(prefix))


def holdings(
    environment: Mapping[str, str], transport: httpx.AsyncBaseTransport | None = None
) -> tuple[tuple[Instance, ...], Mapping[str, Offer]]:
    """Return the machines of an account and what can be launched in it now.

    Args:
        environment: how the API is reached, in the variables that the provider reads.
        transport: what carries the requests; the network by default.

    Raises:
        AccountError: a variable is missing or wrong, or the API refuses or does not answer.
    """

    async def read(client: Client, caller: Caller) -> tuple[tuple[Instance, ...], Mapping[str, Offer]]:
        return await client.listing.everything(caller), await client.instance_types(caller)

    return asked(environment, read, transport)


def asked(
    environment: Mapping[str, str],
    question: Callable[[Client, Caller], Awaitable[T]],
    transport: httpx.AsyncBaseTransport | None = None,
) -> T:
    """Return what an account answers to a question.

    Args:
        environment: how the API is reached, in the variables that the provider reads.
        question: asks the client.
        transport: what carries the requests; the network by default.

    Raises:
        AccountError: a variable is missing or wrong, or the API refuses or does not answer.
    """
    config = config_of(environment)

    async def within() -> T:
        clock, carrier = Clock(config.clock_speed), transport or httpx.AsyncHTTPTransport()
        client = Client(api_url=config.api_url, api_key=config.api_key, clock=clock, transport=carrier)
        try:
            return await question(client, Caller())
        finally:
            await client.close()

    try:
        # A loop of its own: asyncio.run would leave the thread without one.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(within())
    except ProviderError as error:
        raise AccountError(str(error)) from None


def config_of(environment: Mapping[str, str]) -> LambdaConfig:
    """Return how the API is reached.

    Args:
        environment: the variables that the provider reads.

    Raises:
        AccountError: one is missing or wrong.
    """
    given = {field: environment[name] for field, name in _FIELDS.items() if environment.get(name)}
    try:
        return LambdaConfig.model_validate(given)
    except ValidationError as error:
        # Never the values: one of them is the key.
        wrong = "; ".join(f"{_FIELDS.get(str(e['loc'][0]), e['loc'][0])}: {e['msg']}" for e in error.errors())
        msg = f"the Lambda Cloud account cannot be reached: {wrong}; set what is named and try again"
        raise AccountError(msg) from None


def _rehearsed_states(folders: Iterable[Folder]) -> Mapping[str, Recorded]:
    found = {folder: states.of_rehearsal(State(folder)) for folder in folders}
    return {
        folder.stack: replace(recorded, asleep=folder.asleep.exists())
        for folder, recorded in found.items()
        if recorded is not None
    }


def _adopted(folder: Folder) -> Mapping[str, str]:
    """Return the ids that a rehearsal's configuration takes over; none before the configuration was written."""
    adopted: Mapping[str, str] = configuration.chosen(folder).get("adopt") or {}
    return adopted
