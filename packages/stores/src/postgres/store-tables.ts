import type { Tables } from './migrate.js'
import { storeTables } from './migrations/0001-store.js'
import { budgetFunctions } from './migrations/0002-budget-functions.js'
import { sweepFunction } from './migrations/0003-sweep.js'
import { lockTables } from './migrations/0004-locks.js'
import { keyRingTables } from './migrations/0005-key-ring.js'
import { remarkFunction } from './migrations/0006-remark.js'
import { notesOfCalls } from './migrations/0007-notes.js'
import { usesOfSecrets } from './migrations/0008-key-uses.js'

/** @param schema The schema's name between quotation marks. */
export function tablesOfStore(schema: string): Tables {
  return {
    part: 'store',
    schema,
    migrations: [
      storeTables(schema),
      budgetFunctions(schema),
      sweepFunction(schema),
      lockTables(schema),
      keyRingTables(schema),
      remarkFunction(schema),
      notesOfCalls(schema),
      usesOfSecrets(schema),
    ],
  }
}
