/** Version 6 of the store: bindings of the key ring are marked anew, each only if it is still what it was. */
export function remarkFunction(schema: string): string {
  return `
    CREATE FUNCTION ${schema}.ring_remark(given jsonb) RETURNS text[] LANGUAGE plpgsql AS $$
    DECLARE
      others text[];
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended('postern key ring ' || '${schema.replaceAll("'", "''")}', 0));
      WITH asked AS (
        SELECT * FROM jsonb_to_recordset(given) AS one (selector text, alias text, former text, mac text)
      ), marked AS (
        UPDATE ${schema}.ring_bindings AS kept SET mac = asked.mac FROM asked
        WHERE kept.selector = asked.selector AND kept.alias = asked.alias AND kept.mac = asked.former
          AND EXISTS (
            SELECT 1 FROM ${schema}.seen_bindings AS seen WHERE seen.selector = kept.selector AND seen.batch = kept.batch
          )
        RETURNING kept.alias, kept.selector
      ), noted AS (
        INSERT INTO ${schema}.ring_changes (alias, selector) SELECT alias, selector FROM marked
      )
      SELECT coalesce(array_agg(selector), '{}') INTO others FROM (SELECT selector FROM asked EXCEPT SELECT selector FROM marked) AS other;
      DELETE FROM ${schema}.ring_changes WHERE seq <= (SELECT max(seq) FROM ${schema}.ring_changes) - 11000;
      RETURN others;
    END $$;
  `
}
