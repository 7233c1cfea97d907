"""What the embedded etcd really holds."""

from __future__ import annotations

from providers.host.remote.k3s_api import trusting
from providers.host.remote.k3s_grpc import call, fields, number, text
from providers.host.remote.k3s_places import DATA

ADDRESS = ("127.0.0.1", 2379)
CLIENT = DATA / "server/tls/etcd"
SECRETS = b"/registry/secrets/"
NEWEST = 10
# The numbers of etcd's own fields, in rpc.proto and kv.proto.
KEY, RANGE_END, LIMIT, ORDER, TARGET = 1, 2, 3, 5, 6
DESCENDING, BY_REVISION = 2, 3
PAIRS, PAIR_KEY, PAIR_VALUE = 2, 1, 5


def newest_secrets() -> list[tuple[str, bytes]]:
    """Return the names and raw values of the Secrets that were written last.

    Raises:
        NoAnswerError: etcd does not answer.
        FileNotFoundError: it has no certificates yet.
    """
    context = trusting(CLIENT / "server-ca.crt")
    context.load_cert_chain(CLIENT / "client.crt", CLIENT / "client.key")
    end = SECRETS[:-1] + bytes([SECRETS[-1] + 1])
    asked = text(KEY, SECRETS) + text(RANGE_END, end) + number(LIMIT, NEWEST)
    asked += number(ORDER, DESCENDING) + number(TARGET, BY_REVISION)
    answer = call(ADDRESS, context, "/etcdserverpb.KV/Range", asked)
    pairs = [dict(fields(value)) for field, value in fields(answer) if field == PAIRS]
    return [(pair.get(PAIR_KEY, b"").decode(errors="replace"), pair.get(PAIR_VALUE, b"")) for pair in pairs]
