-- A batch as one JSON text, which pg8000 sends faster than arrays.
INSERT INTO bank_statement_lines (run, number, part, statement_id, transfer_id, role, units, asset, decimals, refs,
    dedupe, aliases, twins, happened_at, detail)
SELECT :run, number, part, :statement_id, transfer_id, role, units, asset, decimals, refs, dedupe, aliases, twins,
    happened_at, detail
FROM json_to_recordset(CAST(:lines AS json)) AS line(number int, part int, transfer_id text, role text,
    units numeric, asset text, decimals smallint, refs text, dedupe text, aliases text[], twins text[],
    happened_at timestamptz, detail json)
