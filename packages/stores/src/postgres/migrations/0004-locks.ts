/** Version 4 of the store: locks. Times are in milliseconds since the epoch, by the clock of the database. */
export function lockTables(schema: string): string {
  return `
    CREATE TABLE ${schema}.locks (key text COLLATE "C" PRIMARY KEY, holder text NOT NULL, until bigint NOT NULL);
    CREATE INDEX locks_until ON ${schema}.locks (until);
    CREATE FUNCTION ${schema}.take_lock(lock_key text, taker text, life bigint) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
      now CONSTANT bigint := ${schema}.now_ms();
      found text;
    BEGIN
      DELETE FROM ${schema}.locks WHERE key IN (
        SELECT key FROM ${schema}.locks WHERE until <= now AND key <> lock_key ORDER BY until LIMIT 2 FOR UPDATE SKIP LOCKED
      );
      INSERT INTO ${schema}.locks AS kept (key, holder, until) VALUES (lock_key, taker, now + life)
        ON CONFLICT (key) DO UPDATE SET
          holder = CASE WHEN kept.until > now THEN kept.holder ELSE excluded.holder END,
          until = CASE WHEN kept.until > now AND kept.holder <> excluded.holder THEN kept.until ELSE excluded.until END
        RETURNING holder INTO found;
      RETURN found;
    END $$;
  `
}
