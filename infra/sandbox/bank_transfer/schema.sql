-- Amounts are integers of cents or fen.

-- How many days the bank's calendar is ahead of the real one: one row.
CREATE TABLE IF NOT EXISTS calendar (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    days_ahead INTEGER NOT NULL
);
INSERT OR IGNORE INTO calendar VALUES (1, 0);

-- An entry is what moved the account's balance, with an id of the bank's own (`own_id`): one transaction, or a
-- batch of several that the bank has summed up. PDNG is not yet booked and moves nothing.
CREATE TABLE IF NOT EXISTS entries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account     TEXT NOT NULL,
    own_id      TEXT NOT NULL UNIQUE,
    amount      INTEGER NOT NULL CHECK (amount > 0),
    is_credit   INTEGER NOT NULL,
    is_reversal INTEGER NOT NULL DEFAULT 0,
    status      TEXT NOT NULL CHECK (status IN ('BOOK', 'PDNG')),
    booked_at   TEXT NOT NULL,
    value_on    TEXT NOT NULL,
    note        TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS entries_of ON entries (account, booked_at, id);

-- `order_no` is what a transfer was meant for, whatever was written on it; statements do not tell it.
CREATE TABLE IF NOT EXISTS transactions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    entry_id      INTEGER NOT NULL REFERENCES entries,
    order_no      TEXT NOT NULL,
    own_id        TEXT NOT NULL,
    amount        INTEGER NOT NULL CHECK (amount > 0),
    end_to_end    TEXT NOT NULL,
    reference     TEXT NOT NULL,
    text          TEXT NOT NULL,
    other_name    TEXT NOT NULL,
    other_account TEXT NOT NULL,
    return_reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS transactions_of ON transactions (entry_id);
CREATE INDEX IF NOT EXISTS transactions_for ON transactions (order_no);
