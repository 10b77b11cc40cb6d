-- Payments, attempts, timeline, refunds, idempotency, callbacks, cases, outbox, API keys.
-- Amounts are NUMERIC(78,0): integers of the asset's smallest unit (a BIGINT ends at 9.2 ETH).
-- No sequences and no session state: poolers in transaction mode pin on both.

-- How documents write money and time; simple enough for the planner to inline.
-- A product of numerics is exact and has the scale of both: 10000 × 0.01 is 100.00.
CREATE FUNCTION decimal_text(units numeric, decimals int) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (units * ('1e-' || decimals)::numeric)::text;
CREATE FUNCTION iso(at timestamptz) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

-- The state tables come from the code's own data (migrations/states.py) and are here for foreign keys.
CREATE TABLE payment_states (state text PRIMARY KEY);
CREATE TABLE payment_transitions (
    from_state text NOT NULL REFERENCES payment_states,
    to_state text NOT NULL REFERENCES payment_states,
    PRIMARY KEY (from_state, to_state)
);
CREATE TABLE refund_states (state text PRIMARY KEY);
CREATE TABLE refund_transitions (
    from_state text NOT NULL REFERENCES refund_states,
    to_state text NOT NULL REFERENCES refund_states,
    PRIMARY KEY (from_state, to_state)
);

CREATE TABLE payments (
    id text PRIMARY KEY CHECK (id ~ '^PAY_[0-9A-Z]{26}$'),
    order_id text NOT NULL,
    user_id bigint NOT NULL,
    method text NOT NULL,
    channel text NOT NULL,
    state text NOT NULL REFERENCES payment_states,
    price numeric(78, 0) NOT NULL CHECK (price > 0),
    currency text NOT NULL,
    decimals smallint NOT NULL CHECK (decimals BETWEEN 0 AND 36),
    due numeric(78, 0) NOT NULL CHECK (due > 0),
    due_asset text NOT NULL,
    due_decimals smallint NOT NULL CHECK (due_decimals BETWEEN 0 AND 36),
    due_network text,
    received numeric(78, 0) NOT NULL DEFAULT 0 CHECK (received >= 0),
    pending numeric(78, 0) NOT NULL DEFAULT 0 CHECK (pending >= 0),
    refund_reserved numeric(78, 0) NOT NULL DEFAULT 0 CHECK (refund_reserved >= 0),
    refunded numeric(78, 0) NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    refunded_outside numeric(78, 0) NOT NULL DEFAULT 0 CHECK (refunded_outside >= 0),
    exceptions text[] NOT NULL DEFAULT '{}'
        CHECK (exceptions <@ ARRAY['UNDERPAID', 'OVERPAID', 'LATE', 'DUPLICATE']),
    description text,
    return_url text,
    metadata json NOT NULL DEFAULT '{}',
    failure_reason text,
    request_id text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    expiry_leased_until timestamptz,
    settled_at timestamptz,
    version int NOT NULL DEFAULT 1 CHECK (version > 0),
    sequence int NOT NULL DEFAULT 0 CHECK (sequence >= 0),
    -- Our own refunds never give back more than came in; refunds made in the rail's console are recorded as they are.
    CHECK (refund_reserved + refunded <= received),
    CHECK (state NOT IN ('SETTLED', 'PARTIALLY_REFUNDED', 'REFUNDED', 'REVERSED')
           OR (settled_at IS NOT NULL AND received > 0)),
    CHECK ((state IN ('FAILED', 'EXPIRED', 'CANCELLED')) = (failure_reason IS NOT NULL)),
    -- Nothing is over without an event that says so.
    CHECK (state IN ('CREATED', 'PENDING', 'CONFIRMING') OR sequence > 0)
);
CREATE INDEX payments_by_order ON payments (order_id, id DESC);
CREATE INDEX payments_by_state ON payments (state, id DESC);
CREATE INDEX payments_by_method ON payments (method, id DESC);
CREATE INDEX payments_by_state_and_method ON payments (state, method, id DESC);
CREATE INDEX payments_to_expire ON payments (expires_at, id)
    WHERE state IN ('CREATED', 'PENDING', 'CONFIRMING');

CREATE TABLE attempts (
    payment_id text NOT NULL REFERENCES payments,
    number int NOT NULL CHECK (number > 0),
    rail text NOT NULL,
    reference text NOT NULL,
    status text NOT NULL CHECK (status IN ('STARTED', 'OPEN', 'UNKNOWN', 'DONE')),
    rail_expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    next_query_at timestamptz,
    queries int NOT NULL DEFAULT 0,
    rail_id text,
    action_sealed bytea,
    PRIMARY KEY (payment_id, number),
    UNIQUE (rail, reference)
);
-- One order at a rail pays one payment.
CREATE UNIQUE INDEX attempts_by_rail_id ON attempts (rail, rail_id) WHERE rail_id IS NOT NULL;
-- No second attempt while one may still bring money.
CREATE UNIQUE INDEX attempts_live ON attempts (payment_id) WHERE status <> 'DONE';
CREATE INDEX attempts_to_query ON attempts (next_query_at) WHERE next_query_at IS NOT NULL;

-- Append-only. A move that the state table does not have cannot be written.
CREATE TABLE timeline (
    payment_id text NOT NULL REFERENCES payments,
    version int NOT NULL,
    from_state text REFERENCES payment_states,
    to_state text NOT NULL REFERENCES payment_states,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (payment_id, version),
    FOREIGN KEY (from_state, to_state) REFERENCES payment_transitions
);

-- The payment that settled an order first: who finds another there is a DUPLICATE.
CREATE TABLE order_settlements (
    order_id text PRIMARY KEY,
    payment_id text NOT NULL UNIQUE REFERENCES payments
);

CREATE TABLE refunds (
    id text PRIMARY KEY CHECK (id ~ '^REF_[0-9A-Z]{26}$'),
    payment_id text NOT NULL REFERENCES payments,
    amount numeric(78, 0) NOT NULL CHECK (amount > 0),
    state text NOT NULL REFERENCES refund_states,
    reference text NOT NULL,
    origin text NOT NULL CHECK (origin IN ('API', 'RAIL')),
    reason text,
    rail_id text,
    failure_reason text,
    request_id text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    next_query_at timestamptz,
    queries int NOT NULL DEFAULT 0,
    UNIQUE (payment_id, reference),
    CHECK ((state = 'FAILED') = (failure_reason IS NOT NULL))
);
CREATE INDEX refunds_to_query ON refunds (next_query_at) WHERE next_query_at IS NOT NULL;

CREATE TABLE idempotency_keys (
    key text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    resource_id text NOT NULL,
    fence int NOT NULL DEFAULT 1,
    leased_until timestamptz NOT NULL,
    answer_status smallint,
    answer_sealed bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((answer_status IS NULL) = (answer_sealed IS NULL))
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Append-only, byte-exact.
CREATE TABLE callback_inbox (
    id text PRIMARY KEY,
    rail text NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    body bytea NOT NULL,
    headers json NOT NULL,
    query json NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (rail, digest)
);
CREATE TABLE callback_outcomes (
    callback_id text PRIMARY KEY REFERENCES callback_inbox,
    outcome text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
-- Callbacks stored and not applied.
CREATE TABLE callback_queue (
    callback_id text PRIMARY KEY REFERENCES callback_inbox,
    available_at timestamptz NOT NULL,
    tries int NOT NULL DEFAULT 0
);
CREATE INDEX callback_queue_due ON callback_queue (available_at);

CREATE TABLE operator_cases (
    id text PRIMARY KEY,
    kind text NOT NULL,
    dedupe text NOT NULL UNIQUE,
    rail text NOT NULL,
    payment_id text REFERENCES payments,
    detail json NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz
);
CREATE INDEX operator_cases_open ON operator_cases (opened_at) WHERE closed_at IS NULL;

-- The log of events, append-only until retention takes it; outbox_queue says what is still to be sent.
CREATE TABLE outbox (
    payment_id text NOT NULL REFERENCES payments,
    sequence int NOT NULL CHECK (sequence > 0),
    event_id text NOT NULL UNIQUE,
    kind text NOT NULL,
    topics text[] NOT NULL CHECK (cardinality(topics) > 0),
    payload text NOT NULL,
    request_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (payment_id, sequence)
);
CREATE INDEX outbox_by_age ON outbox (created_at);
CREATE TABLE outbox_queue (
    payment_id text NOT NULL,
    sequence int NOT NULL,
    available_at timestamptz NOT NULL DEFAULT now(),
    leased_by text,
    attempts int NOT NULL DEFAULT 0,
    last_error text,
    PRIMARY KEY (payment_id, sequence),
    FOREIGN KEY (payment_id, sequence) REFERENCES outbox ON DELETE CASCADE
);
CREATE INDEX outbox_queue_due ON outbox_queue (available_at);

CREATE TABLE api_keys (
    id text PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('BEARER', 'SIGNING')),
    secret_hash bytea,
    secret_sealed bytea,
    scopes text[] NOT NULL CHECK (scopes <@ ARRAY['payments:write', 'payments:read', 'refunds:write',
                                                  'statements:write', 'admin']),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at timestamptz,
    CHECK ((kind = 'BEARER') = (secret_hash IS NOT NULL)),
    CHECK ((kind = 'SIGNING') = (secret_sealed IS NOT NULL))
);
CREATE TABLE seen_signatures (
    signature bytea PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX seen_signatures_by_age ON seen_signatures (seen_at);

-- No writer, ours or a hand at a console, makes a move that the state tables do not have.
CREATE FUNCTION payment_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM payment_transitions WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE check_violation USING MESSAGE = format('a payment cannot go from %s to %s', OLD.state, NEW.state);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_moves BEFORE UPDATE OF state ON payments
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION payment_moves();
CREATE FUNCTION refund_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM refund_transitions WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE check_violation USING MESSAGE = format('a refund cannot go from %s to %s', OLD.state, NEW.state);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refund_moves BEFORE UPDATE OF state ON refunds
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION refund_moves();

-- What the application may do. Timeline, inbox and settled orders can only grow.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate') THEN
        CREATE ROLE paygate LOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of this server was migrated at the same moment
END $$;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO paygate;
GRANT INSERT ON payments, attempts, timeline, order_settlements, refunds, idempotency_keys, callback_inbox,
    callback_outcomes, callback_queue, operator_cases, outbox, outbox_queue, api_keys, seen_signatures
    TO paygate;
GRANT UPDATE ON payments, attempts, refunds, idempotency_keys, callback_queue, operator_cases, outbox_queue,
    api_keys TO paygate;
-- INSERT … ON CONFLICT DO UPDATE of the order's own id: locks the winner's row, changes nothing.
GRANT UPDATE (order_id) ON order_settlements TO paygate;
GRANT DELETE ON idempotency_keys, callback_queue, outbox, outbox_queue, seen_signatures TO paygate;
