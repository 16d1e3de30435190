import { addToSums } from '../ledger/measures.js'
import { finishPlace, idPlace, timePlace } from '../../ledger/row-values.js'
import { append } from './0001-ledger.js'

/**
 * Version 2 of the ledger: interrupted calls count as failed, and a call that the ledger may have already is written once. Of two entries of
 * one call the one that is not interrupted stays, and else the first. Calls are found by the millisecond of their arrival, and among those by
 * their id without the number of the attempt.
 */
export function appendOnce(schema: string): string {
  const value = (place: number): string => `(rows -> 0 ->> ${place + 1})`
  const isSame = `time = its_time AND rtrim(request_id, '0123456789') = its_id`
  return `
    ${append(schema).replace('CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION')}
    CREATE FUNCTION ${schema}.append_once(group_id uuid, names jsonb, rows jsonb) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
      its_time CONSTANT bigint := ${value(timePlace)}::bigint;
      its_id CONSTANT text := rtrim(${value(idPlace)}, '0123456789');
      its_finish CONSTANT text := ${value(finishPlace)};
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended('postern call ${schema.replaceAll("'", "''")} ' || its_id, 0));
      IF EXISTS (
        SELECT FROM ${schema}.calls WHERE ${isSame} AND (its_finish = 'interrupted' OR finish <> 'interrupted')
      ) THEN RETURN; END IF;
      WITH gone AS (
        DELETE FROM ${schema}.calls WHERE ${isSame} RETURNING *
      ), attempts_gone AS (
        DELETE FROM ${schema}.attempts USING gone WHERE call = gone.id
      )
      ${addToSums(schema, 'gone', '-')};
      PERFORM ${schema}.append_calls(group_id, names, rows);
    END $$;
  `
}
