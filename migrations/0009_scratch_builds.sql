ALTER TABLE ops.generation ADD COLUMN scratch boolean NOT NULL DEFAULT false CHECK (NOT (scratch AND (serving OR swaps)));
COMMENT ON COLUMN ops.generation.scratch IS 'Made for a comparison: it never serves, and goes when whoever made it is gone.';
-- Neither keeps the other from being filled.
DROP INDEX ops.generation_building;
CREATE UNIQUE INDEX generation_building ON ops.generation (model, version) WHERE state <> 'following' AND NOT scratch;
