-- Right address, wrong network or asset: one case a transfer.
INSERT INTO operator_cases (id, kind, dedupe, rail, payment_id, detail)
SELECT 'CASE_' || substr(t.id, 5), 'WRONG_ASSET', t.rail || ':misfit:' || t.dedupe, t.rail, t.detail ->> 'paymentId',
    json_build_object('transferId', t.id, 'txId', t.tx_id, 'asset', t.asset, 'network', t.network,
        'units', t.units::text, 'address', t.reference)
FROM transfers t WHERE t.id = ANY (string_to_array(:ids, ','))
ON CONFLICT (dedupe) DO NOTHING
RETURNING id
