-- Amounts are integer fen; times are Unix seconds.

-- An order is what a merchant announced. It becomes a trade, with a trade_no, once a payer has scanned it
-- or logged in: until then `status` is NOT_SCANNED and Alipay's interfaces deny that it exists.
CREATE TABLE IF NOT EXISTS trades (
    out_trade_no TEXT PRIMARY KEY,
    code         TEXT NOT NULL UNIQUE,
    trade_no     TEXT UNIQUE,
    method       TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN
                 ('NOT_SCANNED', 'WAIT_BUYER_PAY', 'TRADE_SUCCESS', 'TRADE_FINISHED', 'TRADE_CLOSED')),
    total        INTEGER NOT NULL CHECK (total > 0),
    refunded     INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND total),
    subject      TEXT NOT NULL,
    body         TEXT NOT NULL,
    passback     TEXT NOT NULL,
    biz          TEXT NOT NULL,
    charset      TEXT NOT NULL,
    notify_url   TEXT NOT NULL,
    return_url   TEXT NOT NULL,
    expires_at   REAL NOT NULL,
    created_at   REAL,
    paid_at      REAL,
    closed_at    REAL,
    is_cancelled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS trades_open ON trades (expires_at) WHERE status = 'WAIT_BUYER_PAY';

CREATE TABLE IF NOT EXISTS refunds (
    out_trade_no   TEXT NOT NULL REFERENCES trades,
    out_request_no TEXT NOT NULL,
    amount         INTEGER NOT NULL CHECK (amount > 0),
    reason         TEXT NOT NULL,
    refunded_at    REAL NOT NULL,
    PRIMARY KEY (out_trade_no, out_request_no)
);

-- `plan` is what the fault script made of this callback, `params` what it will carry, not yet signed.
CREATE TABLE IF NOT EXISTS callbacks (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    notify_id    TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    url          TEXT NOT NULL,
    params       TEXT NOT NULL,
    plan         TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('pending', 'held', 'withheld', 'acknowledged', 'given_up')),
    due_at       REAL NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (due_at) WHERE state = 'pending';

CREATE TABLE IF NOT EXISTS sends (
    callback_id INTEGER NOT NULL REFERENCES callbacks,
    sent_at     REAL NOT NULL,
    status      INTEGER,
    answer      TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS sends_of ON sends (callback_id);

CREATE TABLE IF NOT EXISTS faults (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    out_trade_no TEXT NOT NULL,
    method       TEXT NOT NULL,
    kind         TEXT NOT NULL,
    options      TEXT NOT NULL,
    remaining    INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS calls (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    method       TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    called_at    REAL NOT NULL,
    clock_skew_seconds REAL,
    outcome      TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_of ON calls (out_trade_no, method);
