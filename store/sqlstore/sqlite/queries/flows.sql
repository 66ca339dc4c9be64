-- name: flow.create
INSERT INTO crmauth_flows (digest, step, tenant, account, expires, data)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO NOTHING;

-- name: flow.get
SELECT step, tenant, account, expires, data
FROM crmauth_flows WHERE digest = ?1 AND expires > ?2;

-- name: flow.advance
UPDATE crmauth_flows SET step = ?3, expires = ?4, data = ?5 WHERE digest = ?1 AND step = ?2;

-- name: flow.end
DELETE FROM crmauth_flows WHERE digest = ?1 AND step = ?2;

-- name: flow.expire
DELETE FROM crmauth_flows WHERE rowid IN (SELECT rowid FROM crmauth_flows WHERE expires <= ?1 LIMIT ?2);
