import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueKey } from '@postern/emulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, type RunningPostern, startPostern } from '../support/run-postern.js'

const made = (): string => randomBytes(32).toString('base64url')
const [minter, unknown] = [made(), made()]
const env = { MASTER: made(), KEY: issueKey('joytoken').secret }

let cwd: string
let running: RunningPostern

/** Each command that asks the running process for something that needs a credential. */
const commands: readonly (readonly [role: string, args: readonly string[]])[] = [
  ['read', ['explain', '--team', 'acme']],
  ['config', ['reload']],
  ['keys', ['keys', 'unbind', '--team', 'acme']],
]

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-refused-commands-'))
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock', credentials: { minter: { hash: hash('sha256', minter), roles: ['sessions'] } } },
    audit: { file: './audit.jsonl' },
    store: { sqlite: './postern.db' },
    keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
    gateways: { main: { dialect: 'joytoken' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'MASTER' } } },
    limits: { rules: [{ name: 'all', per: 'month', requests: 10 }] },
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
  running = startPostern(['start', '--config', 'postern.json'], { cwd, env })
  await running.prints(/"msg":"listening"/)
})
afterAll(async () => {
  running.child.kill('SIGKILL')
  await running.finished
  rmSync(cwd, { recursive: true })
})

const run = (args: readonly string[], credential?: string): Promise<Finished> =>
  runInProcess([...args, '--config', 'postern.json'], {
    cwd,
    env: { ...env, ...(credential === undefined ? {} : { POSTERN_ADMIN_CREDENTIAL: credential }) },
  })

test.each(commands)(
  'a command that needs the role %s tells a person who has no credential for it which variable to set: %s',
  async (role, args) => {
    for (const credential of [undefined, unknown, minter]) {
      const { stdout, stderr } = await run(args, credential)
      const said = (stdout + stderr).replaceAll(/\s+/g, ' ')
      expect(said).toContain('POSTERN_ADMIN_CREDENTIAL, in the environment or in .env beside the configuration, holds a credential')
      expect(said).toContain(`with the role "${role}"`)
      expect(said).not.toMatch(/Bearer|header|Authorization/i)
      for (const secret of [unknown, minter]) expect(said).not.toContain(secret)
    }
  },
)
