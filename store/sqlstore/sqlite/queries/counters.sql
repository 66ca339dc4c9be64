-- name: counter.reserve
-- ?1 is a JSON array of {"key", "free", "waits", "forget"}, with null for never;
-- ?2 is now. Only what is granted comes back: a blocked row is not written, so
-- that a flood of refused attempts costs no commit.
WITH request AS (
    SELECT value ->> 'key' AS key, value ->> 'free' AS free, value -> 'waits' AS waits, value ->> 'forget' AS forget
    FROM json_each(?1)
)
INSERT INTO crmauth_counters AS c (key, seq, cleared, given, at, previous, expires)
SELECT key, 1, 0, 0, ?2, 0, ifnull(?2 + forget, 9223372036854775807) FROM request WHERE true
ON CONFLICT (key) DO UPDATE SET
    seq      = c.seq + 1,
    cleared  = CASE WHEN c.at + (SELECT forget FROM request r WHERE r.key = c.key) <= ?2 THEN c.seq ELSE c.cleared END,
    given    = CASE WHEN c.at + (SELECT forget FROM request r WHERE r.key = c.key) <= ?2 THEN 0 ELSE c.given END,
    previous = c.at,
    at       = ?2,
    expires  = excluded.expires
WHERE (SELECT CASE
           WHEN c.seq - c.cleared - c.given < r.free THEN true
           WHEN c.at + r.forget <= ?2 THEN true
           ELSE c.at + (r.waits ->> min(c.seq - c.cleared - c.given - r.free, json_array_length(r.waits) - 1)) <= ?2
       END FROM request r WHERE r.key = c.key)
RETURNING key, seq, seq - cleared - given;

-- name: counter.read
SELECT key, seq - cleared - given, at FROM crmauth_counters
WHERE key IN (SELECT value FROM json_each(?1));

-- name: counter.settle
-- ?1 is a JSON array of {"key", "seq", "succeeded"}.
WITH settlement AS (
    SELECT value ->> 'key' AS key, value ->> 'seq' AS seq, value ->> 'succeeded' AS succeeded FROM json_each(?1)
)
UPDATE crmauth_counters AS c SET
    cleared = CASE WHEN t.succeeded THEN t.seq ELSE c.cleared END,
    given   = CASE WHEN t.succeeded THEN 0 ELSE c.given + 1 END,
    at      = CASE WHEN NOT t.succeeded AND t.seq = c.seq THEN c.previous ELSE c.at END
FROM settlement t
WHERE c.key = t.key AND t.seq > c.cleared AND t.seq <= c.seq
  AND (t.succeeded OR c.given < c.seq - c.cleared);

-- name: counter.clear
DELETE FROM crmauth_counters WHERE key IN (SELECT value FROM json_each(?1));

-- name: counter.expire
DELETE FROM crmauth_counters WHERE key IN (SELECT key FROM crmauth_counters WHERE expires <= ?1 LIMIT ?2);

-- name: attempt.join
UPDATE crmauth_attempts SET holders = holders + 1 WHERE id = ?1 AND expires > ?2
RETURNING first, counts;

-- name: attempt.record
-- Only an expired record is replaced.
INSERT INTO crmauth_attempts AS a (id, first, expires, holders, counts) VALUES (?1, ?2, ?3, 1, ?4)
ON CONFLICT (id) DO UPDATE SET first = ?2, expires = ?3, holders = 1, counts = ?4;

-- name: attempt.release_last
DELETE FROM crmauth_attempts WHERE id = ?1 AND holders <= 1;

-- name: attempt.release
UPDATE crmauth_attempts SET holders = holders - 1 WHERE id = ?1;

-- name: attempt.expire
DELETE FROM crmauth_attempts WHERE id IN (SELECT id FROM crmauth_attempts WHERE expires <= ?1 LIMIT ?2);
