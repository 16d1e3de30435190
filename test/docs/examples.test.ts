import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const execute = promisify(execFile)

test('examples/embedded-express prints a curl line that works, and ends at Ctrl-C', async () => {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../examples/embedded-express/server.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [first] = (await once(child.stdout, 'data')) as [Buffer]
  const { stdout } = await execute('sh', ['-c', first.toString()])
  expect(stdout).toContain('HTTP/1.1 200 OK')
  expect(stdout).toContain('"key":"acme"')
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([0, null])
})
