import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('the client adds at most 6.5 kB to a page’s bundle, and `npm run size` prints how much', async () => {
  const script = resolve(import.meta.dirname, '../../scripts/measure-client.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [script])
  const sizes = [...stdout.matchAll(/(\d+) bytes gzipped/g)].map(([, bytes]) => Number(bytes))
  expect(sizes).toHaveLength(4)
  const [client = 0, fetchAlone = 0, openai = 0, both = 0] = sizes
  expect(Math.max(client, fetchAlone)).toBeLessThanOrEqual(6500)
  expect(both - openai).toBeLessThanOrEqual(6500)
})
