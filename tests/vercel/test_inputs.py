"""The stand-in takes exactly what the wheel gives: tokens, inputs, and which of them replace."""

import importlib
import inspect
import re
from importlib import metadata

import pulumiverse_vercel
import pytest

from rehearsal.vercel.provider import PROVIDER, VERSION

KINDS = sorted(PROVIDER.kinds)


def of_wheel(token: str) -> type:
    found: type = getattr(pulumiverse_vercel, token.rpartition(":")[2])
    return found


def wire(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def test_it_is_of_the_version_of_the_wheel():
    assert metadata.version("pulumiverse_vercel") == VERSION


@pytest.mark.parametrize("token", KINDS)
def test_a_resource_has_the_token_and_the_inputs_of_the_wheel(token):
    known = of_wheel(token)
    module = importlib.import_module(known.__module__)
    assert re.search(rf"'{re.escape(token)}'", inspect.getsource(module)), "the token that the SDK registers"
    arguments = inspect.signature(getattr(module, f"{known.__name__}Args").__init__).parameters
    ours = {prop.wire for prop in PROVIDER.kinds[token].inputs.properties}
    assert ours == {wire(name) for name in arguments if name not in {"self", "__self__"}}


@pytest.mark.parametrize("token", KINDS)
def test_what_the_wheel_requires_is_required_here_too(token):
    module = importlib.import_module(of_wheel(token).__module__)
    arguments = inspect.signature(getattr(module, f"{of_wheel(token).__name__}Args").__init__).parameters
    wanted = {wire(n) for n, one in arguments.items() if one.default is one.empty and n not in {"self", "__self__"}}
    assert {prop.wire for prop in PROVIDER.kinds[token].inputs.properties if prop.required} == wanted


@pytest.mark.parametrize("token", KINDS)
def test_what_the_wheel_says_of_a_resource_beside_its_inputs_is_said_here_too(token):
    """Of what is not stood in for there is nothing to say."""
    known = of_wheel(token)
    outputs = {wire(name) for name, one in vars(known).items() if isinstance(one, property)}
    ours = PROVIDER.kinds[token]
    said = {prop.wire for prop in (*ours.inputs.properties, *ours.outputs.properties)}
    assert outputs - said == set()
    assert said - outputs == set()
