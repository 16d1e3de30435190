/**
 * Version 3 of the store: deletes some of what is over, and returns whether there may be more. Revocations stay for an hour and what can
 * be corrected for a day beyond their end.
 */
export function sweepFunction(schema: string): string {
  const step = (table: string, key: string, over: string, order: string): string => `
    DELETE FROM ${schema}.${table} WHERE ${key} IN (
      SELECT ${key} FROM ${schema}.${table} WHERE ${over} ORDER BY ${order} LIMIT most FOR UPDATE SKIP LOCKED
    );
    GET DIAGNOSTICS deleted = ROW_COUNT;
    has_more := has_more OR deleted = most;`
  return `
    CREATE FUNCTION ${schema}.sweep(most integer) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
      now CONSTANT bigint := ${schema}.now_ms();
      deleted integer; has_more boolean := false;
    BEGIN
      ${step('counted', 'key', 'until <= now', 'until')}
      ${step('revocations', 'seq', 'until <= now - 3600000', 'until')}
      ${step('reservations', 'id', 'is_booked AND lease <= now - 86400000', 'lease')}
      ${step('windows', 'id', 'forget <= now - 86400000 AND held = 0', 'forget')}
      RETURN has_more;
    END $$;
  `
}
