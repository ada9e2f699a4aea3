CREATE OR REPLACE VIEW analytics.resolution_estimate AS SELECT
    ticket_id, category_id, priority, opened_at, since, resolved_at, estimates, first_eta, eta, p50_s, promised_s, p90_s,
    basis_category_id, basis_priority, cases, quantile, basis_position
FROM resolution_estimate;

COMMENT ON VIEW analytics.resolution_estimate IS 'When was each ticket expected to be resolved, and when was it? (Когда ожидалось решение каждой заявки и когда оно наступило?) One row a ticket; key: ticket_id.';
