import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startNginx } from '../support/nginx.js'
import { deployFolder, startReplicas } from '../support/replicas.js'
import { startLoad } from '../support/steady-load.js'

const execute = promisify(execFile)

test('a rolling restart of two replicas behind nginx under 300 calls a second fails no call and cuts no stream', {
  timeout: 240_000,
}, async () => {
  const replicas = await startReplicas(100)
  const nginx = await startNginx(replicas.folder, replicas.ports)
  const url = `http://127.0.0.1:${nginx.plainPort}/ai/v1`
  const from = performance.now()
  const load = startLoad({ url, credential: replicas.credential, perSecond: { onNewConnections: 262, byOpenai: 30, streams: 8 } })
  await expect.poll(() => load.told().ended, { timeout: 60_000 }).toBeGreaterThan(600)
  const env = { PATH: process.env['PATH'], ...replicas.rolling, ...nginx.rolling }
  await execute(join(deployFolder, 'rolling-restart.sh'), replicas.ports.map(String), { env })
  const before = load.told().ended
  await expect.poll(() => load.told().ended, { timeout: 60_000 }).toBeGreaterThan(before + 600)
  const seconds = (performance.now() - from) / 1000
  const told = await load.stop()
  await nginx.close()
  await replicas.close()
  console.info('a rolling restart behind nginx:', { ...told, seconds })
  expect(replicas.ended.map(({ code }) => code)).toEqual([0, 0])
  expect(told.failures).toEqual([])
  expect(told.begun / seconds).toBeGreaterThan(280)
})
