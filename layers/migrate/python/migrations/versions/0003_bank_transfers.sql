-- Money that comes by itself: transfers, how the same one is known again, what waits to be booked, and the bank
-- statements that tell of it.

CREATE TABLE bank_statements (
    id text PRIMARY KEY CHECK (id ~ '^BST_[0-9A-Z]{26}$'),
    state text NOT NULL CHECK (state IN ('AWAITING_UPLOAD', 'READING', 'WAITING_APPROVAL', 'APPROVED', 'IMPORTED',
        'REPEATED', 'REFUSED')),
    imported_by text NOT NULL,
    approved_by text CHECK (approved_by <> imported_by),
    sha256 bytea CHECK (length(sha256) = 32),
    size_bytes bigint,
    account text,
    run text,
    lines int NOT NULL DEFAULT 0,
    said json NOT NULL DEFAULT '[]',
    transactions int NOT NULL DEFAULT 0,
    credits int NOT NULL DEFAULT 0,
    matched int NOT NULL DEFAULT 0,
    unmatched int NOT NULL DEFAULT 0,
    repeated int NOT NULL DEFAULT 0,
    repeats text REFERENCES bank_statements,
    reason text,
    detail text,
    created_at timestamptz NOT NULL DEFAULT now(),
    approved_at timestamptz,
    imported_at timestamptz,
    leased_until timestamptz,
    CHECK ((state = 'REFUSED') = (reason IS NOT NULL)),
    CHECK ((state = 'REPEATED') = (repeats IS NOT NULL)),
    CHECK ((state = 'IMPORTED') = (imported_at IS NOT NULL)),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL))
);
-- A file counts once. One that waits for approval counts already.
CREATE UNIQUE INDEX bank_statements_by_file ON bank_statements (sha256)
    WHERE state IN ('WAITING_APPROVAL', 'APPROVED', 'IMPORTED');
CREATE INDEX bank_statements_approved ON bank_statements (id) WHERE state = 'APPROVED';
CREATE INDEX bank_statements_reading ON bank_statements (id) WHERE state IN ('AWAITING_UPLOAD', 'READING');

-- What a file says, until all of it is known to be good. A run is one reading of the file: two at once do not meet.
CREATE TABLE bank_statement_lines (
    run text NOT NULL,
    number int NOT NULL,
    part int NOT NULL,
    statement_id text NOT NULL REFERENCES bank_statements,
    transfer_id text NOT NULL,
    role text NOT NULL,
    units numeric(78, 0) NOT NULL,
    asset text NOT NULL,
    decimals smallint NOT NULL,
    refs text NOT NULL,
    dedupe text COLLATE "C" NOT NULL,
    aliases text[] COLLATE "C" NOT NULL,
    twins text[] COLLATE "C" NOT NULL,
    happened_at timestamptz NOT NULL,
    detail json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run, number)
);
CREATE INDEX bank_statement_lines_by_age ON bank_statement_lines USING brin (created_at);

-- One movement of money that a rail told of. PAYMENT: it pays; RETURN: it takes a payment's money away again;
-- PAYOUT: it is a refund of ours; PAYOUT_RETURN: such a refund came back.
-- PENDING may become FINAL or DROPPED (it never was money); FINAL may become REVERSED (it was, and is no more).
CREATE TABLE transfers (
    id text PRIMARY KEY CHECK (id ~ '^TRF_[0-9A-Z]{26}$'),
    rail text NOT NULL,
    dedupe text COLLATE "C" NOT NULL,
    role text NOT NULL CHECK (role IN ('PAYMENT', 'RETURN', 'PAYOUT', 'PAYOUT_RETURN')),
    status text NOT NULL CHECK (status IN ('PENDING', 'FINAL', 'REVERSED', 'DROPPED')),
    units numeric(78, 0) NOT NULL CHECK (units > 0),
    asset text NOT NULL,
    decimals smallint NOT NULL CHECK (decimals BETWEEN 0 AND 36),
    network text,
    payment_id text REFERENCES payments,
    refund_id text REFERENCES refunds,
    statement_id text REFERENCES bank_statements,
    suspect_of text REFERENCES transfers,
    reference text,
    -- Who brought it, for the payment's timeline; `detail` is what the operator sees.
    origin json NOT NULL DEFAULT '{}',
    detail json NOT NULL DEFAULT '{}',
    happened_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    assigned_by text,
    assigned_at timestamptz,
    UNIQUE (rail, dedupe),
    CHECK ((assigned_by IS NULL) = (assigned_at IS NULL)),
    CHECK (refund_id IS NULL OR payment_id IS NOT NULL)
);
CREATE INDEX transfers_of_payment ON transfers (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX transfers_unmatched ON transfers (id) WHERE payment_id IS NULL;
CREATE INDEX transfers_matched ON transfers (id) WHERE payment_id IS NOT NULL;

-- The names that a movement goes by in other files. D: its own; A: what a file that says less would call it;
-- T: shared by what may be the same, so that one may stand for thousands of one statement.
CREATE TABLE transfer_keys (
    key text COLLATE "C" NOT NULL,
    statement_id text NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('D', 'A', 'T')),
    transfer_id text NOT NULL,
    PRIMARY KEY (key, statement_id, kind, transfer_id)
);

-- Transfers that changed and are not booked on their payment yet.
CREATE TABLE transfer_queue (
    transfer_id text PRIMARY KEY REFERENCES transfers,
    available_at timestamptz NOT NULL DEFAULT now(),
    tries int NOT NULL DEFAULT 0
);
CREATE INDEX transfer_queue_due ON transfer_queue (available_at);

-- A payout carries the end of its refund's reference.
CREATE INDEX refunds_by_ending ON refunds (right(reference, 10)) WHERE origin = 'API';
ALTER TABLE operator_cases ADD closed_by text;
CREATE INDEX operator_cases_open_by_id ON operator_cases (id) WHERE closed_at IS NULL;

GRANT SELECT ON bank_statements, bank_statement_lines, transfers, transfer_keys, transfer_queue TO paygate;
GRANT INSERT ON bank_statements, bank_statement_lines, transfers, transfer_keys, transfer_queue TO paygate;
GRANT UPDATE ON bank_statements, transfers, transfer_queue TO paygate;
GRANT DELETE ON bank_statement_lines, transfer_queue TO paygate;

-- A refund that came back says why, as one that failed does.
ALTER TABLE refunds DROP CONSTRAINT refunds_check, ADD CONSTRAINT refunds_check CHECK (
    CASE state WHEN 'FAILED' THEN failure_reason IS NOT NULL WHEN 'REVERSED' THEN true ELSE failure_reason IS NULL END);
