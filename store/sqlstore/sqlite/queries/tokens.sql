-- name: token.empty_slot
-- A token of the same digest stays, so that the insertion finds it taken.
DELETE FROM crmauth_tokens WHERE tenant = ?1 AND account = ?2 AND slot = ?3 AND digest <> ?4;

-- name: token.insert
INSERT INTO crmauth_tokens (digest, purpose, tenant, account, slot, created, expires, data)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT DO NOTHING;

-- name: token.take
DELETE FROM crmauth_tokens WHERE digest = ?1 AND purpose = ?2 AND expires > ?3
RETURNING purpose, tenant, account, slot, created, expires, data;

-- name: token.peek
SELECT purpose, tenant, account, slot, created, expires, data
FROM crmauth_tokens WHERE digest = ?1 AND purpose = ?2 AND expires > ?3;

-- name: token.revoke
DELETE FROM crmauth_tokens
WHERE tenant = ?1 AND account = ?2
  AND (json_array_length(?3) = 0 OR purpose IN (SELECT value FROM json_each(?3)));

-- name: token.expire
DELETE FROM crmauth_tokens WHERE rowid IN (SELECT rowid FROM crmauth_tokens WHERE expires <= ?1 LIMIT ?2);
