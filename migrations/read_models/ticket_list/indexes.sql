CREATE INDEX ticket_list_number ON ticket_list (number);
CREATE INDEX ticket_list_status ON ticket_list (status, number);
CREATE INDEX ticket_list_priority ON ticket_list (priority, number);
CREATE INDEX ticket_list_category ON ticket_list (category_id, number);
CREATE INDEX ticket_list_assignee ON ticket_list (assignee_id, number);
CREATE INDEX ticket_list_contact ON ticket_list (contact_id, number);
CREATE INDEX ticket_list_inbox ON ticket_list (inbox_id, number);
CREATE INDEX ticket_list_branch ON ticket_list (branch_id, number);
CREATE INDEX ticket_list_team ON ticket_list (team_id, number);
CREATE INDEX ticket_list_updated ON ticket_list (updated_at, number);
CREATE INDEX ticket_list_data_subject ON ticket_list (data_subject);
CREATE INDEX ticket_list_tags ON ticket_list USING gin (tag_ids);
CREATE INDEX ticket_list_followers ON ticket_list USING gin (follower_ids);
CREATE INDEX ticket_list_fields ON ticket_list USING gin (fields jsonb_path_ops);
CREATE INDEX ticket_list_label ON ticket_list (status_label_id, number) WHERE status_label_id IS NOT NULL;
CREATE INDEX ticket_list_type ON ticket_list (ticket_type, number);
CREATE INDEX ticket_list_merged ON ticket_list (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX ticket_list_due ON ticket_list (LEAST(snoozed_until, hold_until)) WHERE LEAST(snoozed_until, hold_until) IS NOT NULL;
CREATE INDEX ticket_link_other ON ticket_link (other_id);
-- What agents work on is a small part of all there ever was: each list of it has an index of that part alone.
CREATE INDEX ticket_list_work ON ticket_list (number)
    WHERE status IN ('new', 'open', 'pending', 'on_hold') AND archived_at IS NULL AND merged_into IS NULL;
CREATE INDEX ticket_list_work_updated ON ticket_list (updated_at, number)
    WHERE status IN ('new', 'open', 'pending', 'on_hold') AND archived_at IS NULL AND merged_into IS NULL;
CREATE INDEX ticket_list_work_assignee ON ticket_list (assignee_id, number)
    WHERE status IN ('new', 'open', 'pending', 'on_hold') AND archived_at IS NULL AND merged_into IS NULL;
CREATE INDEX ticket_list_work_unassigned ON ticket_list (number)
    WHERE assignee_id IS NULL AND status IN ('new', 'open', 'pending', 'on_hold') AND archived_at IS NULL AND merged_into IS NULL;
CREATE INDEX ticket_list_work_priority ON ticket_list (priority, number)
    WHERE status IN ('new', 'open', 'pending', 'on_hold') AND archived_at IS NULL AND merged_into IS NULL;
CREATE INDEX ticket_list_work_branch ON ticket_list (branch_id, number)
    WHERE status IN ('new', 'open', 'pending', 'on_hold') AND archived_at IS NULL AND merged_into IS NULL;
CREATE INDEX ticket_list_work_team ON ticket_list (team_id, number)
    WHERE status IN ('new', 'open', 'pending', 'on_hold') AND archived_at IS NULL AND merged_into IS NULL;
CREATE INDEX ticket_list_waiting ON ticket_list (COALESCE(needs_answer_since, '9999-12-31 23:59:59+00'), number)
    WHERE needs_answer_since IS NOT NULL AND status IN ('new', 'open', 'pending', 'on_hold') AND archived_at IS NULL AND merged_into IS NULL;
CREATE INDEX ticket_list_paused ON ticket_list (updated_at, number)
    WHERE (status IN ('pending', 'on_hold') OR snoozed_at IS NOT NULL) AND archived_at IS NULL AND merged_into IS NULL;
CREATE INDEX ticket_list_status_updated ON ticket_list (status, updated_at, number);
