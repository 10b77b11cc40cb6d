-- What every rail's simulator keeps beside its own books. `order_no` is the merchant's number of the order,
-- by whatever name the rail calls it; times are Unix seconds.

-- `params` is what a callback will carry, not yet signed; `plan` what the fault script made of it.
CREATE TABLE IF NOT EXISTS callbacks (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    order_no TEXT NOT NULL,
    url      TEXT NOT NULL,
    params   TEXT NOT NULL,
    plan     TEXT NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('pending', 'held', 'withheld', 'acknowledged', 'given_up')),
    due_at   REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (due_at) WHERE state = 'pending';

-- `pause_seconds` is how long the rail waits after this send until it tries again; NULL when it does not.
CREATE TABLE IF NOT EXISTS sends (
    callback_id   INTEGER NOT NULL REFERENCES callbacks,
    sent_at       REAL NOT NULL,
    status        INTEGER,
    answer        TEXT NOT NULL,
    pause_seconds REAL
);
CREATE INDEX IF NOT EXISTS sends_of ON sends (callback_id);

CREATE TABLE IF NOT EXISTS faults (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    order_no  TEXT NOT NULL,
    method    TEXT NOT NULL,
    kind      TEXT NOT NULL,
    options   TEXT NOT NULL,
    remaining INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS calls (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    method             TEXT NOT NULL,
    order_no           TEXT NOT NULL,
    called_at          REAL NOT NULL,
    clock_skew_seconds REAL,
    outcome            TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_of ON calls (order_no, method);
