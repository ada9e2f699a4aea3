CREATE INDEX person_privacy_due ON person_privacy (due) WHERE due IS NOT NULL;
CREATE INDEX person_privacy_unverified ON person_privacy (erased_at) WHERE verified_at IS NULL;
CREATE INDEX person_privacy_updated ON person_privacy (updated_at, person_id);
