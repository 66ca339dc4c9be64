CREATE TABLE IF NOT EXISTS customers (
  id      INTEGER PRIMARY KEY,
  name    TEXT    NOT NULL,
  city    TEXT    NOT NULL,
  contact TEXT    NOT NULL,
  owner   TEXT    NOT NULL, -- identifier of an account
  created INTEGER NOT NULL  -- microseconds since 1970, UTC
) STRICT;

CREATE TABLE IF NOT EXISTS deals (
  id       INTEGER PRIMARY KEY,
  customer INTEGER NOT NULL REFERENCES customers (id),
  title    TEXT    NOT NULL,
  fen      INTEGER NOT NULL, -- 1/100 yuan
  stage    TEXT    NOT NULL CHECK (stage IN ('lead', 'offer', 'negotiation', 'won', 'lost')),
  owner    TEXT    NOT NULL,
  created  INTEGER NOT NULL
) STRICT;
