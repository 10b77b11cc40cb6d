-- Addresses that payments have for good, and what is known of each chain: how far it was read, which blocks it
-- consists of, and in which of them money came.

-- The next index of an account's public key. One that was taken is never given again, whatever becomes of who took it.
CREATE TABLE address_counters (
    account text PRIMARY KEY,
    next_index bigint NOT NULL CHECK (next_index BETWEEN 0 AND 2147483648)
);

-- `key` is what a chain's transfers name. A family's chains share addresses: what comes over another network, or in
-- another asset, is known to be ours and settles nothing.
CREATE TABLE addresses (
    family text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    payment_id text NOT NULL UNIQUE REFERENCES payments,
    network text NOT NULL,
    address text NOT NULL,
    account text NOT NULL,
    path text NOT NULL,
    index bigint NOT NULL,
    confirmations int NOT NULL CHECK (confirmations > 0),
    waits_for_finality boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (family, key),
    UNIQUE (account, index)
);
-- A chain that was never read starts before its first address.
CREATE INDEX addresses_of_network ON addresses (network, created_at);

-- `height` and `block_hash` are the last block that was read, `block_time` when it was made; `final_height` is
-- as far as the chain calls final, and no further than what was read. `watcher` follows the chain until its lease ends.
CREATE TABLE chain_cursors (
    network text PRIMARY KEY,
    height bigint NOT NULL,
    block_hash text NOT NULL,
    block_time timestamptz NOT NULL,
    final_height bigint NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now(),
    disputed_since timestamptz,
    watcher text,
    watched_until timestamptz,
    CHECK (final_height <= height)
);

-- The newest blocks, as deep as the chain can turn.
CREATE TABLE chain_blocks (
    network text NOT NULL,
    height bigint NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (network, height)
);

-- How little is enough: what is due, less what is tolerated.
ALTER TABLE payments ADD tolerance numeric(78, 0) NOT NULL DEFAULT 0 CHECK (tolerance >= 0);
-- Whether a chain has open payments, and which.
CREATE INDEX payments_open_on_chain ON payments (due_network)
    WHERE due_network IS NOT NULL AND state IN ('CREATED', 'PENDING', 'CONFIRMING');
-- Those that ended a moment ago: what blocks do not show may have come in time and be seen later.
CREATE INDEX payments_over_on_chain ON payments (due_network, expires_at)
    WHERE due_network IS NOT NULL AND state IN ('EXPIRED', 'CANCELLED');

-- Where a transfer is on its chain; NULL while it is in no block.
ALTER TABLE transfers ADD tx_id text COLLATE "C", ADD block_height bigint, ADD block_hash text,
    ADD CHECK ((block_height IS NULL) = (block_hash IS NULL)), ADD CHECK (block_height IS NULL OR tx_id IS NOT NULL);
CREATE INDEX transfers_by_block ON transfers (network, block_height) WHERE block_height IS NOT NULL;
CREATE INDEX transfers_moving_on_chain ON transfers (network) WHERE network IS NOT NULL
    AND (status = 'PENDING' OR status = 'REVERSED' AND block_height IS NOT NULL);

-- Transactions that somebody said pay a payment, and what the chain said to that.
CREATE TABLE claims (
    payment_id text NOT NULL REFERENCES payments,
    tx_id text COLLATE "C" NOT NULL,
    key_id text NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (payment_id, tx_id)
);
CREATE INDEX claims_of_key ON claims (key_id, claimed_at);

GRANT SELECT, INSERT ON claims TO paygate;
GRANT SELECT, INSERT ON address_counters, addresses, chain_cursors, chain_blocks TO paygate;
GRANT UPDATE ON address_counters, chain_cursors TO paygate;
GRANT DELETE ON chain_blocks TO paygate;
