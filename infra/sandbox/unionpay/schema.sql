-- Amounts are integer fen; times are Unix seconds.

-- One row a transaction: payments (front, app, qr), and what takes them back (void, refund), each under an
-- orderId of its own. `returned` is what voids and refunds of a payment took, those still processing included.
CREATE TABLE IF NOT EXISTS orders (
    order_id      TEXT PRIMARY KEY,
    txn_time      TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('front', 'app', 'qr', 'void', 'refund')),
    txn_type      TEXT NOT NULL,
    txn_sub_type  TEXT NOT NULL,
    txn_amt       INTEGER NOT NULL CHECK (txn_amt > 0),
    settle_amt    INTEGER NOT NULL,
    returned      INTEGER NOT NULL DEFAULT 0 CHECK (returned BETWEEN 0 AND txn_amt),
    request       TEXT NOT NULL,
    code          TEXT NOT NULL UNIQUE,
    tn            TEXT NOT NULL UNIQUE,
    created_at    REAL NOT NULL,
    expires_at    REAL NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('OPEN', 'BEGUN', 'PROCESSING', 'DONE', 'FAILED')),
    resp_code     TEXT NOT NULL,
    query_id      TEXT UNIQUE,
    trace_no      TEXT,
    trace_at      REAL,
    orig_query_id TEXT
);
CREATE INDEX IF NOT EXISTS orders_of ON orders (orig_query_id);

-- What is to become of a payment, void or refund when it is made; `order_id` may be `*`, whichever is next.
CREATE TABLE IF NOT EXISTS outcomes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id   TEXT NOT NULL,
    resp_code  TEXT NOT NULL,
    settle_amt INTEGER
);
