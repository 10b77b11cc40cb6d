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
