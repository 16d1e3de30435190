/**
 * Version 8 of the store: how often each secret of a key was sent, by all processes together. The function of version 5 stays for processes of
 * earlier versions.
 */
export function usesOfSecrets(schema: string): string {
  return `
    CREATE TABLE ${schema}.ring_uses (
      alias text COLLATE "C" NOT NULL, since integer NOT NULL, calls bigint NOT NULL, first_at bigint NOT NULL, last_at bigint NOT NULL,
      PRIMARY KEY (alias, since)
    );

    CREATE FUNCTION ${schema}.ring_add_uses(given jsonb) RETURNS void LANGUAGE sql AS $$
      INSERT INTO ${schema}.ring_uses AS kept (alias, since, calls, first_at, last_at)
        SELECT alias, since, sum(calls), min("firstAt"), max("lastAt")
        FROM jsonb_to_recordset(given) AS one (alias text, since integer, calls bigint, "firstAt" bigint, "lastAt" bigint)
        GROUP BY alias, since ORDER BY alias, since
        ON CONFLICT (alias, since) DO UPDATE SET calls = kept.calls + excluded.calls,
          first_at = least(kept.first_at, excluded.first_at), last_at = greatest(kept.last_at, excluded.last_at)
    $$;

    CREATE FUNCTION ${schema}.ring_change(written jsonb, removed jsonb, bound jsonb, unbound text[], counted_anew text[])
    RETURNS jsonb LANGUAGE plpgsql AS $$
    DECLARE
      conflict CONSTANT jsonb := ${schema}.ring_change(written, removed, bound, unbound);
    BEGIN
      IF conflict IS NULL THEN
        DELETE FROM ${schema}.ring_uses AS kept WHERE kept.alias = ANY (counted_anew)
          OR kept.alias IN (SELECT given.alias FROM jsonb_to_recordset(removed) AS given (alias text));
      END IF;
      RETURN conflict;
    END $$;
  `
}
