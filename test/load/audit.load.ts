import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MasterKeys } from '@postern/instance'
import { Secret } from '@postern/ports'
import { expect, test } from 'vitest'
import { digestOf, formatLine } from '../../sidecar/src/audit/line.js'
import { runPostern } from '../support/run-postern.js'

const entries = 100_000
const master = 'the master key of the audit, long enough for it'

test(`an audit of ${entries} entries with marks is verified by the command`, { timeout: 300_000 }, async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'postern-audit-load-'))
  try {
    const keys = new MasterKeys([{ id: 'k1', secret: new Secret(master) }])
    const mark = { chain: 'c1', mark: (text: string) => keys.markLine(text) }
    const lines: string[] = []
    let before: string | null = null
    for (let index = 0; index < entries; index += 1) {
      const change = { who: 'ops', what: 'key_bound', result: 'done', alias: `tenant-${index}`, binding: `team=tenant-${index}` } as const
      const line = formatLine(change, before, mark)
      before = digestOf(line)
      lines.push(line)
    }
    writeFileSync(join(cwd, 'audit.jsonl'), `${lines.join('\n')}\n`)
    writeFileSync(
      join(cwd, 'postern.json'),
      JSON.stringify({
        version: 1,
        audit: { file: './audit.jsonl' },
        gateways: { main: { dialect: 'joytoken' } },
        keys: {},
        bindings: [],
        callers: { session: { secret: { env: 'SESSION' } } },
        store: { sqlite: './postern.db' },
        keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
      }),
    )
    const begun = performance.now()
    const { code, stdout } = await runPostern(['audit', 'verify', '--config', 'postern.json'], { cwd, env: { MASTER: master } })
    const seconds = (performance.now() - begun) / 1000
    process.stdout.write(`verified ${entries} entries in ${seconds.toFixed(2)} s, with the start of the command\n`)
    expect([code, stdout]).toEqual([0, expect.stringContaining(`${entries} lines have the mark of a master key.`)])
  } finally {
    rmSync(cwd, { recursive: true })
  }
})
