/**
 * Version 7 of the store: notes of calls, each until the ledger has the call. That of a call under way is taken by nobody; that of one whose
 * lease ended, or that was settled, by whoever comes once `lease` is over. The functions of version 2 stay for processes of earlier versions.
 */
export function notesOfCalls(schema: string): string {
  return `
    CREATE TABLE ${schema}.notes (
      id text COLLATE "C" PRIMARY KEY, lease bigint NOT NULL, is_settled boolean NOT NULL, note text NOT NULL
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
    CREATE INDEX notes_lease ON ${schema}.notes (lease);
    ${reserve(schema)} ${settle(schema)} ${takeNotes(schema)} ${dropNotes(schema)} ${sweep(schema)}
  `
}

/**
 * As `reserve` of version 2, with a note for each call, or null. Of the windows in `held_ids` only what is held counts, so what was booked of
 * abandoned calls is forgotten first.
 */
const reserve = (schema: string): string => `
  CREATE FUNCTION ${schema}.reserve(
    window_ids text[], window_starts bigint[], window_ends bigint[], ids text[], leases bigint[], firsts integer[],
    claim_windows integer[], limits numeric[], amounts numeric[], afters bigint[], held_ids text[], texts text[]
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    told jsonb;
  BEGIN
    IF EXISTS (SELECT FROM ${schema}.windows AS kept WHERE kept.id = ANY (held_ids) AND kept.booked <> 0) THEN
      PERFORM FROM ${schema}.windows AS kept WHERE kept.id = ANY (window_ids) ORDER BY kept.id FOR UPDATE;
      UPDATE ${schema}.windows AS kept SET booked = 0 WHERE kept.id = ANY (held_ids);
    END IF;
    told := ${schema}.reserve(
      window_ids, window_starts, window_ends, ids, leases, firsts, claim_windows, limits, amounts, afters
    );
    INSERT INTO ${schema}.notes (id, lease, is_settled, note)
      SELECT asked.id, (told ->> 'now')::bigint, false, asked.note
      FROM unnest(ids, texts) WITH ORDINALITY AS asked (id, note, place)
      WHERE asked.note IS NOT NULL AND told #>> ARRAY['answers', (asked.place - 1)::text, '0'] = '0';
    RETURN told;
  END $$;
`

/** As `settle` of version 2, with a note that stays of each call, or null, and its lease. */
const settle = (schema: string): string => `
  CREATE FUNCTION ${schema}.settle(ids text[], firsts integer[], spent numeric[], texts text[], leases bigint[])
  RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    told CONSTANT jsonb := ${schema}.settle(ids, firsts, spent);
    done text[];
  BEGIN
    done := ARRAY(
      SELECT asked.id FROM unnest(ids) WITH ORDINALITY AS asked (id, place)
      WHERE told -> 'answers' -> (asked.place - 1)::integer <> 'null'
    );
    DELETE FROM ${schema}.notes AS kept USING unnest(ids, texts) AS asked (id, note)
      WHERE kept.id = asked.id AND asked.note IS NULL AND asked.id = ANY (done);
    INSERT INTO ${schema}.notes AS kept (id, lease, is_settled, note)
      SELECT DISTINCT ON (asked.id) asked.id, (told ->> 'now')::bigint + asked.lease, true, asked.note
      FROM unnest(ids, texts, leases) AS asked (id, note, lease) WHERE asked.note IS NOT NULL AND asked.id = ANY (done)
      ON CONFLICT (id) DO UPDATE SET lease = excluded.lease, is_settled = true, note = excluded.note;
    RETURN told;
  END $$;
`

/** Takes notes over. Returns `[[id, whether it is of a settled call, note], …]`. */
const takeNotes = (schema: string): string => `
  CREATE FUNCTION ${schema}.take_notes(most integer, lease_ms bigint) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    now CONSTANT bigint := ${schema}.now_ms();
    answers jsonb;
  BEGIN
    WITH free AS MATERIALIZED (
      SELECT kept.id FROM ${schema}.notes AS kept WHERE kept.lease <= now AND (
        kept.is_settled OR EXISTS (SELECT FROM ${schema}.reservations AS booked WHERE booked.id = kept.id AND booked.is_booked)
      ) ORDER BY kept.lease LIMIT most FOR UPDATE SKIP LOCKED
    ), taken AS (
      UPDATE ${schema}.notes AS kept SET lease = now + lease_ms FROM free WHERE kept.id = free.id
      RETURNING kept.id, kept.is_settled, kept.note
    )
    SELECT coalesce(jsonb_agg(jsonb_build_array(taken.id, taken.is_settled, taken.note)), '[]') INTO answers FROM taken;
    RETURN answers;
  END $$;
`

const dropNotes = (schema: string): string => `
  CREATE FUNCTION ${schema}.drop_notes(ids text[], settled boolean[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM ${schema}.notes AS kept WHERE kept.id IN (
      SELECT held.id FROM ${schema}.notes AS held JOIN unnest(ids, settled) AS asked (id, is_settled)
        ON held.id = asked.id AND held.is_settled = asked.is_settled
      ORDER BY held.id FOR UPDATE OF held
    )
  $$;
`

/** As `sweep` of version 3, which goes on under another name; notes stay for a day after their lease. */
const sweep = (schema: string): string => `
  ALTER FUNCTION ${schema}.sweep(integer) RENAME TO sweep_others;
  CREATE FUNCTION ${schema}.sweep(most integer) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    deleted integer;
  BEGIN
    DELETE FROM ${schema}.notes WHERE id IN (
      SELECT kept.id FROM ${schema}.notes AS kept WHERE kept.lease <= ${schema}.now_ms() - 86400000 AND NOT EXISTS (
        SELECT FROM ${schema}.reservations AS held WHERE held.id = kept.id AND NOT held.is_booked
      ) ORDER BY kept.lease LIMIT most FOR UPDATE SKIP LOCKED
    );
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN ${schema}.sweep_others(most) OR deleted = most;
  END $$;
`
