import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('the client adds at most 6.5 kB to a page’s bundle, and `npm run size` prints how much', async () => {
  const script = resolve(import.meta.dirname, '../../scripts/measure-client.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [script])
  const sizes = [...stdout.matchAll(/(\d+) bytes gzipped/g)].map(([, bytes]) => Number(bytes))
  expect(sizes).toHaveLength(2)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(6500)
})
