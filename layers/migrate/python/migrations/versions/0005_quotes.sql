-- What locked the rate of a payment whose price is in other money than what is due: the median, and each source's rate
-- with its time. As it is shown; NULL where nothing had to be converted.
ALTER TABLE payments ADD quote json CHECK (quote IS NULL OR due_asset <> currency);
