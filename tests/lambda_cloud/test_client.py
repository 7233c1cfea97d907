"""What the client sends, how fast, how often, and what it says when the API refuses."""

import asyncio
import json

import httpx
import pytest

from providers.lambda_cloud.client import ATTEMPTS, LAUNCH_SECONDS, REQUEST_SECONDS
from providers.lambda_cloud.clock import Clock
from providers.lambda_cloud.errors import REMEDIES, ApiError


def failure(script, use) -> ApiError:
    with pytest.raises(ApiError) as caught:
        script.run(use)
    return caught.value


def test_an_answer_may_have_fields_nobody_knows(script, machine):
    script.answer("GET /instances", [machine(is_reserved=False, brand_new=[1])])
    found = script.run(lambda client: client.listing.everything(script.operation))
    assert found[0].ip == "198.51.100.7"


def test_jupyter_secrets_never_leave_the_client(script, machine):
    script.answer("GET /instances", [machine(jupyter_token=script.key, jupyter_url=f"https://x/?token={script.key}")])
    found = script.run(lambda client: client.listing.everything(script.operation))
    assert script.key not in repr(found)


def test_a_list_that_is_null_is_empty(script, machine):
    script.answer("GET /instances", [machine(tags=None, file_system_mounts=None)])
    assert script.run(lambda client: client.listing.everything(script.operation))[0].tags == ()


def test_the_key_is_sent_as_a_bearer_token(script):
    seen = []

    async def note(request):
        seen.append(request.headers["Authorization"])
        return {}

    script.answer("GET /instance-types", note)
    script.run(lambda client: client.instance_types(script.operation))
    assert seen == [f"Bearer {script.key}"]


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(429, text="<html>slow down</html>"),
        httpx.Response(500, text="oops"),
        httpx.Response(503, json={"error": {"code": "provider/internal-unavailable", "message": ""}}),
        httpx.Response(409, json={"error": {"code": "global/conflict", "message": ""}}),
        httpx.Response(200, text="<html>a proxy</html>"),
        httpx.ReadTimeout("late"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("closed"),
    ],
    ids=repr,
)
def test_a_read_is_sent_again_after_what_passes(script, trouble):
    script.answer("GET /ssh-keys", trouble, [])
    assert script.run(lambda client: client.ssh_keys(script.operation)) == ()
    assert len(script.asked) == 2


@pytest.mark.parametrize(("status", "code"), [(401, "global/invalid-api-key"), (403, "global/account-inactive")])
def test_a_refused_key_stops_at_once(script, status, code):
    script.answer("GET /ssh-keys", script.error(status, code))
    error = failure(script, lambda client: client.ssh_keys(script.operation))
    assert (len(script.asked), error.code) == (1, code)


def test_a_read_gives_up_after_a_bounded_number_of_attempts(script):
    script.answer("GET /ssh-keys", httpx.Response(502))
    assert failure(script, lambda client: client.ssh_keys(script.operation)).status == 502
    assert len(script.asked) == ATTEMPTS


def test_a_pause_the_server_asks_for_is_kept(script):
    script.answer("GET /ssh-keys", httpx.Response(429, headers={"Retry-After": "40"}), [])
    script.run(lambda client: client.ssh_keys(script.operation))
    assert script.times[1] - script.times[0] >= 40


@pytest.mark.parametrize(
    "trouble",
    [httpx.ReadTimeout("late"), httpx.Response(500), httpx.Response(200, text="<html>"), httpx.WriteError("cut")],
    ids=repr,
)
def test_a_creation_whose_outcome_is_unknown_is_never_sent_again(script, trouble):
    script.answer("POST /filesystems", trouble)
    error = failure(script, lambda client: client.create_file_system(script.operation, name="a", region="us-west-1"))
    assert (len(script.asked), error.outcome_unknown) == (1, True)


@pytest.mark.parametrize("trouble", [httpx.Response(429), httpx.ConnectError("refused")], ids=repr)
def test_a_creation_that_had_no_effect_is_sent_again(script, trouble):
    made = {"id": "f", "name": "a", "region": {"name": "us-west-1"}, "mount_point": "/lambda/nfs/a"}
    script.answer("POST /filesystems", trouble, made)
    use = lambda client: client.create_file_system(script.operation, name="a", region="us-west-1")  # noqa: E731 - short
    assert script.run(use).id == "f"


@pytest.mark.parametrize("trouble", [httpx.Response(429), httpx.ConnectError("refused"), httpx.Response(500)], ids=repr)
def test_a_launch_is_sent_once_whatever_the_answer(script, trouble):
    script.answer("POST /instance-operations/launch", trouble)
    failure(script, lambda client: client.launch(script.operation, {}))
    assert len(script.asked) == 1


# Slow enough that a busy machine, which holds up the first request, does not change what is measured.
SLOWLY = 20.0
HELD_UP = 2.0


def test_requests_keep_the_pace_of_one_a_second(script):
    script.clock = Clock(SLOWLY)
    script.answer("GET /ssh-keys", [])

    async def five(client):
        await asyncio.gather(*(client.ssh_keys(script.operation) for _ in range(5)))

    script.run(five)
    assert script.times[-1] - script.times[0] >= 4 * REQUEST_SECONDS - HELD_UP


def test_launches_keep_their_own_pace(script):
    script.clock = Clock(SLOWLY)
    script.answer("POST /instance-operations/launch", {"instance_ids": ["i"]})

    async def three(client):
        await asyncio.gather(*(client.launch(script.operation, {}) for _ in range(3)))

    script.run(three)
    assert script.times[-1] - script.times[0] >= 2 * LAUNCH_SECONDS - HELD_UP


def test_giving_up_on_a_launch_does_not_cut_its_request(script):
    done: list[bool] = []
    sent = asyncio.Event()

    async def slow(_):
        sent.set()
        await asyncio.sleep(0.05)
        done.append(True)
        return {"instance_ids": ["i"]}

    script.answer("POST /instance-operations/launch", slow)

    async def give_up(client):
        task = asyncio.create_task(client.launch(script.operation, {}))
        await sent.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.1)

    script.run(give_up)
    assert done == [True], "the answer names a machine that costs money"


def test_an_id_cannot_leave_its_path(script, machine):
    seen = []

    async def note(request):
        seen.append(request.url.raw_path)
        return machine()

    script.answer("GET /instances/../ssh-keys", note)
    script.run(lambda client: client.instance(script.operation, "../ssh-keys"))
    assert seen == [b"/api/v1/instances/..%2Fssh-keys"]


def test_a_redirect_is_not_followed_with_the_key(script):
    script.answer("GET /ssh-keys", httpx.Response(302, headers={"Location": "https://elsewhere.example/"}))
    assert failure(script, lambda client: client.ssh_keys(script.operation)).status == 302
    assert script.asked == ["GET /ssh-keys"]


@pytest.mark.parametrize("code", sorted(REMEDIES))
def test_each_code_has_a_remedy_of_its_own(script, code):
    script.answer("GET /ssh-keys", script.error(400, code))
    assert str(failure(script, lambda client: client.ssh_keys(script.operation))).endswith(REMEDIES[code])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_no_error_repeats_the_key_a_header_or_a_body(script, status):
    body = {"error": {"code": f"oops {script.key}", "message": script.key, "suggestion": script.key}}
    answer = httpx.Response(status, text=json.dumps(body), headers={"X-Echo": script.key})
    script.answer("POST /instance-operations/launch", answer)
    error = failure(script, lambda client: client.launch(script.operation, {"user_data": script.key}))
    assert script.key not in f"{error!r} {error} {error.__cause__!r}"


def test_a_code_with_authority_means_gone_and_a_wrong_path_does_not(script):
    script.answer("GET /instances/a", script.error(404, "global/object-does-not-exist"))
    script.answer("GET /instances/b", script.error(404, "global/not-found"))
    assert failure(script, lambda client: client.instance(script.operation, "a")).gone
    assert not failure(script, lambda client: client.instance(script.operation, "b")).gone
