-- name: session.create
-- Answers with the number of the account's other sessions that are active.
INSERT INTO crmauth_sessions (digest, tag, id, tenant, account, identifier, roles, epoch, level, factors,
                              device, ip, user_agent, kind, created, seen, idle, expires, over)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
ON CONFLICT DO NOTHING
RETURNING (SELECT count(*) FROM crmauth_sessions o
           WHERE o.tenant = ?4 AND o.account = ?5 AND o.ended IS NULL AND o.over > ?15 AND o.digest <> ?1);

-- name: session.end_oldest
-- All but the newest ?4 of the account's other active sessions.
UPDATE crmauth_sessions SET ended = ?5, over = ?6
WHERE rowid IN (SELECT o.rowid FROM crmauth_sessions o
                WHERE o.tenant = ?1 AND o.account = ?2 AND o.ended IS NULL AND o.over > ?5 AND o.digest <> ?3
                ORDER BY o.created DESC, o.id DESC LIMIT -1 OFFSET ?4)
RETURNING id;

-- name: session.get
SELECT id, tenant, account, identifier, roles, epoch, level, factors,
       device, ip, user_agent, kind, created, seen, idle, expires
FROM crmauth_sessions WHERE digest = ?1 AND tag = ?2 AND ended IS NULL;

-- name: session.touch
UPDATE crmauth_sessions SET seen = max(seen, ?3), over = min(expires, max(seen, ?3) + idle)
WHERE digest = ?1 AND tag = ?2 AND ended IS NULL;

-- name: session.end_key
UPDATE crmauth_sessions SET ended = ?3, over = ?4
WHERE digest = ?1 AND tag = ?2 AND ended IS NULL;

-- name: session.end
UPDATE crmauth_sessions SET ended = ?5, over = ?6
WHERE tenant = ?1 AND account = ?2 AND ended IS NULL
  AND (?3 = '' OR id = ?3) AND (?4 = '' OR id <> ?4);

-- name: session.list
SELECT digest, tag, id, tenant, account, identifier, roles, epoch, level, factors,
       device, ip, user_agent, kind, created, seen, idle, expires
FROM crmauth_sessions
WHERE tenant = ?1 AND account = ?2 AND ended IS NULL AND (created, id) < (?3, ?4)
ORDER BY created DESC, id DESC LIMIT ?5;

-- name: session.expire
DELETE FROM crmauth_sessions WHERE rowid IN (SELECT rowid FROM crmauth_sessions WHERE over <= ?1 LIMIT ?2);
