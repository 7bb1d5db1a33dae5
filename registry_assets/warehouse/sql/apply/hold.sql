-- Removals that nobody has confirmed are held: their rows stay as they are.

-- The repositories stay.
DELETE FROM gone_repositories WHERE removed;

-- The tags stay.
DELETE FROM gone_tags WHERE reason = 'removed';

-- The held removals are a problem until they are confirmed, or the registry shows the rows again.
INSERT INTO spooled_problems (stage, repository, reference, status_code, error, message, advice)
VALUES ($stage, '', '', NULL, 'RemovalsHeld', $message, $advice);
