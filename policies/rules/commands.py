"""Commands on machines: whom they speak to, what they may tell, and that they are acts that hold no state."""

import re
from collections.abc import Iterator
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.resources import Resource
from policies.rule import nsa, resources, rule, soc2
from policies.secrecy import mentions_secret

REMOTE: Final = resources("command:remote:*")
COMMANDS: Final = resources("command:remote:*", "command:local:*")

_TEXTS = ("create", "update", "delete", "stdin")
_COMMAND = ("command:remote:Command", "command:local:Command")

_UNVERIFIED = re.compile(r"(?i)StrictHostKeyChecking[= ]+(no|off|accept-new)|UserKnownHostsFile[= ]+/dev/null")
_TELLING: Final = {
    re.compile(r"(?m)(^|[;&|(\s])set\s+-[a-wyz]*x"): "must not print what it runs: no `set -x`",
    re.compile(
        r"(?mi)(^|[;&|(\s])(echo|printf)\s[^\n;|]*\$\{?\w*(token|secret|passw|key\b)"
    ): "must not print a secret",
    re.compile(r"(?m)(^|[;&|(])\s*(env|printenv|export -p)\s*($|[;&|)])"): "must not print its environment",
    re.compile(r"\bcurl\b[^\n;|]*\s(-[a-zA-Z]*v|--verbose|--trace)"): "must not print requests: no `curl -v`",
    re.compile(r"(?i)\s--?(password|token|api-key|secret)[= ]\$?\{?\w"): "must not give a secret as an argument",
}
_MOVING = re.compile(r"\b(curl|wget)\b[^\n;]*\|\s*(sudo\s+(-\S+\s+)*)?(\S*/)?(ba|da|z)?sh\b")


def _connections(resource: Resource) -> Iterator[Field]:
    """Yield the connection to the machine, and the one to the machine between, where there is one.

    A preview knows neither while the machine's key is not known: the SDK makes a secret of the connection as a whole.
    """
    connection = resource.inputs.later.at("connection")
    yield connection
    proxy = connection.at("proxy")
    if isinstance(connection.value, dict) and proxy.value is not None:
        yield proxy


@rule(
    "SSH-1",
    REMOTE,
    title="Every connection knows the key of the machine that it speaks to",
    severity=Severity.CRITICAL,
    standards=(nsa("C-0005"), soc2("CC6.1"), soc2("CC6.7")),
    remedy="give hostKey, as host:index:Host pins it",
    exemptible=False,
)
def verified(resource: Resource, _: Context) -> Iterator[Problem]:
    """Without it whoever answers at the address gets what the command is given, secrets among it."""
    for connection in _connections(resource):
        if not connection.text("hostKey", unknown="-"):
            yield connection.problem("must be given", "hostKey")


@rule(
    "SSH-2",
    COMMANDS,
    title="Connections use a key, a user that is not root, and no way around the machine's key",
    severity=Severity.HIGH,
    standards=(nsa("C-0005"), soc2("CC6.1")),
    remedy="connect as ubuntu with a private key that is a secret, and let the command use sudo",
)
def connections(resource: Resource, _: Context) -> Iterator[Problem]:
    """A password can be guessed, and what root does by SSH is nobody's in the log."""
    if resource.type.startswith("command:remote:"):
        for connection in _connections(resource):
            if connection.has("password", unknown=False):
                yield connection.problem("must be unset", "password")
            # The provider's default is root.
            if connection.text("user", unknown="-") in {None, "", "root"}:
                yield connection.problem("must be given, and not root", "user")
            key = connection.at("privateKey")
            if key.value is not None and key.has(unknown=False) and not key.secret:
                yield key.problem("must be a secret")
    for name in _TEXTS:
        if _UNVERIFIED.search(resource.inputs.later.text(name, unknown="") or ""):
            yield resource.inputs.problem("must not switch off what proves the machine", name)


@rule(
    "CMD-1",
    COMMANDS,
    title="Commands tell no secrets",
    severity=Severity.HIGH,
    standards=(nsa("C-0012"), soc2("CC6.1"), soc2("CC7.2")),
    remedy="give secrets by stdin, set logging to none, and mark stdout and stderr as secret outputs",
)
def silent(resource: Resource, _: Context) -> Iterator[Problem]:
    """What a command prints is in the engine's log, in the state and in Pulumi Cloud."""
    inputs = resource.inputs
    fields = [inputs.at(name) for name in _TEXTS]
    environment = [value for _, value in inputs.entries("environment")]
    if any(one.secret for one in (*fields, *environment, inputs.at("environment"))):
        if inputs.text("logging", unknown="none") not in {"none", "stderr"}:
            yield inputs.problem("must be none, or stderr", "logging")
        marked = {one.text(unknown=None) for one in resource.options.items("additionalSecretOutputs")}
        if not {"stdout", "stderr"} <= marked:
            yield resource.options.problem("must hold stdout and stderr", "additionalSecretOutputs")
    for name, value in inputs.entries("environment"):
        if mentions_secret(name) and value.has(unknown=False) and not value.secret:
            yield value.problem("must be a secret")
    for name in _TEXTS:
        text = inputs.later.text(name, unknown="") or ""
        for pattern, message in _TELLING.items():
            if pattern.search(text):
                yield inputs.problem(message, name)


@rule(
    "CMD-2",
    COMMANDS,
    title="Commands are acts: they end, they are triggered, and they hold no state",
    severity=Severity.MEDIUM,
    standards=(soc2("CC8.1"),),
    remedy="declare what lasts as host:index:* resources, and give an act triggers and a timeout",
)
def acts(resource: Resource, _: Context) -> Iterator[Problem]:
    """Nothing reads back what a command made, so it can never drift, and never be repaired."""
    if resource.type not in _COMMAND:
        yield resource.problem("must be host:index:Files: a copy is never looked at again")
        return
    inputs = resource.inputs
    for name in ("assetPaths", "archivePaths"):
        if inputs.has(name, unknown=False):
            yield inputs.problem("must be unset", name)
    if not inputs.has("triggers", unknown=True) and not inputs.has("delete", unknown=True):
        yield inputs.problem("must be given, or delete", "triggers")
    if inputs.flag("addPreviousOutputInEnv", unknown=False) is not False:
        yield inputs.problem("must be false", "addPreviousOutputInEnv")
    if not resource.options.has("customTimeouts", "create", unknown=True):
        yield resource.options.problem("must be given", "customTimeouts", "create")
    for name in _TEXTS:
        if _MOVING.search(inputs.later.text(name, unknown="") or ""):
            yield inputs.problem("must not run what an address gives that moment", name)
