-- Amounts are integer fen; times are Unix seconds.

CREATE TABLE IF NOT EXISTS orders (
    out_trade_no   TEXT PRIMARY KEY,
    transaction_id TEXT UNIQUE,
    trade_type     TEXT NOT NULL CHECK (trade_type IN ('NATIVE', 'MWEB', 'JSAPI', 'APP')),
    trade_state    TEXT NOT NULL CHECK (trade_state IN
                   ('NOTPAY', 'USERPAYING', 'PAYERROR', 'SUCCESS', 'REFUND', 'CLOSED', 'REVOKED')),
    total          INTEGER NOT NULL CHECK (total > 0),
    payer_total    INTEGER NOT NULL CHECK (payer_total BETWEEN 0 AND total),
    refunded       INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND total),
    description    TEXT NOT NULL,
    attach         TEXT NOT NULL,
    openid         TEXT NOT NULL,
    terms          TEXT NOT NULL,
    notify_url     TEXT NOT NULL,
    created_at     REAL NOT NULL,
    expires_at     REAL NOT NULL,
    paid_at        REAL
);
CREATE INDEX IF NOT EXISTS orders_open ON orders (expires_at) WHERE trade_state = 'NOTPAY';

-- What a payer opens: the end of a code_url or h5_url, or a prepay_id. Every announcement gives a new one.
CREATE TABLE IF NOT EXISTS codes (
    code         TEXT PRIMARY KEY,
    out_trade_no TEXT NOT NULL REFERENCES orders,
    valid_until  REAL NOT NULL
);

-- Numbers that were closed before they were announced: they are gone.
CREATE TABLE IF NOT EXISTS burnt_numbers (
    out_trade_no TEXT PRIMARY KEY
);

-- `outcome` is what the refund becomes at `due_at`.
CREATE TABLE IF NOT EXISTS refunds (
    out_refund_no TEXT PRIMARY KEY,
    refund_id     TEXT NOT NULL UNIQUE,
    out_trade_no  TEXT NOT NULL REFERENCES orders,
    amount        INTEGER NOT NULL CHECK (amount > 0),
    status        TEXT NOT NULL CHECK (status IN ('PROCESSING', 'SUCCESS', 'CLOSED', 'ABNORMAL')),
    outcome       TEXT NOT NULL,
    due_at        REAL NOT NULL,
    terms         TEXT NOT NULL,
    notify_url    TEXT NOT NULL,
    created_at    REAL NOT NULL,
    succeeded_at  REAL
);
CREATE INDEX IF NOT EXISTS refunds_of ON refunds (out_trade_no);
CREATE INDEX IF NOT EXISTS refunds_due ON refunds (due_at) WHERE status = 'PROCESSING';

CREATE TABLE IF NOT EXISTS nonces (
    nonce   TEXT PRIMARY KEY,
    used_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS switches (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
