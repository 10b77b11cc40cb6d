-- What the shop said of the payer, and what the payer was shown. The timeline says that it was erased, and when.
WITH erased AS (
    UPDATE payments
    SET metadata = '{}', description = NULL, return_url = NULL, version = version + 1, updated_at = now()
    WHERE id = :id
    RETURNING id, version, state, updated_at
), noted AS (
    INSERT INTO timeline (payment_id, version, from_state, to_state, reason, at)
    SELECT id, version, NULL, state, 'erased', updated_at FROM erased
), unseen AS (
    UPDATE attempts a SET action_sealed = NULL FROM erased WHERE a.payment_id = erased.id
)
UPDATE refunds r SET reason = NULL FROM erased WHERE r.payment_id = erased.id
