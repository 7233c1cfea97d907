"""The stand-in takes and gives what the wheel of the same version declares."""

import inspect
import subprocess
from importlib import metadata

import pytest
from pulumi_command.local import Command as LocalCommand
from pulumi_command.remote import Command as RemoteCommand
from pulumi_command.remote import ConnectionArgs

from rehearsal.command.models import Connection
from rehearsal.command.provider import PROVIDER
from rehearsal.environment import install_plugins
from rehearsal.home import Folder
from rehearsal.toolchain import Toolchain
from tests.rehearsal_command.conftest import LOCAL, REMOTE

ENGINE = {"resource_name", "opts", "__props__"}


def arguments(kind: type) -> set[str]:
    """What a class of the wheel is given."""
    internal = kind._internal_init  # type: ignore[attr-defined]  # noqa: SLF001 - the only place that names them
    return set(inspect.signature(internal).parameters) - ENGINE - {"self", "__self__"}


def test_it_is_of_the_wheel_s_version():
    assert PROVIDER.version == metadata.version("pulumi_command")
    assert PROVIDER.name == "command"


@pytest.mark.parametrize(("token", "kind"), [(REMOTE, RemoteCommand), (LOCAL, LocalCommand)])
def test_it_takes_exactly_what_the_wheel_gives_under_the_wheel_s_tokens(token, kind):
    assert f'"{token}"'.replace('"', "'") in inspect.getsource(kind)
    served = {prop.name for prop in PROVIDER.kinds[token].inputs.properties}
    assert served == arguments(kind)


def test_a_connection_is_the_wheel_s():
    declared = set(inspect.signature(ConnectionArgs.__init__).parameters) - {"__self__"}
    assert set(Connection.model_fields) == declared
    defaults = {name: field.default for name, field in Connection.model_fields.items() if not field.is_required()}
    given = ConnectionArgs(host="203.0.113.1")
    assert {name: getattr(given, name) for name in defaults} == defaults


def test_the_engine_finds_it_under_the_wheel_s_version(tmp_path):
    folder = Folder(tmp_path / "home", "dev")
    folder.create()
    install_plugins(folder, Toolchain(tmp_path, {"kubernetes": tmp_path / "plugin"}, tmp_path / "stages"))
    program = folder.pulumi_home / "plugins/resource-command-v1.2.1/pulumi-resource-command"
    with subprocess.Popen([program, "127.0.0.1:1"], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline().strip().isdigit(), "the port is the first line that a plugin prints"
        started.terminate()
