-- What is remembered when the database was put back to an earlier moment.

-- Everything that counts goes on from `floor`, which grows with the time of day: it lies behind all that was counted
-- before, by whatever database.
CREATE TABLE epochs (
    floor int PRIMARY KEY CHECK (floor > 0),
    restored_to timestamptz NOT NULL UNIQUE,
    raised_at timestamptz NOT NULL DEFAULT now(),
    reopened_at timestamptz
);
-- Indexes from which payments may have addresses that are no longer known here: from_index <= index < to_index.
CREATE TABLE lost_addresses (
    epoch int NOT NULL REFERENCES epochs,
    account text NOT NULL,
    from_index bigint NOT NULL,
    to_index bigint NOT NULL CHECK (to_index > from_index),
    PRIMARY KEY (epoch, account)
);
-- Refunds on chains that may have been paid already. No transaction is prepared for one that is not released.
CREATE TABLE held_refunds (
    refund_id text PRIMARY KEY REFERENCES refunds,
    epoch int NOT NULL REFERENCES epochs,
    released_at timestamptz
);
GRANT SELECT ON held_refunds TO paygate;
