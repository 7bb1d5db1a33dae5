-- The providers whose last crawl did not read all of a stage, or of which something there is still unreadable.
WITH latest AS (
    SELECT provider, complete, finished_at
    FROM crawls
    WHERE stage = $stage AND list_contains($providers, provider)
    QUALIFY row_number() OVER (PARTITION BY provider ORDER BY started_at DESC) = 1
),
problems AS (
    SELECT provider, count(*) AS open_problems, first(message ORDER BY first_at) AS message,
        first(advice ORDER BY first_at) AS advice
    FROM crawl_problems
    WHERE stage = $stage AND resolved_at IS NULL AND error <> 'RemovalsHeld'
    GROUP BY provider
)
SELECT latest.provider, latest.finished_at AS crawled_at, coalesce(problems.open_problems, 0) AS open_problems,
    problems.message AS first_problem, problems.advice
FROM latest
LEFT JOIN problems ON problems.provider = latest.provider
WHERE NOT latest.complete OR problems.open_problems > 0
ORDER BY latest.provider;
