-- The providers that have gone without a complete crawl for longer than three polling intervals.
SELECT provider, every, last_attempt_at, last_complete_at, open_problems
FROM provider_status
WHERE stale AND list_contains($providers, provider)
ORDER BY provider;
