-- name: account.find
SELECT a.tenant, a.id, a.identifier, a.password_hash, a.disabled, a.roles, a.name, a.email, a.locale, a.created
FROM crmauth_identifiers i
JOIN crmauth_accounts a ON a.tenant = i.tenant AND a.id = i.account
WHERE i.tenant = ?1 AND i.identifier = ?2;

-- name: account.get
SELECT tenant, id, identifier, password_hash, disabled, roles, name, email, locale, created
FROM crmauth_accounts
WHERE tenant = ?1 AND id = ?2;

-- name: account.replace_password
UPDATE crmauth_accounts SET password_hash = ?4
WHERE tenant = ?1 AND id = ?2 AND password_hash = ?3;

-- name: account.set_disabled
UPDATE crmauth_accounts SET disabled = ?3
WHERE tenant = ?1 AND id = ?2 AND disabled <> ?3;

-- name: account.set_roles
-- Both lists are compared as sets.
UPDATE crmauth_accounts SET roles = ?4
WHERE tenant = ?1 AND id = ?2
  AND NOT EXISTS (SELECT value FROM json_each(roles) EXCEPT SELECT value FROM json_each(?3))
  AND NOT EXISTS (SELECT value FROM json_each(?3) EXCEPT SELECT value FROM json_each(roles));

-- name: account.create
INSERT INTO crmauth_accounts (tenant, id, identifier, password_hash, disabled, roles, name, email, locale, created)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT DO NOTHING;

-- name: account.create_identifiers
INSERT INTO crmauth_identifiers (tenant, identifier, account)
SELECT ?1, value, ?2 FROM json_each(?3) WHERE true
ON CONFLICT DO NOTHING;

-- name: account.list
SELECT tenant, id, identifier, password_hash, disabled, roles, name, email, locale, created
FROM crmauth_accounts
WHERE tenant = ?1 AND id > ?3 AND substr(identifier, 1, length(?2)) = ?2
ORDER BY id LIMIT ?4;
