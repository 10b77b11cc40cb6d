-- Whether anything is still to come of the payment: also of a callback of its order that waits to be applied.
SELECT state IN ('CREATED', 'PENDING', 'CONFIRMING')
    OR EXISTS (SELECT FROM refunds r WHERE r.payment_id = p.id AND r.state IN ('PENDING', 'UNKNOWN'))
    OR EXISTS (SELECT FROM transfers t JOIN transfer_queue q ON q.transfer_id = t.id WHERE t.payment_id = p.id)
    OR EXISTS (SELECT FROM callback_queue q JOIN callback_inbox i ON i.id = q.callback_id
               JOIN attempts a ON a.payment_id = p.id AND a.rail = i.rail
               WHERE position(convert_to(a.reference, 'UTF8') IN i.body) > 0
                   OR position(a.reference IN i.query::text) > 0)
FROM payments p WHERE id = :id FOR UPDATE
