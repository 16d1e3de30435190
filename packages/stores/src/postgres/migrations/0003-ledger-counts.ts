import { columns } from '../../ledger/row-values.js'
import { append } from './0001-ledger.js'
import { appendOnce } from './0002-ledger-once.js'

/** Where a row has what its call counts as: behind its digest, its values and its attempts. */
const countedPlace = columns.length + 2

/**
 * Version 3 of the ledger: counts. `counts` has of each window what the calls that are stored count as, in the transaction that stores them;
 * an interrupted call keeps its own beside its row, since another entry may take its place. `counted_of` says of which store.
 */
export function ledgerCounts(schema: string): string {
  return `
    CREATE TABLE ${schema}.counts (window_name text COLLATE "C" PRIMARY KEY, amount numeric NOT NULL, ends bigint NOT NULL, forgets bigint NOT NULL);
    CREATE INDEX counts_forgets ON ${schema}.counts (forgets);
    CREATE TABLE ${schema}.counted_of (one boolean PRIMARY KEY DEFAULT true CHECK (one), generation text NOT NULL, serial bigint NOT NULL);
    ALTER TABLE ${schema}.calls ADD COLUMN counted jsonb;
    CREATE FUNCTION ${schema}.count_parts(parts jsonb, sign integer) RETURNS void LANGUAGE sql AS $$
      INSERT INTO ${schema}.counts AS kept (window_name, amount, ends, forgets)
        SELECT part ->> 0, sign * sum((part ->> 1)::numeric), max((part ->> 2)::bigint), max((part ->> 3)::bigint)
        FROM jsonb_array_elements(parts) AS part GROUP BY part ->> 0 ORDER BY (part ->> 0) COLLATE "C"
        ON CONFLICT (window_name) DO UPDATE
          SET amount = kept.amount + excluded.amount, forgets = greatest(kept.forgets, excluded.forgets)
    $$;
    ${replaced(append(schema)).replace('END $$', () => `${countGroup(schema)} END $$`)}
    ${replaced(takingBack(schema))}
    CREATE FUNCTION ${schema}.delete_counts(before bigint, most integer) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM ${schema}.counts WHERE window_name IN (
        SELECT window_name FROM ${schema}.counts WHERE forgets < before ORDER BY forgets LIMIT most FOR UPDATE SKIP LOCKED
      );
      RETURN FOUND;
    END $$;
  `
}

function replaced(text: string): string {
  return text.replaceAll('CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION')
}

/** What the call of a row counts as, as a list that may be empty. */
const counted = (row: string): string =>
  `CASE WHEN jsonb_typeof(${row} -> ${countedPlace}) = 'array' THEN ${row} -> ${countedPlace} ELSE '[]' END`

/** Counts what the calls of a group count as. */
function countGroup(schema: string): string {
  return `
      PERFORM ${schema}.count_parts(jsonb_agg(part), 1)
        FROM jsonb_array_elements(rows) AS given (row) CROSS JOIN jsonb_array_elements(${counted('given.row')}) AS part
        HAVING count(*) > 0;
  `
}

/** As version 2 has it; what an interrupted call counts as is taken back with it. */
function takingBack(schema: string): string {
  const isSame = `time = its_time AND rtrim(request_id, '0123456789') = its_id`
  const append = `PERFORM ${schema}.append_calls(group_id, names, rows);`
  const once = appendOnce(schema)
  return once
    .slice(once.indexOf(`CREATE FUNCTION ${schema}.append_once`))
    .replace(
      'WITH gone AS (',
      () => `PERFORM ${schema}.count_parts(counted, -1) FROM ${schema}.calls WHERE ${isSame} AND counted IS NOT NULL; WITH gone AS (`,
    )
    .replace(
      append,
      () => `${append} UPDATE ${schema}.calls SET counted = ${counted('(rows -> 0)')} WHERE ${isSame} AND finish = 'interrupted';`,
    )
}
