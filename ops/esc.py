"""``esc check``: what Pulumi ESC would give to each stack, by its own evaluator, against what the catalog needs."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Final

import yaml

from catalog import Catalog, CatalogError, Offence
from catalog.secret import (
    FINGERPRINT_KEY,
    PROVIDER_VARIABLES,
    SECRET_FUNCTION,
    SECRETS_SUFFIX,
    SHARED_ENVIRONMENT,
)
from catalog.secret_users import users
from rehearsal.home import PROJECT
from rehearsal.pulumi_cloud.evaluator import Evaluation, Evaluator, Value

FOLDER: Final = "esc"
"""Where the definitions are; each is named by its file."""
_HIDDEN = "[not shown]"


class EscError(CatalogError):
    """The definitions in ``esc/`` break one or more rules."""

    subject = "the environments of Pulumi ESC"


def check(root: Path, facts: Catalog, evaluate: Evaluator) -> int:
    """Return how many secrets were followed from where they are kept to where they are needed.

    Every secret is given a value of its own, drawn here, so that a reference to another one's name is found as well.

    Args:
        root: the repository: its stack files, and the folder ``esc``.
        facts: what is needed.
        evaluate: the evaluator.

    Raises:
        EscError: with every offence: a secret that is lacking where it is needed, one that nobody needs, one that is
            not secret, one that is another's, a name that is not the canonical one, and all that the evaluator refuses.
    """
    stacks = sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))
    files = {f"{PROJECT}/{path.stem}": path for path in sorted((root / FOLDER).glob("*.yaml"))}
    documents = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    if offences := [*_of_files(root, stacks, files)]:
        raise EscError(offences)
    # What imports one that cannot be read would be told to lack all that is in it.
    unreadable = [name for name, text in documents.items() if _loaded(text) is None]
    offences += _refused(evaluate("check", unreadable or [*documents], documents))
    if unreadable and offences:
        raise EscError(offences)
    declared = {stack: _Declared(stack, facts, documents[_secrets_of(stack)]) for stack in stacks}
    filled = documents | {_secrets_of(stack): one.document for stack, one in declared.items()}
    given = evaluate("open", [f"{PROJECT}/{stack}" for stack in stacks], filled)
    chosen = {f"{PROJECT}:{key}" for key in yaml.safe_load((root / "Pulumi.yaml").read_text("utf-8"))["config"]}
    for stack, one in declared.items():
        offences += [*one.offences, *_of_stack(stack, facts, one, given[f"{PROJECT}/{stack}"], chosen)]
    if offences:
        raise EscError(offences)
    return sum(len(one.values) for one in declared.values())


class _Declared:
    """The names in a stack's definition of secrets, each with a value that was drawn for it."""

    def __init__(self, stack: str, facts: Catalog, text: str) -> None:
        self.path = _file(f"{stack}{SECRETS_SUFFIX}")
        self.values: dict[str, str] = {}
        self.offences: list[Offence] = []
        aliases = {alias: name for name, secret in facts.secrets.items() for alias in secret.aliases}
        document = _loaded(text)
        for group, name, kept in _kept(document):
            place = f"{self.path}: {group}.{name}"
            self.offences += [*_of_value(place, kept[name]), *_of_name(place, group, name, facts, aliases)]
            self.values[name] = secrets.token_urlsafe(24)
            kept[name] = {SECRET_FUNCTION: self.values[name]}
        self.document = yaml.safe_dump(document)

    def name_of(self, value: object) -> str | None:
        """Return the name that a value was drawn for."""
        return next((name for name, drawn in self.values.items() if drawn == value), None)


def _loaded(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None  # the evaluator says why, with the line


def _kept(document: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return the group and the name of every secret, and where its value stands; of another shape there is none."""
    values = document.get("values") if isinstance(document, dict) else None
    groups = values.get(PROJECT) if isinstance(values, dict) else None
    for group, kept in (groups if isinstance(groups, dict) else {}).items():
        yield from ((group, name, kept) for name in (kept if isinstance(kept, dict) else ()))


def _of_files(root: Path, stacks: Sequence[str], files: Mapping[str, Path]) -> Iterator[Offence]:
    needed = {
        f"{PROJECT}/{name}" for name in (SHARED_ENVIRONMENT, *stacks, *(f"{stack}{SECRETS_SUFFIX}" for stack in stacks))
    }
    for name in sorted(needed - files.keys()):
        yield Offence(
            _file(name.removeprefix(f"{PROJECT}/")), "absent", "every stack has its definitions", "bring it back"
        )
    for name in sorted(files.keys() - needed):
        remedy = "remove it, or add the stack's file"
        yield Offence(f"{FOLDER}/{files[name].name}", "of no stack", "every definition is a stack's, or base", remedy)
    for stack in stacks:
        path = f"Pulumi.{stack}.yaml"
        opened = (yaml.safe_load((root / path).read_text(encoding="utf-8")) or {}).get("environment")
        if opened != [f"{PROJECT}/{stack}"]:
            rule = "a stack opens its own environment, and no other"
            yield Offence(f"{path}: environment", str(opened), rule, f"write `- {PROJECT}/{stack}` below it")


def _refused(evaluations: Mapping[str, Evaluation]) -> Iterator[Offence]:
    for name, evaluation in evaluations.items():
        for one in evaluation.diagnostics:
            place = one.place.replace(f"{PROJECT}/", f"{FOLDER}/").replace(":", ".yaml:", 1)
            path = place or _file(name.removeprefix(f"{PROJECT}/"))
            yield Offence(
                path, one.severity, f"Pulumi ESC evaluates it, and says: {one.summary}", "mend the definition"
            )


def _of_value(place: str, value: object) -> Iterator[Offence]:
    if not (isinstance(value, dict) and value.keys() == {SECRET_FUNCTION}):
        yield Offence(place, _HIDDEN, "every value is secret", f'write {{"{SECRET_FUNCTION}": ""}}')
    elif value[SECRET_FUNCTION]:
        remedy = f'write "", rotate that secret, and give its value with `./sophia secrets push`: {_COMMITTED}'
        yield Offence(place, _HIDDEN, "a committed definition holds no value", remedy)


_COMMITTED = "what was committed once can be read for ever"


def _of_name(place: str, group: str, name: str, facts: Catalog, aliases: Mapping[str, str]) -> Iterator[Offence]:
    beyond = {FINGERPRINT_KEY, *PROVIDER_VARIABLES.values()} - facts.secrets.keys()
    if name in facts.secrets:
        right = facts.secrets[name].group
        if group != right:
            yield Offence(place, group, "a secret is in the group that the catalog says", f"move it to {right}")
    elif name in aliases:
        yield Offence(place, name, "a secret has its canonical name", f"call it {aliases[name]}")
    elif name not in beyond:
        yield Offence(place, name, "every secret is in the catalog", "remove it, or add it to catalog/secrets.yaml")


def _of_stack(
    stack: str, facts: Catalog, declared: _Declared, opened: Evaluation, chosen: AbstractSet[str]
) -> Iterator[Offence]:
    needed = {f"{PROJECT}:{name.lower()}": name for name in (*facts.secrets_of(stack), FINGERPRINT_KEY)}
    tables = {"pulumiConfig": needed, "environmentVariables": facts.provider_variables(stack)}
    who, used, values = users(facts), set[str](), opened.values
    for table, wanted in tables.items():
        given = values.get(table, Value(value={})).members
        for key, name in wanted.items():
            yield from _of_secret(f"{_file(stack)}: {table}: {key}", name, given.get(key), declared, who.get(name, ()))
        used |= {found for value in given.values() if (found := declared.name_of(value.value))}
        for key in given.keys() - wanted.keys() - chosen if table == "pulumiConfig" else ():
            yield Offence(f"{_file(stack)}: {table}", key, "only declared keys are given", "see docs/config.md")
    for name in sorted(name for name in declared.values if not facts.is_given(name, stack)):
        rule = f"a stack has no secret of others: this one is given to {', '.join(facts.secrets[name].stacks)}"
        yield Offence(declared.path, name, rule, "remove it")
    for name in sorted(declared.values.keys() - used):
        yield Offence(declared.path, name, "every secret is handed out", f"remove it, or refer to it in {_file(stack)}")


def _of_secret(
    place: str, name: str, given: Value | None, declared: _Declared, who: Sequence[str]
) -> Iterator[Offence]:
    by = f"needed by {', '.join(who)}" if who else "needed by the program, which reads every secret of the catalog"
    if name not in declared.values:
        yield Offence(f"{declared.path}: {name}", "absent", f"every secret that is needed is given: {by}", "add it")
    elif given is None:
        yield Offence(place, "absent", f"every secret that is needed is given: {by}", f"refer to {name} there")
    elif given.value != declared.values[name]:
        found = declared.name_of(given.value) or _HIDDEN
        yield Offence(place, found, f"it is the secret {name}, {by}", f"refer to {name} there")
    elif not given.secret:
        yield Offence(place, _HIDDEN, "every value is secret", "refer to the secret itself")


def _secrets_of(stack: str) -> str:
    return f"{PROJECT}/{stack}{SECRETS_SUFFIX}"


def _file(name: str) -> str:
    return f"{FOLDER}/{name}.yaml"
