/**
 * Version 2 of the store: what is done to budgets, each in one statement. All of them lock reservations before windows, and both in the
 * order of their ids, so that no two wait for each other.
 */
export function budgetFunctions(schema: string): string {
  return reserve(schema) + change(schema) + settle(schema) + bookAbandoned(schema)
}

/**
 * Sets aside the claims of several calls, one call after the other, of each all or none.
 *
 * `window_ids` names every window of the calls once, in the order of their bytes. The claims of call `c` are those from `firsts[c]` up to,
 * but not including, `firsts[c + 1]`. Of each claim: which of the windows, its limit, its amount, and after how many milliseconds the
 * window is forgotten (of one with an end: after that; -2: never).
 *
 * Returns the time and, for each call, `[verdict, claim, booked, held, end, …]`. The verdict is 0: granted, 1: refused by the claim of
 * this number, 2: a window is not that of the present, 3: there is a reservation of this name.
 */
const reserve = (schema: string): string => `
  CREATE FUNCTION ${schema}.reserve(
    window_ids text[], window_starts bigint[], window_ends bigint[], ids text[], leases bigint[], firsts integer[],
    claim_windows integer[], limits numeric[], amounts numeric[], afters bigint[]
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  <<counting>>
  DECLARE
    expected CONSTANT integer := cardinality(window_ids);
    found integer := 0;
    locked record;
    booked numeric[] := '{}'; held numeric[] := '{}'; lasts bigint[] := '{}'; forgets bigint[] := '{}'; touched boolean[] := '{}';
    now bigint;
    known text[];
    verdict integer; refused integer; at integer; answer numeric[]; answers jsonb[] := '{}';
    its_windows text[]; its_amounts numeric[];
  BEGIN
    -- Rows that are missing come first, before any is locked. Another process may make or delete one meanwhile: then again.
    FOR attempt IN 1..5 LOOP
      INSERT INTO ${schema}.windows (id, booked, held, ends, forget)
        SELECT wanted.id, 0, 0, wanted.ends, ${schema}.now_ms() FROM unnest(window_ids, window_ends) AS wanted (id, ends)
        WHERE NOT EXISTS (SELECT FROM ${schema}.windows AS kept WHERE kept.id = wanted.id)
        ORDER BY wanted.id COLLATE "C"
        ON CONFLICT (id) DO NOTHING;
      found := 0;
      FOR locked IN
        SELECT kept.booked, kept.held, kept.ends, kept.forget FROM ${schema}.windows AS kept WHERE kept.id = ANY (window_ids)
        ORDER BY kept.id FOR UPDATE
      LOOP
        found := found + 1;
        booked[found] := locked.booked; held[found] := locked.held; lasts[found] := locked.ends; forgets[found] := locked.forget;
        touched[found] := false;
      END LOOP;
      EXIT WHEN found = expected;
    END LOOP;
    IF found <> expected THEN RAISE EXCEPTION 'windows come and go' USING ERRCODE = 'serialization_failure'; END IF;
    now := ${schema}.now_ms();
    FOR place IN 1..expected LOOP
      IF held[place] = 0 AND forgets[place] <= now THEN booked[place] := 0; lasts[place] := window_ends[place]; END IF;
    END LOOP;
    known := ARRAY(SELECT kept.id FROM ${schema}.reservations AS kept WHERE kept.id = ANY (ids));
    FOR turn IN 1..cardinality(ids) LOOP
      verdict := 0; refused := 0;
      IF ids[turn] = ANY (known) THEN verdict := 3; END IF;
      FOR claim IN firsts[turn]..firsts[turn + 1] - 1 LOOP
        at := claim_windows[claim];
        IF now < window_starts[at] OR (window_ends[at] <> -1 AND now >= window_ends[at]) THEN verdict := 2; END IF;
      END LOOP;
      IF verdict = 0 THEN
        FOR claim IN firsts[turn]..firsts[turn + 1] - 1 LOOP
          at := claim_windows[claim];
          held[at] := held[at] + amounts[claim];
          IF verdict = 0 AND booked[at] + held[at] > limits[claim] THEN verdict := 1; refused := claim - firsts[turn]; END IF;
        END LOOP;
        IF verdict = 1 THEN
          FOR claim IN firsts[turn]..firsts[turn + 1] - 1 LOOP
            at := claim_windows[claim];
            held[at] := held[at] - amounts[claim];
          END LOOP;
        END IF;
      END IF;
      IF verdict = 0 THEN
        its_windows := '{}'; its_amounts := '{}';
        FOR claim IN firsts[turn]..firsts[turn + 1] - 1 LOOP
          at := claim_windows[claim];
          touched[at] := true;
          forgets[at] := CASE WHEN window_ends[at] <> -1 THEN window_ends[at] + afters[claim]
            WHEN afters[claim] = -2 THEN 9007199254740991 ELSE now + afters[claim] END;
          its_windows := its_windows || window_ids[at];
          its_amounts := its_amounts || amounts[claim];
        END LOOP;
        INSERT INTO ${schema}.reservations VALUES (ids[turn], now + leases[turn], false, its_windows, its_amounts);
        known := known || ids[turn];
      END IF;
      answer := ARRAY[verdict, refused];
      FOR claim IN firsts[turn]..firsts[turn + 1] - 1 LOOP
        at := claim_windows[claim];
        answer := answer || booked[at] || held[at] || lasts[at]::numeric;
      END LOOP;
      answers := answers || to_jsonb(answer);
    END LOOP;
    FOR place IN 1..expected LOOP
      IF touched[place] THEN
        UPDATE ${schema}.windows AS kept
          SET booked = counting.booked[place], held = counting.held[place], ends = lasts[place], forget = forgets[place]
          WHERE kept.id = window_ids[place];
      END IF;
    END LOOP;
    RETURN jsonb_build_object('now', now, 'answers', to_jsonb(answers));
  END $$;
`

/** Adds to what windows have booked and hold; a window may be named several times. One that is gone is left out. */
const change = (schema: string): string => `
  CREATE FUNCTION ${schema}.change(window_ids text[], more_booked numeric[], more_held numeric[]) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM FROM ${schema}.windows AS kept WHERE kept.id = ANY (window_ids) ORDER BY kept.id FOR UPDATE;
    UPDATE ${schema}.windows AS kept SET booked = kept.booked + added.booked, held = kept.held + added.held
      FROM (
        SELECT each.id, sum(each.booked) AS booked, sum(each.held) AS held
        FROM unnest(window_ids, more_booked, more_held) AS each (id, booked, held) GROUP BY each.id
      ) AS added
      WHERE kept.id = added.id;
  END $$;
`

/**
 * Books what several calls have spent. The amounts of call `c` are those from `firsts[c]` up to, but not including, `firsts[c + 1]`.
 *
 * Returns the time and, for each call, `[[booked, held, end], …]`, or null if nothing was done.
 */
const settle = (schema: string): string => `
  CREATE FUNCTION ${schema}.settle(ids text[], firsts integer[], spent numeric[]) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    ending record;
    turn integer; amount numeric; done text[] := '{}';
    calls integer[] := '{}'; window_ids text[] := '{}'; more_booked numeric[] := '{}'; more_held numeric[] := '{}';
    answers jsonb;
  BEGIN
    FOR ending IN
      SELECT id, is_booked, windows, amounts FROM ${schema}.reservations WHERE id = ANY (ids) ORDER BY id FOR UPDATE
    LOOP
      turn := array_position(ids, ending.id);
      done := done || ending.id;
      FOR part IN 1..cardinality(ending.windows) LOOP
        amount := ending.amounts[part];
        IF firsts[turn] + part - 1 < firsts[turn + 1] THEN amount := spent[firsts[turn] + part - 1]; END IF;
        calls := calls || turn;
        window_ids := window_ids || ending.windows[part];
        more_booked := more_booked || CASE WHEN ending.is_booked THEN amount - ending.amounts[part] ELSE amount END;
        more_held := more_held || CASE WHEN ending.is_booked THEN 0 ELSE - ending.amounts[part] END;
      END LOOP;
    END LOOP;
    PERFORM ${schema}.change(window_ids, more_booked, more_held);
    DELETE FROM ${schema}.reservations WHERE id = ANY (done);
    SELECT coalesce(jsonb_agg(CASE WHEN of_call.place IS NULL THEN NULL ELSE of_call.states END ORDER BY asked.place), '[]') INTO answers
      FROM generate_subscripts(ids, 1) AS asked (place)
      LEFT JOIN (
        SELECT array_position(ids, id) AS place, coalesce(states, '[]') AS states FROM unnest(done) AS ended (id)
        LEFT JOIN (
          SELECT part.turn, jsonb_agg(jsonb_build_array(coalesce(kept.booked, 0), coalesce(kept.held, 0), coalesce(kept.ends, -1))
            ORDER BY part.place) AS states
          FROM unnest(calls, window_ids) WITH ORDINALITY AS part (turn, id, place)
          LEFT JOIN ${schema}.windows AS kept ON kept.id = part.id GROUP BY part.turn
        ) AS parts ON parts.turn = array_position(ids, ended.id)
      ) AS of_call ON of_call.place = asked.place;
    RETURN jsonb_build_object('now', ${schema}.now_ms(), 'answers', answers);
  END $$;
`

/** Books reservations whose lease is over, in full. Returns their ids. */
const bookAbandoned = (schema: string): string => `
  CREATE FUNCTION ${schema}.book_abandoned(most integer) RETURNS text[] LANGUAGE plpgsql AS $$
  DECLARE
    now CONSTANT bigint := ${schema}.now_ms();
    ids text[] := '{}'; window_ids text[] := '{}'; more_booked numeric[] := '{}'; more_held numeric[] := '{}';
    kept record;
  BEGIN
    FOR kept IN
      SELECT id, windows, amounts FROM ${schema}.reservations WHERE NOT is_booked AND lease <= now ORDER BY lease LIMIT most
      FOR UPDATE SKIP LOCKED
    LOOP
      ids := ids || kept.id;
      FOR part IN 1..cardinality(kept.windows) LOOP
        window_ids := window_ids || kept.windows[part];
        more_booked := more_booked || kept.amounts[part];
        more_held := more_held || - kept.amounts[part];
      END LOOP;
    END LOOP;
    IF cardinality(ids) = 0 THEN RETURN ids; END IF;
    PERFORM ${schema}.change(window_ids, more_booked, more_held);
    UPDATE ${schema}.reservations SET is_booked = true, lease = now WHERE id = ANY (ids);
    RETURN ids;
  END $$;
`
