SELECT id, json_build_object('statementId', id, 'state', state, 'importedBy', imported_by, 'approvedBy', approved_by,
    'fileSha256', encode(sha256, 'hex'), 'sizeBytes', size_bytes, 'statements', said,
    'transactions', transactions, 'credits', credits, 'matched', matched, 'unmatched', unmatched,
    'repeated', repeated, 'repeats', repeats, 'reason', reason, 'detail', detail, 'createdAt', iso(created_at),
    'approvedAt', iso(approved_at), 'importedAt', iso(imported_at))::text
FROM bank_statements
WHERE id < :before AND id >= :since ORDER BY id DESC LIMIT :limit
