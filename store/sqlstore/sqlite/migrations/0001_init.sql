-- Times are microseconds since 1970, UTC. Text is compared byte by byte, which
-- is SQLite's default. Every name begins with the table prefix.

CREATE TABLE IF NOT EXISTS crmauth_migrations (
    version  INTEGER PRIMARY KEY,
    checksum TEXT, -- NULL if another tool ran the file
    applied  BIGINT
);

CREATE TABLE crmauth_accounts (
    tenant        TEXT NOT NULL,
    id            TEXT NOT NULL,
    identifier    TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled      INTEGER NOT NULL,
    roles         TEXT NOT NULL, -- JSON array of strings
    name          TEXT NOT NULL,
    email         TEXT NOT NULL,
    locale        TEXT NOT NULL,
    created       BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- Every name that leads to an account, the primary one too.
CREATE TABLE crmauth_identifiers (
    tenant     TEXT NOT NULL,
    identifier TEXT NOT NULL,
    account    TEXT NOT NULL,
    PRIMARY KEY (tenant, identifier),
    FOREIGN KEY (tenant, account) REFERENCES crmauth_accounts (tenant, id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE INDEX crmauth_identifiers_account ON crmauth_identifiers (tenant, account);

CREATE TABLE crmauth_security (
    tenant  TEXT NOT NULL,
    account TEXT NOT NULL,
    version BIGINT NOT NULL,
    record  TEXT NOT NULL, -- JSON
    PRIMARY KEY (tenant, account)
);

CREATE TABLE crmauth_tokens (
    digest  BLOB NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    tenant  TEXT NOT NULL,
    account TEXT NOT NULL,
    slot    TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    data    BLOB
);

CREATE UNIQUE INDEX crmauth_tokens_slot ON crmauth_tokens (tenant, account, slot);
CREATE INDEX crmauth_tokens_expires ON crmauth_tokens (expires);

CREATE TABLE crmauth_flows (
    digest  BLOB NOT NULL PRIMARY KEY,
    step    BIGINT NOT NULL,
    tenant  TEXT NOT NULL,
    account TEXT NOT NULL,
    expires BIGINT NOT NULL,
    data    BLOB
);

CREATE INDEX crmauth_flows_expires ON crmauth_flows (expires);

-- A session that ended stays as a tombstone, so that its key is taken.
CREATE TABLE crmauth_sessions (
    digest     BLOB NOT NULL PRIMARY KEY,
    tag        BIGINT NOT NULL,
    id         TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    account    TEXT NOT NULL,
    identifier TEXT NOT NULL,
    roles      TEXT NOT NULL, -- JSON array of strings
    epoch      BIGINT NOT NULL,
    level      INTEGER NOT NULL,
    factors    TEXT NOT NULL, -- JSON array of {"m": method, "t": time}
    device     TEXT NOT NULL,
    ip         TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    kind       INTEGER NOT NULL,
    created    BIGINT NOT NULL,
    seen       BIGINT NOT NULL,
    idle       BIGINT NOT NULL, -- a duration
    expires    BIGINT NOT NULL,
    over       BIGINT NOT NULL, -- active before this time; of a tombstone: kept until then
    ended      BIGINT           -- NULL while the session lives
);

CREATE INDEX crmauth_sessions_account ON crmauth_sessions (tenant, account, created, id, over) WHERE ended IS NULL;
CREATE INDEX crmauth_sessions_over ON crmauth_sessions (over);

-- free, waits and forget are the policy that the key was last reserved under. A
-- row may be dropped once at + forget has passed; due is when to look whether it
-- has, so that the index need not follow every attempt. The largest number means
-- never.
CREATE TABLE crmauth_counters (
    key      TEXT NOT NULL PRIMARY KEY,
    seq      BIGINT NOT NULL,
    cleared  BIGINT NOT NULL,
    given    BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    previous BIGINT NOT NULL,
    free     BIGINT NOT NULL,
    waits    TEXT NOT NULL,   -- JSON array of durations
    forget   BIGINT NOT NULL, -- a duration
    due      BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX crmauth_counters_due ON crmauth_counters (due);

-- Attempts that carry an idempotency id.
CREATE TABLE crmauth_attempts (
    id      TEXT NOT NULL PRIMARY KEY,
    first   BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    holders BIGINT NOT NULL,
    counts  TEXT NOT NULL -- JSON
) WITHOUT ROWID;

CREATE INDEX crmauth_attempts_expires ON crmauth_attempts (expires);

-- Messages that wait to be sent; claimed until a time by whoever sends them.
CREATE TABLE crmauth_outbox (
    id       TEXT NOT NULL PRIMARY KEY,
    due      BIGINT NOT NULL,
    claimed  BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    payload  BLOB NOT NULL -- sealed
);

CREATE INDEX crmauth_outbox_due ON crmauth_outbox (due, id);

-- Only appended to.
CREATE TABLE crmauth_audit (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT, -- no number is given twice
    time    BIGINT NOT NULL,
    tenant  TEXT NOT NULL,
    account TEXT NOT NULL,
    actor   TEXT NOT NULL,
    name    TEXT NOT NULL,
    outcome TEXT NOT NULL,
    event   TEXT NOT NULL -- JSON
);

CREATE INDEX crmauth_audit_account ON crmauth_audit (account, tenant, seq);

INSERT INTO crmauth_migrations (version) VALUES (1);
