import { addToSums, sumColumns } from '../ledger/measures.js'

/**
 * Version 1 of the ledger: a row for each call, one for each attempt that was followed by another, and sums for each day. `who` has each
 * combination of names once, found by its digest, since names may be longer than an index takes. `groups` names what was written lately,
 * so that a group which is sent again is not written twice. The empty text stands for a name that is not there. Times are in milliseconds
 * since the epoch, days in days since the epoch, costs in billionths of the unit.
 */
export function ledgerTables(schema: string): string {
  return `
    CREATE TABLE ${schema}.groups (id uuid PRIMARY KEY, at bigint NOT NULL);
    CREATE INDEX groups_at ON ${schema}.groups (at);
    CREATE TABLE ${schema}.who (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, digest text COLLATE "C" NOT NULL UNIQUE, "user" text NOT NULL, team text NOT NULL,
      project text NOT NULL, key text NOT NULL, gateway text NOT NULL, model text NOT NULL, last_day integer NOT NULL
    );
    CREATE INDEX who_last_day ON ${schema}.who (last_day);
    CREATE SEQUENCE ${schema}.calls_id;
    CREATE TABLE ${schema}.calls (
      id bigint PRIMARY KEY, who bigint NOT NULL, time bigint NOT NULL, request_id text NOT NULL, attempt integer NOT NULL, workflow text,
      step text, parent_step text, method text NOT NULL, path text NOT NULL, status integer NOT NULL, code text, finish text NOT NULL,
      via text, caller text, provider text, tier text, input bigint, output bigint, cached bigint, reasoning bigint, cost bigint,
      unit text NOT NULL, booked text, estimated integer NOT NULL, duration_ms double precision NOT NULL, gateway_ms double precision, gateway_request_id text,
      trace_id text
    );
    CREATE INDEX calls_time ON ${schema}.calls (time);
    CREATE INDEX calls_workflow ON ${schema}.calls (workflow, time) WHERE workflow IS NOT NULL;
    CREATE TABLE ${schema}.attempts (call bigint NOT NULL, attempt integer NOT NULL, code text NOT NULL, PRIMARY KEY (call, attempt));
    CREATE TABLE ${schema}.sums (
      day integer NOT NULL, who bigint NOT NULL, unit text COLLATE "C" NOT NULL,
      ${sumColumns.map((column) => `${column} numeric NOT NULL`).join(', ')}, PRIMARY KEY (day, who, unit)
    );
    CREATE FUNCTION ${schema}.ledger_now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS $$
      SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
    $$;
    ${append(schema)}
    ${deleteOld(schema)}
  `
}

const columnTypes: readonly (readonly [name: string, type: string])[] = [
  ['time', 'bigint'],
  ['request_id', 'text'],
  ['attempt', 'integer'],
  ['workflow', 'text'],
  ['step', 'text'],
  ['parent_step', 'text'],
  ['method', 'text'],
  ['path', 'text'],
  ['status', 'integer'],
  ['code', 'text'],
  ['finish', 'text'],
  ['via', 'text'],
  ['caller', 'text'],
  ['provider', 'text'],
  ['tier', 'text'],
  ['input', 'bigint'],
  ['output', 'bigint'],
  ['cached', 'bigint'],
  ['reasoning', 'bigint'],
  ['cost', 'bigint'],
  ['unit', 'text'],
  ['booked', 'text'],
  ['estimated', 'integer'],
  ['duration_ms', 'double precision'],
  ['gateway_ms', 'double precision'],
  ['gateway_request_id', 'text'],
  ['trace_id', 'text'],
]

/**
 * Writes a group of calls, once. `names` has `[digest, user, team, project, key, gateway, model, last day]` of each combination; `rows` has
 * `[digest, values in the order of the columns, attempts]` of each call. Names and sums are locked in their order, so that no two writers
 * wait for each other.
 */
export function append(schema: string): string {
  const names = columnTypes.map(([name]) => name).join(', ')
  const values = columnTypes.map(([, type], index) => `(numbered.row ->> ${index + 1})::${type}`).join(', ')
  return `
    CREATE FUNCTION ${schema}.append_calls(group_id uuid, names jsonb, rows jsonb) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO ${schema}.groups VALUES (group_id, ${schema}.ledger_now_ms()) ON CONFLICT (id) DO NOTHING;
      IF NOT FOUND THEN RETURN; END IF;
      INSERT INTO ${schema}.who AS kept (digest, "user", team, project, key, gateway, model, last_day)
        SELECT each ->> 0, each ->> 1, each ->> 2, each ->> 3, each ->> 4, each ->> 5, each ->> 6, (each ->> 7)::integer
        FROM jsonb_array_elements(names) AS each ORDER BY (each ->> 0) COLLATE "C"
        ON CONFLICT (digest) DO UPDATE SET last_day = excluded.last_day WHERE kept.last_day < excluded.last_day;
      WITH numbered AS MATERIALIZED (
        SELECT nextval('${schema}.calls_id') AS id, given.row FROM jsonb_array_elements(rows) WITH ORDINALITY AS given (row, place)
        ORDER BY given.place
      ), stored AS (
        INSERT INTO ${schema}.calls (id, who, ${names})
          SELECT numbered.id, kept.id, ${values} FROM numbered JOIN ${schema}.who AS kept ON kept.digest = numbered.row ->> 0
          RETURNING *
      ), failed AS (
        INSERT INTO ${schema}.attempts (call, attempt, code)
          SELECT numbered.id, (earlier ->> 0)::integer, earlier ->> 1
          FROM numbered CROSS JOIN jsonb_array_elements(numbered.row -> ${columnTypes.length + 1}) AS earlier
          ON CONFLICT (call, attempt) DO NOTHING
      )
      ${addToSums(schema, 'stored')};
    END $$;`
}

/**
 * Deletes some of what is older than a day, in whole days, so that rows and sums of a day go together. What another process deletes is left
 * to it. Returns whether there may be more.
 */
function deleteOld(schema: string): string {
  return `
    CREATE FUNCTION ${schema}.delete_calls(first_day integer, most integer) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
      ids bigint[];
    BEGIN
      ids := ARRAY(
        SELECT id FROM ${schema}.calls WHERE time < first_day::bigint * 86400000 ORDER BY time LIMIT most FOR UPDATE SKIP LOCKED
      );
      IF cardinality(ids) > 0 THEN
        DELETE FROM ${schema}.attempts WHERE call = ANY (ids);
        DELETE FROM ${schema}.calls WHERE id = ANY (ids);
        RETURN true;
      END IF;
      DELETE FROM ${schema}.sums WHERE (day, who, unit) IN (
        SELECT day, who, unit FROM ${schema}.sums WHERE day < first_day LIMIT most FOR UPDATE SKIP LOCKED
      );
      IF FOUND THEN RETURN true; END IF;
      DELETE FROM ${schema}.who WHERE id IN (
        SELECT id FROM ${schema}.who WHERE last_day < first_day LIMIT most FOR UPDATE SKIP LOCKED
      );
      IF FOUND THEN RETURN true; END IF;
      DELETE FROM ${schema}.groups WHERE id IN (
        SELECT id FROM ${schema}.groups WHERE at < ${schema}.ledger_now_ms() - 86400000 ORDER BY at LIMIT most FOR UPDATE SKIP LOCKED
      );
      RETURN FOUND;
    END $$;`
}
