-- name: audit.append_one
INSERT INTO crmauth_audit (time, tenant, account, actor, name, outcome, event) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: audit.append
-- ?1 is a JSON array of {"time", "event"}.
INSERT INTO crmauth_audit (time, tenant, account, actor, name, outcome, event)
SELECT value ->> 'time', ifnull(value ->> '$.event.tenant', ''), ifnull(value ->> '$.event.account', ''),
       ifnull(value ->> '$.event.actor.id', ''), value ->> '$.event.event', value ->> '$.event.outcome', value -> 'event'
FROM json_each(?1) ORDER BY key;

-- name: audit.oldest_first
SELECT seq, event FROM crmauth_audit
WHERE seq > ?1
  AND (?3 OR tenant = ?4) AND (?5 = '' OR account = ?5) AND (?6 = '' OR actor = ?6)
  AND time >= ?7 AND time < ?8
  AND (json_array_length(?9) = 0 OR name IN (SELECT value FROM json_each(?9)))
ORDER BY seq LIMIT ?2;

-- name: audit.newest_first
SELECT seq, event FROM crmauth_audit
WHERE seq < ?1
  AND (?3 OR tenant = ?4) AND (?5 = '' OR account = ?5) AND (?6 = '' OR actor = ?6)
  AND time >= ?7 AND time < ?8
  AND (json_array_length(?9) = 0 OR name IN (SELECT value FROM json_each(?9)))
ORDER BY seq DESC LIMIT ?2;

-- name: audit.account_oldest_first
SELECT seq, event FROM crmauth_audit
WHERE account = ?5 AND tenant = ?4 AND seq > ?1
  AND (?6 = '' OR actor = ?6)
  AND time >= ?7 AND time < ?8
  AND (json_array_length(?9) = 0 OR name IN (SELECT value FROM json_each(?9)))
ORDER BY seq LIMIT ?2;

-- name: audit.account_newest_first
SELECT seq, event FROM crmauth_audit
WHERE account = ?5 AND tenant = ?4 AND seq < ?1
  AND (?6 = '' OR actor = ?6)
  AND time >= ?7 AND time < ?8
  AND (json_array_length(?9) = 0 OR name IN (SELECT value FROM json_each(?9)))
ORDER BY seq DESC LIMIT ?2;
