import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from './programs.js'

/** The lines of Node beside the one that runs this, which users may have: maintained ones and the newest. */
const lines = ['22', '24', '26']

/** What each runs: all suites, or the folders that `POSTERN_SUITES` names. */
const suites = (process.env['POSTERN_SUITES'] ?? 'test').split(' ')

/** Runs suites by another Node; it is also the one that their commands are started with. */
function runBy(node: string): Promise<{ readonly code: number | null; readonly printed: string }> {
  const words = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...suites]
  const child = spawn(node, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (printed += piece.toString()))
  return new Promise((done) => child.on('close', (code) => done({ code, printed })))
}

describe.each(lines)('the suites by Node %s', (line) => {
  test('pass', { timeout: 3_600_000 }, async () => {
    const { code, printed } = await runBy(join(root, `.nodes/node_modules/node-${line}/bin/node`))
    expect(code, printed.slice(-20_000)).toBe(0)
  })
})
