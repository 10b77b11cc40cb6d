"""A cluster of three Valkey nodes, as the user that the stack's access string makes: every adapter works there."""

from __future__ import annotations

import contextlib
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.ports import HOST, free_port
from infra.local.server import ROOT
from infra.local.servers.redis import Redis
from infra.local.template import load_document
from paygate.adapters.redis.client import RedisClient
from paygate.adapters.redis.gate import RedisGate
from paygate.adapters.redis.idempotency_cache import RedisIdempotencyCache
from paygate.adapters.redis.limiter import RedisLimiter
from paygate.adapters.redis.turns import RedisTurns
from paygate.adapters.system.sealer import AesGcmSealer
from paygate.ports import Answer, Claim

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

USER = "paygate-test"
SLOTS = ((0, 5460), (5461, 10922), (10923, 16383))


class Node(Redis):
    bus = 0

    def prepare(self) -> None:
        super().prepare()
        with (self.directory / "valkey.conf").open("a") as configuration:
            configuration.write(
                "cluster-enabled yes\ncluster-node-timeout 2000\ncluster-allow-replica-migration no\n"
            )
            configuration.write(f"cluster-port {self.bus}\n")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    with contextlib.ExitStack() as stack:
        started = []
        for number in range(len(SLOTS)):
            node = Node(tmp_path_factory.mktemp(f"node{number}"))
            node.bus = free_port()
            started.append(stack.enter_context(node))
        join(started)
        yield started


def join(nodes: Sequence[Node]) -> None:
    for node, (first, last) in zip(nodes, SLOTS, strict=True):
        with node.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            client.execute_command("CLUSTER", "MEET", HOST, nodes[0].port, nodes[0].bus)
    give_up_at = time.monotonic() + 20
    while not all(is_whole(node) for node in nodes):
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


def is_whole(node: Node) -> bool:
    with node.client() as client:
        told = client.execute_command("CLUSTER", "INFO")
    facts = told if isinstance(told, dict) else dict(line.split(":") for line in told.decode().splitlines())
    return (facts["cluster_state"], int(facts["cluster_known_nodes"])) == ("ok", len(SLOTS))


def access_string() -> list[str]:
    data = load_document(ROOT / "infra" / "stacks" / "data.yaml")
    return str(data["Resources"]["RedisUser"]["Properties"]["AccessString"]).split()


def let_in(nodes: Sequence[Node]) -> str:
    word = secrets.token_urlsafe(24)
    for node in nodes:
        with node.client() as client:
            client.execute_command("ACL", "SETUSER", USER, "reset", f">{word}", *access_string())
    return word


@pytest.fixture
def client(nodes: list[Node]) -> RedisClient:
    return RedisClient(f"redis://{USER}:{let_in(nodes)}@{HOST}:{nodes[1].port}/0", is_cluster=True)


def spread(nodes: Sequence[Node]) -> list[int]:
    counts = []
    for node in nodes:
        with node.client() as admin:
            counts.append(admin.dbsize())
    return counts


def test_keys_of_every_kind_live_all_over_the_cluster(client: RedisClient, nodes: list[Node]) -> None:
    assert client.is_reached()
    cache = RedisIdempotencyCache(client, AesGcmSealer({"1": bytes(32)}))
    for number in range(30):
        claim = Claim(f"key-{number}", bytes(32))
        assert cache.begin(claim) is True
        assert cache.begin(claim) is False
        if number % 2:
            cache.abandon(claim)
            assert cache.begin(claim) is True
        cache.finish(claim, Answer(201, b"{}"))
        assert cache.begin(claim) == Answer(201, b"{}")
    assert all(count > 0 for count in spread(nodes))


def test_limits_turns_and_nudges_are_shared_over_a_cluster(client: RedisClient) -> None:
    class Clock:
        def now(self) -> datetime:
            return datetime(2026, 1, 1, tzinfo=UTC)

    one, other = (RedisLimiter(client, Clock(), 5) for _ in range(2))
    taken = [limiter.take("key") for limiter in (one, other, one, other, one, other)]
    assert [allowance.is_allowed for allowance in taken if allowance] == [True] * 5 + [False]
    first, second = (RedisTurns(client, "return", 5) for _ in range(2))
    assert (first("PAY_1"), second("PAY_1"), second("PAY_2")) == (True, False, True)
    gates = [RedisGate(client, fallback=lambda: pytest.fail("Redis was asked")) for _ in range(2)]
    assert [gate() for gate in gates] == [True, False]


def test_all_that_is_ours_is_forgotten_on_every_node_and_nothing_else(
    client: RedisClient, nodes: list[Node]
) -> None:
    assert client.try_to(use_all_nodes) == 30
    with nodes[0].client() as admin:
        slot = next(name for name in (f"other:{number}" for number in range(1000)) if is_here(admin, name))
        admin.set(slot, b"another's")
    assert client.forget_all()
    assert spread(nodes) == [1, 0, 0]
    with nodes[0].client() as admin:
        admin.delete(slot)


def is_here(admin: Any, name: str) -> bool:
    """Whether the node may keep a key of that name."""
    number = int(admin.execute_command("CLUSTER", "KEYSLOT", name))
    return SLOTS[0][0] <= number <= SLOTS[0][-1]


def test_the_access_string_opens_nothing_else(nodes: list[Node], client: RedisClient) -> None:
    """One node is enough to be refused, and a refusal is told as Redis being gone."""
    word = let_in(nodes)
    for command in (
        ("SET", "other:key", "1"),
        ("KEYS", "*"),
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
    ):
        asked = RedisClient(f"redis://{USER}:{word}@{HOST}:{nodes[0].port}/0", is_cluster=True)
        assert asked.is_reached()
        assert asked.try_to(lambda redis, command=command: redis.execute_command(*command)) is None


def use_all_nodes(redis: Any) -> int:
    return sum(bool(redis.set(f"paygate:probe:{number}", b"1", px=1000)) for number in range(30))


def test_a_node_that_hangs_is_redis_being_gone_and_later_it_is_found_again(nodes: list[Node]) -> None:
    word = let_in(nodes)
    client = RedisClient(f"redis://{USER}:{word}@{HOST}:{nodes[1].port}/0", is_cluster=True)
    assert client.try_to(use_all_nodes) == 30
    nodes[1].pause()
    try:
        started = time.monotonic()
        assert client.try_to(use_all_nodes) is None
        assert not client.is_reached(), "the address that is configured is that node's"
        assert time.monotonic() - started < 2
    finally:
        nodes[1].resume()
    give_up_at = time.monotonic() + 20
    while not (all(is_whole(node) for node in nodes) and client.is_reached()):
        assert time.monotonic() < give_up_at
        time.sleep(0.2)
    assert client.try_to(use_all_nodes) == 30
