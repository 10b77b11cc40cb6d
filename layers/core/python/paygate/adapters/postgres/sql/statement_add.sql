INSERT INTO bank_statements (id, state, imported_by, account) VALUES (:id, :state, :by, :account)
