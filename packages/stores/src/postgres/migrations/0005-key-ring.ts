/**
 * Version 5 of the store: the key ring. Rows of batch 0 were written one by one; others are those of an import, seen once it is published.
 * Of a change, a row without an alias and a selector stands for all of them. Changes are made one at a time, so that a number is never
 * read before a smaller one is committed.
 */
export function keyRingTables(schema: string): string {
  const isSeen = (batch: string): string =>
    `(${batch} = 0 OR EXISTS (SELECT 1 FROM ${schema}.ring_batches AS imported WHERE imported.id = ${batch} AND imported.published))`
  const inTurn = `PERFORM pg_advisory_xact_lock(hashtextextended('postern key ring ' || current_schema_name, 0));`
  const declared = `current_schema_name CONSTANT text := '${schema.replaceAll("'", "''")}';`
  return `
    CREATE TABLE ${schema}.ring_batches (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, published boolean NOT NULL
    );
    CREATE TABLE ${schema}.ring_keys (
      alias text COLLATE "C" NOT NULL, batch bigint NOT NULL, version integer NOT NULL, content text NOT NULL, PRIMARY KEY (alias, batch)
    );
    CREATE INDEX ring_keys_batch ON ${schema}.ring_keys (batch) WHERE batch <> 0;
    CREATE TABLE ${schema}.ring_bindings (
      selector text COLLATE "C" NOT NULL, batch bigint NOT NULL, alias text COLLATE "C" NOT NULL, mac text NOT NULL,
      PRIMARY KEY (selector, batch)
    );
    CREATE INDEX ring_bindings_alias ON ${schema}.ring_bindings (alias);
    CREATE INDEX ring_bindings_batch ON ${schema}.ring_bindings (batch) WHERE batch <> 0;
    CREATE TABLE ${schema}.ring_changes (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, alias text, selector text);
    CREATE VIEW ${schema}.seen_keys AS SELECT * FROM ${schema}.ring_keys AS kept WHERE ${isSeen('kept.batch')};
    CREATE VIEW ${schema}.seen_bindings AS SELECT * FROM ${schema}.ring_bindings AS kept WHERE ${isSeen('kept.batch')};

    CREATE FUNCTION ${schema}.ring_change(written jsonb, removed jsonb, bound jsonb, unbound text[]) RETURNS jsonb LANGUAGE plpgsql AS $$
    DECLARE
      ${declared}
      aliases text[]; selectors text[]; last bigint;
    BEGIN
      ${inTurn}
      SELECT coalesce(array_agg(asked.alias), '{}') INTO aliases FROM (
        SELECT alias, version - 1 AS version FROM jsonb_to_recordset(written) AS given (alias text, version integer)
        UNION ALL SELECT alias, version FROM jsonb_to_recordset(removed) AS given (alias text, version integer)
      ) AS asked
      WHERE asked.version <> coalesce((SELECT kept.version FROM ${schema}.seen_keys AS kept WHERE kept.alias = asked.alias), 0);
      SELECT coalesce(array_agg(asked.selector), '{}') INTO selectors FROM (
        SELECT selector FROM jsonb_to_recordset(bound) AS given (selector text)
          WHERE selector <> ALL (unbound) AND EXISTS (SELECT 1 FROM ${schema}.seen_bindings AS kept WHERE kept.selector = given.selector)
        UNION ALL SELECT selector FROM unnest(unbound) AS given (selector)
          WHERE NOT EXISTS (SELECT 1 FROM ${schema}.seen_bindings AS kept WHERE kept.selector = given.selector)
      ) AS asked;
      IF cardinality(aliases) > 0 OR cardinality(selectors) > 0 THEN
        RETURN jsonb_build_object('aliases', to_jsonb(aliases[1:20]), 'selectors', to_jsonb(selectors[1:20]));
      END IF;
      INSERT INTO ${schema}.ring_changes (alias, selector)
        SELECT kept.alias, kept.selector FROM ${schema}.seen_bindings AS kept WHERE kept.selector = ANY (unbound);
      DELETE FROM ${schema}.ring_bindings AS kept WHERE kept.selector = ANY (unbound) AND ${isSeen('kept.batch')};
      DELETE FROM ${schema}.ring_keys AS kept USING jsonb_to_recordset(removed) AS given (alias text)
        WHERE kept.alias = given.alias AND ${isSeen('kept.batch')};
      UPDATE ${schema}.ring_keys AS kept SET version = given.version, content = given.row
        FROM jsonb_to_recordset(written) AS given (alias text, version integer, row text)
        WHERE kept.alias = given.alias AND given.version > 1 AND ${isSeen('kept.batch')};
      INSERT INTO ${schema}.ring_keys (alias, batch, version, content)
        SELECT alias, 0, version, row FROM jsonb_to_recordset(written) AS given (alias text, version integer, row text) WHERE version = 1;
      INSERT INTO ${schema}.ring_bindings (selector, batch, alias, mac)
        SELECT selector, 0, alias, mac FROM jsonb_to_recordset(bound) AS given (selector text, alias text, mac text);
      INSERT INTO ${schema}.ring_changes (alias, selector)
        SELECT alias, NULL FROM jsonb_to_recordset(written) AS given (alias text)
        UNION ALL SELECT alias, NULL FROM jsonb_to_recordset(removed) AS given (alias text)
        UNION ALL SELECT alias, selector FROM jsonb_to_recordset(bound) AS given (selector text, alias text);
      SELECT max(seq) INTO last FROM ${schema}.ring_changes;
      DELETE FROM ${schema}.ring_changes WHERE seq <= last - 11000;
      RETURN NULL;
    END $$;

    CREATE FUNCTION ${schema}.ring_stage(import_name text, written jsonb, bound jsonb) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
      batch_id bigint;
    BEGIN
      INSERT INTO ${schema}.ring_batches (name, published) VALUES (import_name, false) ON CONFLICT (name) DO NOTHING;
      SELECT id INTO batch_id FROM ${schema}.ring_batches WHERE name = import_name;
      INSERT INTO ${schema}.ring_keys (alias, batch, version, content)
        SELECT alias, batch_id, version, row FROM jsonb_to_recordset(written) AS given (alias text, version integer, row text);
      INSERT INTO ${schema}.ring_bindings (selector, batch, alias, mac)
        SELECT selector, batch_id, alias, mac FROM jsonb_to_recordset(bound) AS given (selector text, alias text, mac text);
    END $$;

    CREATE FUNCTION ${schema}.ring_publish(import_name text) RETURNS jsonb LANGUAGE plpgsql AS $$
    DECLARE
      ${declared}
      batch_id bigint; aliases text[]; selectors text[];
    BEGIN
      ${inTurn}
      SELECT id INTO batch_id FROM ${schema}.ring_batches WHERE name = import_name;
      SELECT coalesce(array_agg(found.alias), '{}') INTO aliases FROM (
        SELECT staged.alias FROM ${schema}.ring_keys AS staged
        WHERE staged.batch = batch_id AND EXISTS (SELECT 1 FROM ${schema}.seen_keys AS kept WHERE kept.alias = staged.alias) LIMIT 20
      ) AS found;
      SELECT coalesce(array_agg(found.selector), '{}') INTO selectors FROM (
        SELECT staged.selector FROM ${schema}.ring_bindings AS staged
        WHERE staged.batch = batch_id AND EXISTS (SELECT 1 FROM ${schema}.seen_bindings AS kept WHERE kept.selector = staged.selector) LIMIT 20
      ) AS found;
      IF cardinality(aliases) > 0 OR cardinality(selectors) > 0 THEN
        RETURN jsonb_build_object('aliases', to_jsonb(aliases), 'selectors', to_jsonb(selectors));
      END IF;
      UPDATE ${schema}.ring_batches SET published = true WHERE id = batch_id;
      INSERT INTO ${schema}.ring_changes (alias, selector) VALUES (NULL, NULL);
      RETURN NULL;
    END $$;

    CREATE FUNCTION ${schema}.ring_discard(import_name text, most integer) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
      batch_id bigint; deleted integer; has_more boolean := false;
    BEGIN
      SELECT id INTO batch_id FROM ${schema}.ring_batches WHERE name = import_name AND NOT published;
      IF batch_id IS NULL THEN RETURN false; END IF;
      DELETE FROM ${schema}.ring_keys WHERE batch = batch_id AND alias IN (
        SELECT alias FROM ${schema}.ring_keys WHERE batch = batch_id LIMIT most
      );
      GET DIAGNOSTICS deleted = ROW_COUNT;
      has_more := deleted = most;
      DELETE FROM ${schema}.ring_bindings WHERE batch = batch_id AND selector IN (
        SELECT selector FROM ${schema}.ring_bindings WHERE batch = batch_id LIMIT most
      );
      GET DIAGNOSTICS deleted = ROW_COUNT;
      has_more := has_more OR deleted = most;
      IF NOT has_more THEN DELETE FROM ${schema}.ring_batches WHERE id = batch_id; END IF;
      RETURN has_more;
    END $$;
  `
}
