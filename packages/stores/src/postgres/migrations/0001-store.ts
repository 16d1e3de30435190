/**
 * Version 1 of the store: what was seen and counted, revocations, and budgets. Every time is in milliseconds since the epoch, by the
 * clock of the database. Amounts are whole numbers of any size. Of a window, `ends` is -1 where it has no end, and a count of which
 * nothing is held any more does not count from `forget` on.
 *
 * Keys, windows and reservations are compared byte by byte, so that every process locks them in one order.
 */
export function storeTables(schema: string): string {
  return `
    CREATE TABLE ${schema}.counted (key text COLLATE "C" PRIMARY KEY, count bigint NOT NULL, until bigint NOT NULL);
    CREATE INDEX counted_until ON ${schema}.counted (until);
    CREATE TABLE ${schema}.revocations (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('id', 'user', 'team')), name text NOT NULL,
      at double precision NOT NULL, until double precision NOT NULL
    );
    CREATE INDEX revocations_until ON ${schema}.revocations (until);
    CREATE TABLE ${schema}.windows (
      id text COLLATE "C" PRIMARY KEY, booked numeric NOT NULL, held numeric NOT NULL, ends bigint NOT NULL, forget bigint NOT NULL
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
    CREATE INDEX windows_forget ON ${schema}.windows (forget);
    CREATE TABLE ${schema}.reservations (
      id text COLLATE "C" PRIMARY KEY, lease bigint NOT NULL, is_booked boolean NOT NULL, windows text[] NOT NULL, amounts numeric[] NOT NULL
    );
    CREATE INDEX reservations_lease ON ${schema}.reservations (is_booked, lease);
    CREATE FUNCTION ${schema}.now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS $$
      SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
    $$;
  `
}
