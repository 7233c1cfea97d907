"""Whatever becomes unknown, wrong or broken: no rule that refuses passes for it, and no message holds a value."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from catalog.policy import Level
from policies import Judge
from policies.testing import UNKNOWN, Case, Secret
from tests.policies.conftest import BY_ID, CASES, about, asked, of_kind

CANARY = "canary-5c0ffee"

OF_ANY_SHAPE = {"SEC-1"}
"""Rules about any value, whatever it stands in."""

Path = tuple[str | int | None, ...]


def by_title(case: Case) -> str:
    return str(case)


def spots(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in plain data, the whole of it first."""
    yield path
    if isinstance(value, Secret):
        yield from spots(value.value, (*path, None))
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from spots(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from spots(child, (*path, index))


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value.value if step is None else value[step]
    return value


def put(value: Any, path: Path, new: Any) -> Any:
    """The data with something else in one place."""
    if not path:
        return new
    if path[0] is None:
        return Secret(put(value.value, path[1:], new))
    made: Any = dict(value) if isinstance(value, dict) else list(value)
    made[path[0]] = put(value[path[0]], path[1:], new)
    return made


def changed(case: Case, number: int, path: Path, new: Any) -> Case:
    given = [*case.given]
    given[number] = replace(given[number], inputs=put(deepcopy(given[number].inputs), path, new))
    return replace(case, given=tuple(given))


def on_the_way(case: Case) -> Iterator[tuple[int, Path]]:
    """The places of a failing case that lead to what is refused, and those that are refused."""
    for number, one in enumerate(case.given):
        for path in spots(one.inputs):
            written = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
            if path and any(place == written or place.startswith((f"{written}.", f"{written}[")) for place in case.at):
                yield number, path


@pytest.mark.parametrize("case", of_kind("fail"), ids=by_title)
def test_what_is_refused_does_not_pass_when_something_on_the_way_to_it_is_unknown(case, judge, sent):
    for number, path in on_the_way(case):
        found = asked(judge(case), case, sent(changed(case, number, path, UNKNOWN)))
        assert found, f"passes with an unknown {path}"


@pytest.mark.parametrize("case", [case for case in of_kind("fail") if case.rule not in OF_ANY_SHAPE], ids=by_title)
@pytest.mark.parametrize("wrong", ["text", 7, ["text"], [7], {"text": "text"}], ids=str)
def test_what_is_refused_does_not_pass_when_something_on_the_way_to_it_is_of_the_wrong_kind(case, wrong, judge, sent):
    for number, path in on_the_way(case):
        there = at(case.given[number].inputs, path)
        # Another mapping or list is another declaration, which may be right.
        if type(there) is not type(wrong) and not isinstance(there, str | int):
            assert asked(judge(case), case, sent(changed(case, number, path, wrong))), f"passes with {wrong} at {path}"


@pytest.mark.parametrize("case", CASES, ids=by_title)
def test_no_message_holds_a_value(case, analyzer):
    for number, one in enumerate(case.given):
        for path in spots(one.inputs):
            if isinstance(at(one.inputs, path), str):
                mutant = changed(case, number, path, CANARY).given[number]
                answer = analyzer(case).analyze(mutant.token, mutant.inputs, **about(mutant))
                assert not any(CANARY in said.message for said in answer.said), path


def test_no_message_holds_a_key_of_a_secret(analyzer):
    case = of_kind("fail")[0]
    secret = {"metadata": {"annotations": Secret({f"container.apparmor.security.beta.kubernetes.io/{CANARY}": "x"})}}
    answer = analyzer(case).analyze("kubernetes:core/v1:Pod", {**secret, "spec": {"containers": []}})
    assert answer.said
    assert not any(CANARY in said.message for said in answer.said)


def test_a_rule_that_breaks_blocks_and_the_others_are_asked_all_the_same(known, sent):
    case = next(case for case in of_kind("fail") if case.rule == "PSS-B-privileged")

    def breaks(pod, _):
        yield pod.spec.problem("is found before it breaks")
        raise ValueError(CANARY)

    broken = replace(BY_ID["PSS-B-hostPath"], check=breaks)
    context = known(case)
    levels = {"stacks": {"prod": context.levels.model_copy(update={"rules": {broken.id: Level.WARN}})}}
    facts = replace(context.facts, policy=context.policy.model_copy(update=levels))
    found = [*Judge((broken, BY_ID[case.rule]), replace(context, facts=facts)).one(*sent(case))]
    assert {one.path for one in found if one.rule == case.rule} == case.at
    first, second = (one for one in found if one.rule == broken.id)
    assert (first.verdict, first.level) == ("violation", "warn")
    assert (second.verdict, second.level) == ("failed", "block")
    assert "the rule itself broke (ValueError" in second.message
    assert CANARY not in second.message
