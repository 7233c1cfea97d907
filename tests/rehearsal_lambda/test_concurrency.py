"""Many at once change nothing of what holds for one."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from rehearsal.lambda_cloud import Account, Fake, serve

LAUNCH = {"region_name": "us-west-1", "instance_type_name": "cpu_4x_general", "ssh_key_names": ["sophia2025"]}


def answers(fake: Fake, times: int) -> list[int]:
    def one(_: int) -> int:
        url = f"{fake.url}/api/v1/instance-operations/launch"
        return httpx.post(url, json=LAUNCH, auth=(fake.key, ""), trust_env=False).status_code

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(one, range(times)))


def test_the_quota_holds_when_launches_come_at_once():
    # So fast that the limits let all of them through.
    with serve(Account.born(), speed=100_000.0) as fake:
        fake.control.set_quota(7)
        assert sorted(answers(fake, 8)) == [200, 200, *[400] * 6]
        assert fake.control.counters()["launches"] == 2


def test_the_launch_limit_holds_when_launches_come_at_once():
    with serve(Account.born(), speed=1.0) as fake:
        assert sorted(answers(fake, 4)) == [200, 429, 429, 429]
        assert fake.control.counters()["launches"] == 1


def test_two_fakes_share_nothing():
    with serve(Account.born()) as one, serve(Account.born()) as other:
        one.control.set_quota(3)
        assert other.control.state().quota == 10
        assert httpx.get(f"{other.url}/api/v1/regions", auth=(one.key, ""), trust_env=False).status_code == 401
