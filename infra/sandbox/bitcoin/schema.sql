-- Every block the node knows, in the order in which it came to know them; raw is its bytes.
CREATE TABLE IF NOT EXISTS blocks (
    hash TEXT PRIMARY KEY,
    raw BLOB NOT NULL,
    is_invalid INTEGER NOT NULL DEFAULT 0
);
-- The mempool, parents before children.
CREATE TABLE IF NOT EXISTS pool (
    txid TEXT PRIMARY KEY,
    raw BLOB NOT NULL,
    time INTEGER NOT NULL,
    height INTEGER NOT NULL
);
-- Wallets: each its one seed and how many keys it has given out; and what they have sent.
CREATE TABLE IF NOT EXISTS wallets (
    name TEXT PRIMARY KEY,
    seed BLOB NOT NULL,
    keys INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS sent (
    wallet TEXT NOT NULL REFERENCES wallets,
    txid TEXT NOT NULL,
    PRIMARY KEY (wallet, txid)
);
CREATE TABLE IF NOT EXISTS settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
