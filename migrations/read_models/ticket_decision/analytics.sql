CREATE OR REPLACE VIEW analytics.ticket_decision AS SELECT
    position, what, ticket_id, value, chosen_by, version, score, rules, actor, at
FROM ticket_decision;

COMMENT ON VIEW analytics.ticket_decision IS 'Who chose the category and the priority of each ticket, and why? (Кто и почему выбрал категорию и приоритет каждой заявки?) One row a choice; key: position, what.';
