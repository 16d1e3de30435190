import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { importTenants } from '../support/import-tenants.js'
import { prepareTenants, startTenantGateway, startTenants } from '../support/many-tenants.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { timesOfChange } from '../support/time-of-change.js'

/** How many tenants there are. TENANTS=1000000 takes some minutes. */
const tenants = Number(process.env['TENANTS'] ?? 200_000)

let root: string
let gateway: Awaited<ReturnType<typeof startTenantGateway>>
let postgres: PostgresServer
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'postern-import-'))
  gateway = await startTenantGateway()
  postgres = await preparePostgres({ fsync: true })
  await postgres.start()
})
afterAll(async () => {
  await gateway.close()
  await postgres.close()
  rmSync(root, { recursive: true })
})

test(`${tenants} tenants are imported into PostgreSQL, and two processes start with them and follow each change`, {
  timeout: 3_600_000,
}, async () => {
  const store = { postgres: { env: 'PG' }, schema: 'postern_many' }
  const folder = prepareTenants(join(root, 'many'), gateway.url, store, { PG: postgres.url })
  const imported = await importTenants(folder, tenants)
  const serving = [await startTenants(folder), await startTenants(folder)]
  const changes = await timesOfChange(folder, serving, 1, 5)
  for (const each of serving) await each.close()
  const figures = {
    tenants,
    'import, s': imported.seconds.toFixed(1),
    'import, s of CPU': imported.cpuSeconds.toFixed(1),
    'import, most memory, MB': Math.round(imported.highestMb),
    'starts to the first answer, ms': serving.map(({ startMs }) => Math.round(startMs)),
    'starts to the first answer, ms of CPU': serving.map(({ startCpuMs }) => Math.round(startCpuMs)),
    'changes, ms': changes.map(Math.round),
  }
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
  expect(Math.max(...changes)).toBeLessThanOrEqual(1000)
})
