-- Amounts are integers of the currency's smallest unit; times are Unix seconds. `seq` is the order of making,
-- which lists go by. What is only echoed stands in `facts`, as JSON.

CREATE TABLE IF NOT EXISTS intents (
    seq               INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT NOT NULL UNIQUE,
    order_no          TEXT NOT NULL,
    client_secret     TEXT NOT NULL UNIQUE,
    status            TEXT NOT NULL CHECK (status IN ('requires_payment_method', 'requires_confirmation',
                      'requires_action', 'processing', 'requires_capture', 'succeeded', 'canceled')),
    amount            INTEGER NOT NULL CHECK (amount > 0),
    amount_capturable INTEGER NOT NULL DEFAULT 0 CHECK (amount_capturable BETWEEN 0 AND amount),
    amount_received   INTEGER NOT NULL DEFAULT 0 CHECK (amount_received BETWEEN 0 AND amount),
    currency          TEXT NOT NULL,
    capture_method    TEXT NOT NULL,
    metadata          TEXT NOT NULL,
    facts             TEXT NOT NULL,
    payment_method    TEXT,
    next_action       TEXT,
    last_error        TEXT,
    latest_charge     TEXT,
    canceled_at       INTEGER,
    cancellation_reason TEXT,
    created           INTEGER NOT NULL,
    searchable_at     REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS intents_of ON intents (order_no);
CREATE INDEX IF NOT EXISTS intents_held ON intents (latest_charge) WHERE status = 'requires_capture';

-- A payment method is always one of the test cards, which is all that the sandbox knows of it.
CREATE TABLE IF NOT EXISTS payment_methods (
    id      TEXT PRIMARY KEY,
    card    TEXT NOT NULL,
    created INTEGER NOT NULL
);

-- `withdrawn` is what disputes hold or took for good.
CREATE TABLE IF NOT EXISTS charges (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    intent_id       TEXT NOT NULL REFERENCES intents (id),
    payment_method  TEXT NOT NULL REFERENCES payment_methods (id),
    status          TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    amount          INTEGER NOT NULL CHECK (amount > 0),
    captured        INTEGER NOT NULL DEFAULT 0,
    amount_captured INTEGER NOT NULL DEFAULT 0 CHECK (amount_captured BETWEEN 0 AND amount),
    refunded        INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount_captured),
    withdrawn       INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn BETWEEN 0 AND amount_captured),
    disputed        INTEGER NOT NULL DEFAULT 0,
    currency        TEXT NOT NULL,
    is_authenticated INTEGER NOT NULL,
    failure         TEXT,
    balance_transaction TEXT,
    created         INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS charges_of ON charges (intent_id);

-- `next_status` is what becomes of the refund by itself at `due_at`.
CREATE TABLE IF NOT EXISTS refunds (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT NOT NULL UNIQUE,
    charge_id      TEXT NOT NULL REFERENCES charges (id),
    amount         INTEGER NOT NULL CHECK (amount > 0),
    status         TEXT NOT NULL
                   CHECK (status IN ('pending', 'requires_action', 'succeeded', 'failed', 'canceled')),
    reason         TEXT,
    metadata       TEXT NOT NULL,
    failure_reason TEXT,
    balance_transaction         TEXT,
    failure_balance_transaction TEXT,
    next_status    TEXT,
    due_at         REAL,
    created        INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS refunds_of ON refunds (charge_id);
CREATE INDEX IF NOT EXISTS refunds_due ON refunds (due_at) WHERE next_status IS NOT NULL;

CREATE TABLE IF NOT EXISTS disputes (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    id        TEXT NOT NULL UNIQUE,
    charge_id TEXT NOT NULL REFERENCES charges (id),
    amount    INTEGER NOT NULL CHECK (amount > 0),
    withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn BETWEEN 0 AND amount),
    status    TEXT NOT NULL CHECK (status IN ('warning_needs_response', 'warning_closed',
              'needs_response', 'won', 'lost')),
    reason    TEXT NOT NULL,
    created   INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS disputes_of ON disputes (charge_id);

CREATE TABLE IF NOT EXISTS balance_transactions (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    source      TEXT NOT NULL,
    type        TEXT NOT NULL,
    category    TEXT NOT NULL,
    amount      INTEGER NOT NULL,
    fee         INTEGER NOT NULL,
    currency    TEXT NOT NULL,
    description TEXT NOT NULL,
    created     INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS balance_transactions_of ON balance_transactions (source);

CREATE TABLE IF NOT EXISTS events (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    order_no TEXT NOT NULL,
    type     TEXT NOT NULL,
    body     TEXT NOT NULL,
    created  INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS endpoints (
    id      TEXT PRIMARY KEY,
    url     TEXT NOT NULL,
    secrets TEXT NOT NULL,
    enabled_events TEXT NOT NULL,
    created INTEGER NOT NULL
);

-- The first answer to every Idempotency-Key.
CREATE TABLE IF NOT EXISTS answers (
    key         TEXT PRIMARY KEY,
    endpoint    TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    request_id  TEXT NOT NULL,
    status      INTEGER NOT NULL,
    body        TEXT NOT NULL
);
