UPDATE payouts SET status = :status, sent_at = CASE :status WHEN 'SENT' THEN now() ELSE sent_at END,
    ended_at = CASE WHEN :status IN ('DONE', 'FAILED', 'LAPSED') THEN now() END
WHERE refund_id = :refund_id AND version = :version AND status = :before
RETURNING refund_id
