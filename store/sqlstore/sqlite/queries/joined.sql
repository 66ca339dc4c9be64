-- name: joined.find
SELECT a.tenant, a.id, a.identifier, a.password_hash, a.disabled, a.roles, a.name, a.email, a.locale, a.created,
       r.version, r.record
FROM crmauth_identifiers i
JOIN crmauth_accounts a ON a.tenant = i.tenant AND a.id = i.account
LEFT JOIN crmauth_security r ON r.tenant = a.tenant AND r.account = a.id
WHERE i.tenant = ?1 AND i.identifier = ?2;

-- name: joined.session
SELECT s.id, s.tenant, s.account, s.identifier, s.roles, s.epoch, s.level, s.factors,
       s.device, s.ip, s.user_agent, s.kind, s.created, s.seen, s.idle, s.expires,
       a.id, a.identifier, a.password_hash, a.disabled, a.roles, a.name, a.email, a.locale, a.created,
       r.version, r.record
FROM crmauth_sessions s
LEFT JOIN crmauth_accounts a ON a.tenant = s.tenant AND a.id = s.account
LEFT JOIN crmauth_security r ON r.tenant = s.tenant AND r.account = s.account
WHERE s.digest = ?1 AND s.tag = ?2 AND s.ended IS NULL;
