-- The providers of which a crawl would have removed so much that it waits for confirmation.
SELECT provider, stage, first_at AS since, message, advice
FROM crawl_problems
WHERE error = 'RemovalsHeld' AND resolved_at IS NULL AND list_contains($providers, provider)
ORDER BY provider, stage;
