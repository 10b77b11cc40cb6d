-- Refunds that a transaction from the treasury pays, and what keeps any of them from being paid twice.

-- Where a refund goes to: on a chain the money cannot go back the way it came.
ALTER TABLE refunds ADD address text;
-- Which API key asked for it: another one approves it, where two persons must.
ALTER TABLE refunds ADD requested_by text;

-- What the next transaction of a treasury is numbered. A number belongs to one refund until a transaction with it is
-- in a block.
CREATE TABLE treasury_nonces (
    network text NOT NULL,
    treasury text NOT NULL,
    next_nonce bigint NOT NULL CHECK (next_nonce >= 0),
    PRIMARY KEY (network, treasury)
);

-- One transaction that may pay a refund, from its preparation to its end. Each version of a refund's transaction shares
-- a nonce or an outpoint with the one before, unless that one can never be mined (FAILED in a final block: it moved
-- nothing; LAPSED: it expired unseen): so whatever is sent and sent again, one at most pays.
CREATE TABLE payouts (
    refund_id text NOT NULL REFERENCES refunds,
    version int NOT NULL CHECK (version > 0),
    network text NOT NULL,
    treasury text NOT NULL,
    status text NOT NULL CHECK (status IN ('PREPARED', 'SIGNED', 'SENT', 'DONE', 'FAILED', 'LAPSED')),
    nonce bigint,
    outpoints text[] COLLATE "C" NOT NULL DEFAULT '{}',
    unsigned json NOT NULL,
    tx_id text COLLATE "C",
    signed text,
    expires_at timestamptz,
    prepared_at timestamptz NOT NULL DEFAULT now(),
    signed_at timestamptz,
    sent_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (refund_id, version),
    CHECK ((signed IS NULL) = (signed_at IS NULL)),
    CHECK (status IN ('PREPARED', 'LAPSED') OR signed IS NOT NULL AND tx_id IS NOT NULL)
);
-- What the poller asks about.
CREATE INDEX payouts_under_way ON payouts (network, refund_id) WHERE status IN ('SIGNED', 'SENT');
-- Outputs and nonces that are spoken for.
CREATE INDEX payouts_holding ON payouts (network, treasury) WHERE status IN ('PREPARED', 'SIGNED', 'SENT');

-- Refunds that a key of ours may sign: when each is looked at next, and the last day (UTC) that it took its amount of.
CREATE TABLE signings (
    refund_id text PRIMARY KEY REFERENCES refunds,
    next_at timestamptz NOT NULL,
    reserved_on date
);
CREATE INDEX refunds_to_sign ON refunds (created_at) WHERE state = 'PENDING' AND address IS NOT NULL;
-- A second person who lets a refund be signed, and how much was given to be signed on a day. Nothing is given back.
CREATE TABLE signing_approvals (
    refund_id text PRIMARY KEY REFERENCES refunds,
    approved_by text NOT NULL,
    approved_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE signing_days (
    network text NOT NULL,
    asset text NOT NULL,
    day date NOT NULL,
    units numeric(78, 0) NOT NULL CHECK (units >= 0),
    PRIMARY KEY (network, asset, day)
);

GRANT SELECT, INSERT ON treasury_nonces, payouts, signings, signing_approvals, signing_days TO paygate;
GRANT UPDATE ON treasury_nonces, payouts, signings, signing_days TO paygate;
