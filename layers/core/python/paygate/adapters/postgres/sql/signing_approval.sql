SELECT json_build_object('refundId', refund_id, 'approvedBy', approved_by, 'approvedAt', iso(approved_at))::text
FROM signing_approvals WHERE refund_id = :refund_id
