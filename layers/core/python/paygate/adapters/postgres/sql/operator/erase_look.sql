-- Whether anything is still to come of the payment.
SELECT state IN ('CREATED', 'PENDING', 'CONFIRMING')
    OR EXISTS (SELECT FROM refunds r WHERE r.payment_id = p.id AND r.state IN ('PENDING', 'UNKNOWN'))
    OR EXISTS (SELECT FROM transfers t JOIN transfer_queue q ON q.transfer_id = t.id WHERE t.payment_id = p.id)
FROM payments p WHERE id = :id FOR UPDATE
