-- Amounts are decimal text where they may pass 64 bits; times are milliseconds, as on the chain.

CREATE TABLE IF NOT EXISTS settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS blocks (
    number    INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    header    BLOB NOT NULL,
    timestamp INTEGER NOT NULL
);

-- `body` is the signed transaction with its result; `info` its TransactionInfo as JSON, addresses in hex.
CREATE TABLE IF NOT EXISTS transactions (
    id       TEXT PRIMARY KEY,
    number   INTEGER NOT NULL REFERENCES blocks (number),
    position INTEGER NOT NULL,
    body     BLOB NOT NULL,
    info     TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS transactions_of ON transactions (number, position);

CREATE TABLE IF NOT EXISTS pending (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    id   TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL
);

-- Everything that transactions change: balances, allowances, blacklists.
CREATE TABLE IF NOT EXISTS state (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- What a key was before a block changed it; NULL when it was not there.
CREATE TABLE IF NOT EXISTS journal (
    number INTEGER NOT NULL,
    key    TEXT NOT NULL,
    old    TEXT,
    PRIMARY KEY (key, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS journal_of ON journal (number);

-- Transfer events of tokens, for TronGrid's list.
CREATE TABLE IF NOT EXISTS transfers (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    number    INTEGER NOT NULL,
    tx_id     TEXT NOT NULL,
    contract  TEXT NOT NULL,
    sender    TEXT NOT NULL,
    receiver  TEXT NOT NULL,
    value     TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS transfers_to ON transfers (receiver, number);
CREATE INDEX IF NOT EXISTS transfers_from ON transfers (sender, number);
CREATE INDEX IF NOT EXISTS transfers_of ON transfers (number);
