-- Tags that are new, point elsewhere, or whose listing differs. A listing that leaves something out of a tag that has
-- not moved does not take it back. When a tag was last pulled never makes a difference.
CREATE OR REPLACE TEMP TABLE tag_changes AS
WITH merged AS (
    SELECT s.repository, s.tag, s.digest, s.last_pulled_at, t,
        CASE WHEN t.tag IS NULL THEN 'added' WHEN t.digest <> s.digest THEN 'moved' ELSE 'changed' END AS change,
        CASE WHEN t.digest = s.digest THEN coalesce(s.media_type, t.media_type) ELSE s.media_type END AS media_type,
        CASE WHEN t.digest = s.digest THEN coalesce(s.pushed_at, t.pushed_at) ELSE s.pushed_at END AS pushed_at,
        CASE WHEN t.digest = s.digest THEN coalesce(s.listed_size, t.listed_size) ELSE s.listed_size END AS listed_size,
        CASE WHEN t.digest = s.digest THEN coalesce(nullif(s.listed_platforms, []), t.listed_platforms)
            ELSE nullif(s.listed_platforms, []) END AS listed_platforms
    FROM spooled_tags AS s
    LEFT JOIN tags AS t ON t.provider = $provider AND t.repository = s.repository AND t.tag = s.tag
    WHERE s.selected AND s.digest IS NOT NULL
)
SELECT * EXCLUDE (t)
FROM merged
WHERE change <> 'changed'
    OR (media_type, pushed_at, listed_size, listed_platforms)
        IS DISTINCT FROM (t.media_type, t.pushed_at, t.listed_size, t.listed_platforms);

-- What is known of added tags from before: how they ended, and where they pointed.
CREATE OR REPLACE TEMP TABLE tag_past AS
SELECT h.repository, h.tag, min(h.valid_from) AS first_seen,
    arg_max(h.end_reason, h.valid_from) AS end_reason,
    arg_max(h.digest, h.valid_from) AS digest,
    max(h.valid_from) FILTER (h.start_reason = 'moved') AS moved_at
FROM tag_history AS h
SEMI JOIN (SELECT repository, tag FROM tag_changes WHERE change = 'added') AS c
    ON c.repository = h.repository AND c.tag = h.tag
WHERE h.provider = $provider
GROUP BY h.repository, h.tag;

-- Intervals that end because the tag moved; each lasts at least a moment, also when the clock went backwards.
UPDATE tag_history AS h
SET valid_to = greatest($at, h.valid_from + INTERVAL 1 MICROSECOND), end_reason = 'moved'
FROM tag_changes AS c
WHERE h.provider = $provider AND h.repository = c.repository AND h.tag = c.tag AND h.valid_to IS NULL
    AND c.change = 'moved';

-- Intervals that end because the tag is gone.
UPDATE tag_history AS h
SET valid_to = greatest(coalesce(g.valid_to, h.valid_from), h.valid_from), end_reason = g.reason
FROM gone_tags AS g
WHERE h.provider = $provider AND h.repository = g.repository AND h.tag = g.tag AND h.valid_to IS NULL;

-- Intervals that begin: after everything that is known of the tag.
INSERT INTO tag_history (provider, repository, tag, valid_from, digest, start_reason)
WITH latest AS (
    SELECT h.repository, h.tag, max(greatest(h.valid_to, h.valid_from + INTERVAL 1 MICROSECOND)) AS ended_at
    FROM tag_history AS h
    SEMI JOIN tag_changes AS c ON c.repository = h.repository AND c.tag = h.tag AND c.change <> 'changed'
    WHERE h.provider = $provider
    GROUP BY h.repository, h.tag
)
SELECT $provider, c.repository, c.tag, greatest($at, latest.ended_at), c.digest,
    CASE WHEN c.change = 'moved' THEN 'moved' WHEN p.end_reason = 'removed' THEN 'reappeared'
        WHEN p.end_reason = 'deselected' THEN 'reselected' ELSE 'added' END
FROM tag_changes AS c
LEFT JOIN latest ON latest.repository = c.repository AND latest.tag = c.tag
LEFT JOIN tag_past AS p ON p.repository = c.repository AND p.tag = c.tag
WHERE c.change <> 'changed';

-- Tags that moved, or whose listing differs.
UPDATE tags AS t
SET digest = c.digest, media_type = c.media_type, pushed_at = c.pushed_at, listed_size = c.listed_size,
    listed_platforms = c.listed_platforms,
    last_pulled_at = CASE WHEN c.change = 'moved' THEN coalesce(c.last_pulled_at, t.last_pulled_at) ELSE t.last_pulled_at END,
    moved_at = CASE WHEN c.change = 'moved' THEN greatest($at, t.first_seen) ELSE t.moved_at END
FROM tag_changes AS c
WHERE t.provider = $provider AND t.repository = c.repository AND t.tag = c.tag AND c.change <> 'added';

-- New tags, and tags that are back.
INSERT INTO tags (
    provider, repository, tag, digest, media_type, pushed_at, last_pulled_at, listed_size, listed_platforms, first_seen,
    moved_at)
SELECT $provider, c.repository, c.tag, c.digest, c.media_type, c.pushed_at, c.last_pulled_at, c.listed_size,
    c.listed_platforms, coalesce(p.first_seen, $at),
    CASE WHEN p.digest <> c.digest THEN greatest($at, p.first_seen) ELSE p.moved_at END
FROM tag_changes AS c
LEFT JOIN tag_past AS p ON p.repository = c.repository AND p.tag = c.tag
WHERE c.change = 'added';

-- Tags that are gone.
DELETE FROM tags AS t
USING gone_tags AS g
WHERE t.provider = $provider AND t.repository = g.repository AND t.tag = g.tag;
