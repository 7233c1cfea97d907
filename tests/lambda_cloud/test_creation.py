"""Something is created exactly once, whatever becomes of the answers."""

import httpx
import pytest

from providers.kit import ProviderError
from providers.lambda_cloud.client import Client
from providers.lambda_cloud.creation import ATTEMPTS, create_once
from providers.lambda_cloud.errors import ApiError

ADD = "POST /ssh-keys"
LIST = "GET /ssh-keys"


def key(key_id: str, name: str = "laptop") -> dict[str, str]:
    return {"id": key_id, "name": name, "public_key": "ssh-ed25519 AAAA"}


def created(script) -> str:
    async def create(client: Client) -> str:
        made = await create_once(
            script.operation,
            client.clock,
            send=lambda: client.add_ssh_key(script.operation, name="laptop", public_key="ssh-ed25519 AAAA"),
            listed=lambda: client.ssh_keys(script.operation),
            before=await client.ssh_keys(script.operation),
            same=lambda found: found.name == "laptop",
        )
        return made.id

    return str(script.run(create))


def test_an_answer_ends_it(script):
    script.answer(LIST, [])
    script.answer(ADD, key("new"))
    assert created(script) == "new"
    assert script.asked == [LIST, ADD]


@pytest.mark.parametrize("lost", [httpx.ReadTimeout("late"), httpx.Response(502), httpx.Response(200, text="<html>")])
def test_after_a_lost_answer_what_it_made_is_taken_over(script, lost):
    script.answer(LIST, [key("other", "phone")], [key("other", "phone"), key("new")])
    script.answer(ADD, lost)
    assert created(script) == "new"
    assert script.asked.count(ADD) == 1


def test_what_was_there_before_is_never_taken_over(script):
    script.answer(LIST, [key("old")])
    script.answer(ADD, httpx.ReadTimeout("late"), key("new"))
    assert created(script) == "new"


def test_what_is_unlike_is_never_taken_over(script):
    script.answer(LIST, [], [key("foreign", "phone")])
    script.answer(ADD, httpx.ReadTimeout("late"), key("new"))
    assert created(script) == "new"


def test_a_request_without_effect_is_sent_again(script):
    script.answer(LIST, [])
    script.answer(ADD, httpx.ReadTimeout("late"), httpx.Response(500), key("new"))
    assert created(script) == "new"
    assert script.asked == [LIST, ADD, LIST, ADD, LIST, ADD]


def test_two_that_could_be_ours_are_named_and_none_is_taken(script):
    script.answer(LIST, [], [key("b"), key("a")])
    script.answer(ADD, httpx.ReadTimeout("late"))
    with pytest.raises(ProviderError, match="2 identical things exist: a, b; delete all but one"):
        created(script)


def test_a_refusal_is_final(script):
    script.answer(LIST, [])
    script.answer(ADD, script.error(400, "global/invalid-parameters"))
    with pytest.raises(ApiError, match="invalid-parameters"):
        created(script)
    assert script.asked.count(ADD) == 1


def test_a_duplicate_without_a_lost_answer_is_somebody_elses(script):
    script.answer(LIST, [], [key("foreign")])
    script.answer(ADD, script.error(400, "global/duplicate"))
    with pytest.raises(ApiError, match="duplicate"):
        created(script)


def test_a_duplicate_after_a_lost_answer_may_be_our_own(script):
    script.answer(LIST, [], [], [key("new")])
    script.answer(ADD, httpx.ReadTimeout("late"), script.error(400, "global/duplicate"))
    assert created(script) == "new"


def test_it_gives_up_after_a_bounded_number_of_lost_answers(script):
    script.answer(LIST, [])
    script.answer(ADD, httpx.ReadTimeout("late"))
    with pytest.raises(ApiError, match="no-answer"):
        created(script)
    assert script.asked.count(ADD) == ATTEMPTS


def test_a_list_that_fails_is_no_empty_list(script):
    script.answer(LIST, [], script.error(401, "global/invalid-api-key"))
    script.answer(ADD, httpx.ReadTimeout("late"))
    with pytest.raises(ApiError, match="invalid-api-key"):
        created(script)
    assert script.asked.count(ADD) == 1
