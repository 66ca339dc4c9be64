-- name: outbox.add
-- The smallest number is a claim that is over.
INSERT INTO crmauth_outbox (id, due, claimed, attempts, payload) VALUES (?1, ?2, -9223372036854775808, 0, ?3)
ON CONFLICT DO NOTHING;

-- name: outbox.claim
UPDATE crmauth_outbox SET attempts = attempts + 1, claimed = ?2
WHERE id IN (SELECT id FROM crmauth_outbox WHERE due <= ?1 AND claimed <= ?1 ORDER BY due, id LIMIT ?3)
RETURNING id, due, attempts, payload;

-- name: outbox.done
DELETE FROM crmauth_outbox WHERE id = ?1;

-- name: outbox.retry
UPDATE crmauth_outbox SET due = ?3, claimed = -9223372036854775808 WHERE id = ?1 AND attempts = ?2;
