-- Money that settled and is held by a dispute, a returned transfer or a reorganised chain; and timeline entries
-- that say more than a reason (who imported a statement, and which).
ALTER TABLE payments ADD withdrawn numeric(78, 0) NOT NULL DEFAULT 0 CHECK (withdrawn >= 0);
ALTER TABLE timeline ADD detail json;
