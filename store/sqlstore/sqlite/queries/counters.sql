-- name: counter.reserve
-- ?1 is a JSON array of {"key", "free", "waits", "forget"}; ?2 is now. Only what
-- stands before the first blocked row is written, and comes back: a flood of
-- refused attempts on its first key costs no commit. SQLite runs one writing
-- statement at a time, so a row that is open where it looks is open where it
-- writes. A sum that is too large becomes a floating-point number, which is later
-- than any time. The numbers of a new row begin at the present microsecond, so
-- that none of a row that was dropped fits it.
INSERT INTO crmauth_counters AS c (key, seq, cleared, given, at, previous, free, waits, forget, due)
SELECT value ->> 'key', max(?2, 0) + 1, max(?2, 0), 0, ?2, 0, value ->> 'free', value -> 'waits', value ->> 'forget',
       min(?2 + (value ->> 'forget'), 9223372036854775807)
FROM json_each(?1) AS request
WHERE request.key < (
    SELECT coalesce(min(r.key), json_array_length(?1))
    FROM json_each(?1) AS r CROSS JOIN crmauth_counters AS b ON b.key = r.value ->> 'key'
    WHERE b.seq - b.cleared - b.given >= r.value ->> 'free'
      AND b.at + (r.value -> 'waits' ->> min(b.seq - b.cleared - b.given - (r.value ->> 'free'), json_array_length(r.value, '$.waits') - 1)) > ?2
)
ON CONFLICT (key) DO UPDATE SET
    seq      = c.seq + 1,
    cleared  = iif(c.at + excluded.forget <= ?2, c.seq, c.cleared),
    given    = iif(c.at + excluded.forget <= ?2, 0, c.given),
    at       = max(c.at, ?2),
    previous = c.at,
    free     = excluded.free,
    waits    = excluded.waits,
    forget   = excluded.forget
RETURNING key, seq, seq - cleared - given;

-- name: counter.read
SELECT seq - cleared - given, at FROM crmauth_counters WHERE key = ?1;

-- name: counter.settle
-- ?1 is a JSON array of {"key", "seq", "succeeded"}.
WITH settlement AS (
    SELECT value ->> 'key' AS key, value ->> 'seq' AS seq, value ->> 'succeeded' AS succeeded FROM json_each(?1)
)
UPDATE crmauth_counters AS c SET
    cleared = CASE WHEN t.succeeded THEN iif(c.given >= c.seq - t.seq, c.seq, t.seq) WHEN c.seq - c.cleared - c.given = 1 THEN c.seq ELSE c.cleared END,
    given   = CASE WHEN t.succeeded THEN iif(c.given >= c.seq - t.seq, 0, c.given) WHEN c.seq - c.cleared - c.given = 1 THEN 0 ELSE c.given + 1 END,
    at      = CASE WHEN NOT t.succeeded AND t.seq = c.seq THEN c.previous ELSE c.at END
FROM settlement t
WHERE c.key = t.key AND t.seq > c.cleared AND t.seq <= c.seq
  AND (t.succeeded OR c.given < c.seq - c.cleared);

-- name: counter.clear
DELETE FROM crmauth_counters WHERE key IN (SELECT value FROM json_each(?1));

-- name: counter.expire
DELETE FROM crmauth_counters
WHERE key IN (SELECT key FROM crmauth_counters WHERE due <= ?1 AND at + forget <= ?1 LIMIT ?2);

-- name: counter.postpone
UPDATE crmauth_counters SET due = min(at + forget, 9223372036854775807)
WHERE key IN (SELECT key FROM crmauth_counters WHERE due <= ?1 LIMIT ?2) AND at + forget > ?1;

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
