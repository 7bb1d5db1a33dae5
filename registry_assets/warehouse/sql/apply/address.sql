-- The address that the provider's rows come from; none while a crawl has found nothing to keep under it.
SELECT api_url
FROM internal.providers
WHERE provider = $provider
    AND (EXISTS (FROM repositories WHERE provider = $provider) OR EXISTS (FROM tag_history WHERE provider = $provider));
