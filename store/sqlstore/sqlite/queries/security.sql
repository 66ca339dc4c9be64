-- name: security.load
SELECT version, record FROM crmauth_security WHERE tenant = ?1 AND account = ?2;

-- name: security.insert
INSERT INTO crmauth_security (tenant, account, version, record) VALUES (?1, ?2, 1, ?3)
ON CONFLICT DO NOTHING;

-- name: security.update
UPDATE crmauth_security SET version = version + 1, record = ?4
WHERE tenant = ?1 AND account = ?2 AND version = ?3;
