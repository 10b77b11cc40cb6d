"""The one place that wires: settings → adapters → services. Built at the first request, then kept."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from paygate import observability, snapshots
from paygate.adapters.iam.tokens import cache_token, database_token, kafka_token
from paygate.adapters.kms.key import KmsKey
from paygate.adapters.postgres.chain_store import PostgresChains
from paygate.adapters.postgres.database import Database
from paygate.adapters.postgres.eraser import PostgresEraser
from paygate.adapters.postgres.key_store import PostgresKeyStore
from paygate.adapters.postgres.ledger import PostgresLedger
from paygate.adapters.postgres.login import Login
from paygate.adapters.postgres.operator_store import PostgresOperations
from paygate.adapters.postgres.outbox import PostgresOutbox
from paygate.adapters.postgres.payout_store import PostgresPayouts
from paygate.adapters.postgres.resealer import PostgresResealer
from paygate.adapters.postgres.signing_store import PostgresSignings
from paygate.adapters.postgres.statement_store import PostgresStatements
from paygate.adapters.postgres.statements import sql
from paygate.adapters.postgres.transfer_documents import PostgresTransferDocuments
from paygate.adapters.rails.http import RailHttp
from paygate.adapters.rates.sources import rate_sources
from paygate.adapters.redis.client import RedisClient
from paygate.adapters.redis.gate import RedisGate
from paygate.adapters.redis.idempotency_cache import RedisIdempotencyCache
from paygate.adapters.redis.limiter import RedisLimiter
from paygate.adapters.redis.turns import RedisTurns
from paygate.adapters.s3.uploads import S3Uploads
from paygate.adapters.sqs.nudge import ProcessGate, SqsNudge, no_nudge
from paygate.adapters.sqs.statements import SqsStatements, no_queue
from paygate.adapters.system.clock import SystemClock, SystemIds
from paygate.adapters.system.sealer import AesGcmSealer
from paygate.config import AWS_MSK_IAM, Settings, read_settings
from paygate.domain.errors import MethodNotAvailable, NotFound, TreasuryMissing, Unavailable
from paygate.domain.events import TOPICS
from paygate.faults import SettingsFaults
from paygate.ports import RailUrls
from paygate.services.approve_refund import ApproveRefund
from paygate.services.book_transfers import BookTransfers
from paygate.services.cancel_payment import CancelPayment
from paygate.services.capture_payment import CapturePayment
from paygate.services.claim_transaction import ClaimTransaction
from paygate.services.create_payment import CreatePayment
from paygate.services.erase import Erase
from paygate.services.expire import Expire
from paygate.services.get_payment import GetPayment
from paygate.services.handle_callback import HandleCallback
from paygate.services.idempotency import Idempotency
from paygate.services.import_statement import MAX_UPLOAD_BYTES, ImportStatement
from paygate.services.manage_statements import StatementService
from paygate.services.observe import Observe
from paygate.services.pay_out import PayOut
from paygate.services.payer_return import PayerReturn
from paygate.services.payment_service import PaymentService
from paygate.services.poll_chain import PollChain
from paygate.services.quotes import Quotes
from paygate.services.read_statement import ReadStatement
from paygate.services.refund_payment import RefundPayment
from paygate.services.relay_events import RelayEvents
from paygate.services.resolve import Resolve
from paygate.services.restore import Restore
from paygate.services.sign_refund import SignRefunds
from paygate.strategies import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from paygate.adapters.kafka.settings import KafkaSettings
    from paygate.chain_ports import Chain, Treasury
    from paygate.domain.bank_statement import BankTransaction, StatementHeader
    from paygate.operator_ports import Resealer
    from paygate.ports import Clock, Limiter, Meter, Nudge, PaymentRail, Readable, Strategy
    from paygate.signing_ports import Sealing


_NODE_BYTES, _NODE_SECONDS = 1 << 28, 30.0  # of one answer: a block with all its transactions is large
_RETURN_SECONDS = 5.0  # at most so often a payer who comes back has the rail asked


@dataclass(frozen=True, slots=True)
class App:
    """What functions use. Close it only where a process outlives it (tests, commands)."""

    settings: Settings
    clock: Clock
    meter: Meter
    payments: PaymentService
    statements: StatementService
    resolve: Resolve
    expire: Expire
    poll_chain: PollChain
    pay_out: PayOut
    approve_refund: ApproveRefund
    sign_refunds: SignRefunds
    relay: RelayEvents
    outbox: PostgresOutbox
    keys: PostgresKeyStore
    limiter: Limiter
    probes: Mapping[str, Callable[[], bool]]
    database: Database


class ConfiguredRails:
    """`services.rails.Rails` over the registry: a rail is made when it is first asked for."""

    def __init__(self, settings: Settings, clock: Clock, meter: Meter) -> None:
        self._settings = settings
        self._clock = clock
        self._meter = meter
        self._made: dict[str, PaymentRail] = {}

    def for_method(self, method: str, /) -> tuple[Strategy, PaymentRail]:
        known = registry.method(method)
        if known is None or known.rail not in self._settings.rails:
            raise MethodNotAvailable(f"{method} is not configured here")
        return registry.strategy(method), self.by_name(known.rail)

    def by_name(self, rail: str, /) -> PaymentRail:
        if rail not in self._made:
            self._made[rail] = self._make(rail)
        return self._made[rail]

    def _make(self, rail: str) -> PaymentRail:
        known = registry.method_of_rail(rail)
        if known is None or rail not in self._settings.rails:
            raise NotFound("no such rail here")
        adapter = registry.load(known.adapter)
        base = self._settings.public_base_url
        urls = RailUrls(callback=f"{base}/webhooks/{rail}", returned=f"{base}/return")
        http = RailHttp(told=partial(self._told, rail))
        made: PaymentRail = adapter(self._settings.rails[rail], urls, self._clock, http)
        return made

    def _told(self, rail: str, milliseconds: int, is_answered: bool) -> None:  # noqa: FBT001  # as RailHttp says it
        self._meter.measure("RailLatency", milliseconds, rail=rail)
        self._meter.count("RailErrors", 0 if is_answered else 1, rail=rail)


class ConfiguredChains:
    """`chain_ports.Chains` over the registry: a node's adapter is loaded when it is first asked for."""

    def __init__(self, settings: Settings, meter: Meter) -> None:
        self._settings = settings
        self._meter = meter
        self._made: dict[str, Chain] = {}

    def by_name(self, network: str, /) -> Chain:
        if network not in self._made:
            known = registry.method_of_rail(network)
            if known is None or known.chain is None or network not in self._settings.rails:
                raise NotFound("no such chain here")
            http = _node_http(self._meter, network)
            self._made[network] = registry.load(known.chain)(self._settings.rails[network], http)
        return self._made[network]


class ConfiguredTreasuries:
    """`chain_ports.Treasuries` over the registry."""

    def __init__(self, settings: Settings, meter: Meter) -> None:
        self._settings = settings
        self._meter = meter
        self._made: dict[str, Treasury] = {}

    def by_name(self, network: str, /) -> Treasury:
        if network not in self._made:
            known, own = registry.method_of_rail(network), self._settings.rails.get(network)
            if known is None or known.treasury is None or own is None:
                raise NotFound("no such chain here")
            if own.treasury is None:
                raise TreasuryMissing(f"no treasury pays refunds on {network}")
            self._made[network] = registry.load(known.treasury)(own, _node_http(self._meter, network))
        return self._made[network]


class ConfiguredSealings:
    """`signing_ports.Sealings` over the registry."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def by_name(self, network: str, /) -> Sealing | None:
        known, own = registry.method_of_rail(network), self._settings.rails.get(network)
        if known is None or known.sealing is None or own is None or own.treasury is None:
            return None
        made: Sealing = registry.load(known.sealing)(own)
        return made


def _node_http(meter: Meter, network: str) -> RailHttp:
    def told(milliseconds: int, _is_answered: bool) -> None:  # noqa: FBT001  # as RailHttp says it
        meter.measure("NodeLatency", milliseconds, network=network)

    return RailHttp(told=told, max_bytes=_NODE_BYTES, total_seconds=_NODE_SECONDS)


def build(settings: Settings) -> App:
    """Wire everything; nothing connects before it is used."""
    observability.redact.conceal(settings.secret_values)
    clock = SystemClock()
    ids = SystemIds(clock)
    meter = observability.EmfMeter(registry.PACES)
    sealer = AesGcmSealer(dict(settings.encryption_key))
    database = Database(application_login(settings))
    ledger = PostgresLedger(database, sealer, ids)
    redis = _redis(settings)
    idempotency = Idempotency(ledger, RedisIdempotencyCache(redis, sealer))
    rails = ConfiguredRails(settings, clock, meter)
    nudge = _nudge(settings, redis)
    observe = Observe(ledger, clock, ids, meter, nudge)
    off = settings.methods_off or ()
    quotes = Quotes(rate_sources(settings.rates, clock), settings.rates.rules, clock, meter)
    read = GetPayment(ledger, rails, observe)
    callbacks = HandleCallback(ledger, rails, observe, ids, meter)
    refunds = RefundPayment(ledger, idempotency, rails, clock, ids, meter, nudge)
    transfers = BookTransfers(ledger, clock, ids, meter, nudge)
    imports, statements = _statements(settings, database, ledger, transfers, clock, ids, meter)
    chains = ConfiguredChains(settings, meter)
    families = {name: rail.family for name, rail in settings.rails.items() if hasattr(rail, "family")}
    known_of_chains = PostgresChains(database, families, clock, ids)
    payouts = PostgresPayouts(database)
    treasuries = ConfiguredTreasuries(settings, meter)
    pay_out = PayOut(ledger, rails, chains, treasuries, payouts, refunds, clock, meter)
    signings = PostgresSignings(database)
    key = KmsKey(settings.signing.key_arn) if settings.signing.key_arn else None
    outbox = PostgresOutbox(database)
    return App(
        settings=settings,
        clock=clock,
        meter=meter,
        payments=PaymentService(
            create=CreatePayment(ledger, idempotency, rails, clock, ids, sealer, meter, nudge, quotes, off),
            read=read,
            callback=callbacks,
            refund=refunds,
            cancel=CancelPayment(ledger, rails, observe, clock, ids, meter, nudge),
            capture=CapturePayment(ledger, rails, observe),
            come_back=PayerReturn(ledger, read, RedisTurns(redis, "return", _RETURN_SECONDS)),
            claim=ClaimTransaction(ledger, chains, known_of_chains, transfers),
        ),
        statements=statements,
        resolve=Resolve(
            ledger, rails, observe, callbacks, refunds, transfers, imports, clock, ids, sealer, meter, nudge
        ),
        expire=Expire(ledger, rails, observe, clock, ids, meter, nudge),
        poll_chain=PollChain(
            chains, known_of_chains, transfers, pay_out, clock, ids, meter, settings.chain_follow_seconds
        ),
        pay_out=pay_out,
        approve_refund=ApproveRefund(ledger, signings),
        sign_refunds=SignRefunds(
            ledger, pay_out, signings, ConfiguredSealings(settings), key, settings.signing.rules, clock, meter
        ),
        relay=_relay(settings, outbox, meter),
        outbox=outbox,
        keys=PostgresKeyStore(database, sealer),
        limiter=RedisLimiter(redis, clock, settings.rate_limit_per_minute),
        probes={"postgres": lambda: _answers(database), "redis": redis.is_reached},
        database=database,
    )


@dataclass(frozen=True, slots=True)
class Operations:
    """What an operator does by hand, as the schema's owner: also while the application is shut out."""

    app: App
    restore: Restore
    erase: Erase
    reseal: Resealer


def operations(settings: Settings) -> Operations:
    """Raises SettingsFaults. Close `app.database` afterwards."""
    app = build(replace(settings, database_url=_owner_url(settings)))
    ids, sealer = SystemIds(app.clock), AesGcmSealer(dict(settings.encryption_key))
    ledger = PostgresLedger(app.database, sealer, ids)
    redis = _redis(settings)
    accounts = [rail.account.name for rail in settings.rails.values() if hasattr(rail, "family")]
    restore = Restore(
        PostgresOperations(app.database),
        ledger,
        ConfiguredRails(settings, app.clock, app.meter),
        Observe(ledger, app.clock, ids, app.meter, no_nudge),
        app.resolve,
        app.payments.refund,
        settings.signing.rules,
        accounts,
        redis.forget_all,
        app.clock,
    )
    answers = RedisIdempotencyCache(redis, sealer)
    erase = Erase(PostgresEraser(app.database), answers.forget, app.clock)
    return Operations(app, restore, erase, PostgresResealer(app.database, sealer))


_app: App | None = None
_lock = threading.Lock()


def app() -> App:
    """This process's application; raises SettingsFaults when production's settings are not right."""
    global _app  # noqa: PLW0603  # one per process, as Lambda keeps it between invocations
    if _app is None:
        with _lock:
            if _app is None:
                _app = build(read_settings(os.environ))
    return _app


def forget() -> None:
    """Have the next request build the application anew: settings, connections, clients, caches and what is known.

    Nothing is said to the other ends: they may be another process's by now.
    """
    global _app  # noqa: PLW0603  # as above
    _app = None
    snapshots.renew()


snapshots.before_snapshot(snapshots.load_code)
snapshots.after_restore(forget)


def _nudge(settings: Settings, redis: RedisClient) -> Nudge:
    if settings.relay_queue_url is None:
        return no_nudge
    return SqsNudge(settings.relay_queue_url, RedisGate(redis, ProcessGate()))


def _statements(
    settings: Settings,
    database: Database,
    ledger: PostgresLedger,
    book: BookTransfers,
    clock: Clock,
    ids: SystemIds,
    meter: Meter,
) -> tuple[ImportStatement, StatementService]:
    bank = settings.rails.get("bank_transfer")
    store = PostgresStatements(database)
    bucket, queue_url = settings.statement_bucket, settings.statement_queue_url
    uploads = S3Uploads(bucket, MAX_UPLOAD_BYTES, clock) if bucket else None
    reader = ReadStatement(store, _read_statements, bank.accounts if bank else {}, clock, ids)
    needs_approval = bank is not None and bank.needs_approval
    queue = SqsStatements(queue_url) if queue_url else no_queue
    imports = ImportStatement(
        store, ledger, reader, book, uploads, queue, ids, meter, needs_approval=needs_approval
    )
    documents = PostgresTransferDocuments(database)
    return imports, StatementService(
        store, ledger, documents, imports, book, uploads, ids, is_configured=bank is not None
    )


def _read_statements(
    file: Readable, limit_bytes: int, account: str | None = None, /
) -> Iterator[StatementHeader | BankTransaction]:
    from paygate.adapters.statements.reader import read_statements  # noqa: PLC0415  # sqlite3, expat, csv

    return read_statements(file, limit_bytes, account)


def _login(settings: Settings, url: str) -> Login:
    return Login(url, settings.database_ca, database_token if settings.database_auth == "iam" else None)


def _redis(settings: Settings) -> RedisClient:
    token = partial(cache_token, settings.redis_cache_name or "") if settings.redis_auth == "iam" else None
    return RedisClient(settings.redis_url, token=token, is_cluster=settings.redis_cluster == "yes")


def _kafka(settings: Settings) -> KafkaSettings:
    from paygate.adapters.kafka.settings import KafkaSettings  # noqa: PLC0415

    return KafkaSettings(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        username=settings.kafka_username,
        password=settings.kafka_password,
        new_topic_partitions=settings.kafka_new_topic_partitions,
        token=kafka_token if settings.kafka_sasl_mechanism == AWS_MSK_IAM else None,
        authority=settings.kafka_ca,
    )


def _relay(settings: Settings, outbox: PostgresOutbox, meter: Meter) -> RelayEvents:
    from paygate.adapters.kafka.stream import KafkaStream  # noqa: PLC0415

    stream = KafkaStream(_kafka(settings))
    return RelayEvents(outbox, stream, meter, retention_days=settings.outbox_retention_days)


def application_login(settings: Settings) -> Login:
    """How the functions come in to PostgreSQL."""
    return _login(settings, settings.database_url)


def owner_login(settings: Settings) -> Login:
    """How migrations come in; raises SettingsFaults where they cannot."""
    return _login(settings, _owner_url(settings))


def _owner_url(settings: Settings) -> str:
    if settings.migrate_database_url is None:
        raise SettingsFaults(("MIGRATE_DATABASE_URL is missing",))
    return settings.migrate_database_url


def make_topics(settings: Settings) -> list[str]:
    """Make Kafka's topics that are missing, where settings say with how many partitions; answers their names."""
    from kafka.errors import KafkaError  # noqa: PLC0415  # heavy: the relay and `migrate` only

    from paygate.adapters.kafka.topics import create_topics  # noqa: PLC0415

    if not settings.kafka_new_topic_partitions:
        return []
    try:
        return create_topics(_kafka(settings), {topic for topics in TOPICS.values() for topic in topics})
    except KafkaError as error:
        raise Unavailable("Kafka cannot be reached") from error


def _answers(database: Database) -> bool:
    with database.transaction() as run:
        return bool(run(sql("ping")))
