-- The table of figures, each as it was and as it would have been. $1: the end of the period.
WITH urgency (priority, name) AS (VALUES (1, 'low'), (2, 'medium'), (3, 'high'), (4, 'urgent')),
ticket AS (
    SELECT outcome.*, urgency.name AS urgency,
        EXTRACT(EPOCH FROM resolved_at - opened_at) AS resolved_in,
        EXTRACT(EPOCH FROM first_answer_at - opened_at) AS answered_in,
        -- A promise counts once its time is over or it is kept.
        CASE WHEN first_answer_at <= promised_until THEN 1000
             WHEN promised_until < COALESCE(first_answer_at, $1) THEN 0 END AS kept
    FROM outcome JOIN urgency USING (priority)
),
by_urgency AS (
    SELECT side, priority, urgency,
        count(*) AS tickets,
        count(*) FILTER (WHERE is_open) AS backlog,
        round(percentile_cont(0.5) WITHIN GROUP (ORDER BY resolved_in)) AS resolution_median,
        round(percentile_cont(0.9) WITHIN GROUP (ORDER BY resolved_in)) AS resolution_p90,
        round(percentile_cont(0.5) WITHIN GROUP (ORDER BY answered_in)) AS first_answer_median,
        round(percentile_cont(0.9) WITHIN GROUP (ORDER BY answered_in)) AS first_answer_p90,
        round(avg(kept)) AS promises_kept,
        round(avg(CASE WHEN reopen_count > 0 THEN 1000 ELSE 0 END)) AS reopened,
        count(*) FILTER (WHERE priority_corrected) AS priority_corrected,
        count(*) FILTER (WHERE category_corrected) AS category_corrected
    FROM ticket
    GROUP BY GROUPING SETS ((side, priority, urgency), (side))
),
figure (place, measure, unit, rank, name, side, value) AS (
    SELECT it.place, it.measure, it.unit, COALESCE(by_urgency.priority, 5), by_urgency.urgency, side, it.value
    FROM by_urgency CROSS JOIN LATERAL (VALUES
        (1, 'tickets_by_priority', 'tickets', tickets::bigint),
        (3, 'backlog', 'tickets', backlog::bigint),
        (4, 'resolution_median', 'seconds', resolution_median::bigint),
        (5, 'resolution_p90', 'seconds', resolution_p90::bigint),
        (6, 'first_answer_median', 'seconds', first_answer_median::bigint),
        (7, 'first_answer_p90', 'seconds', first_answer_p90::bigint),
        (8, 'promises_kept', 'thousandths', promises_kept::bigint),
        (9, 'reopened', 'thousandths', reopened::bigint),
        (10, 'priority_corrected', 'tickets', priority_corrected::bigint),
        (11, 'category_corrected', 'tickets', category_corrected::bigint)
    ) AS it (place, measure, unit, value)
    WHERE by_urgency.urgency IS NULL OR it.place < 10
    UNION ALL
    SELECT 2, 'tickets_by_category', 'tickets', 0, COALESCE(category_id, ''), side, count(*)
    FROM ticket GROUP BY category_id, side
)
SELECT measure, name AS "of", unit,
    CASE WHEN unit = 'tickets' THEN COALESCE(max(value) FILTER (WHERE side = 'was'), 0)
         ELSE max(value) FILTER (WHERE side = 'was') END AS was,
    CASE WHEN unit = 'tickets' THEN COALESCE(max(value) FILTER (WHERE side = 'would_be'), 0)
         ELSE max(value) FILTER (WHERE side = 'would_be') END AS would_be
FROM figure
GROUP BY place, measure, unit, rank, name
ORDER BY place, rank DESC, name
