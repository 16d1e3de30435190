import { hash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, issueKey, startEmulator } from '@postern/emulator'
import { parse } from 'yaml'
import { freePort } from './free-port.js'
import { listenAnywhere } from './house.js'
import { prepareRedis } from './redis-server.js'
import { bin, type RunningPostern, startPostern } from './run-postern.js'
import { createSampleBackend } from './sample-backend.js'

/** Two processes of the configuration in `deploy/postern.yaml`, on one Redis, in front of an emulated gateway and a backend. */
export interface Replicas {
  /** The folder of their files; the admin socket of each is `PORT.sock` in it. */
  readonly folder: string
  readonly ports: readonly [number, number]
  readonly credential: string
  readonly emulator: Emulator
  /** What each has been asked to stop has left: exit codes, and what stood on stderr. */
  readonly ended: readonly { readonly code: number | null; readonly stderr: string }[]
  /** The variables with which `deploy/rolling-restart.sh` restarts these processes. */
  readonly rolling: Readonly<Record<string, string>>
  close(): Promise<void>
}

export const deployFolder = join(import.meta.dirname, '../../deploy')

/** @param eventDelayMs Pause between the events of the gateway's streams, in milliseconds. */
export async function startReplicas(eventDelayMs: number): Promise<Replicas> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-replicas-'))
  const key = issueKey('joytoken')
  const credential = `pst_${hash('sha256', folder)}`
  const emulator = await startEmulator('joytoken', { keys: [key], eventDelayMs })
  const backend = createSampleBackend()
  const backendOrigin = await listenAnywhere(backend)
  const redis = await prepareRedis()
  await redis.start()
  writeFileSync(join(folder, 'gateway-key'), key.secret)
  writeFileSync(join(folder, 'callers'), `app:${hash('sha256', credential)}`)
  const written = parse(readFileSync(join(deployFolder, 'postern.yaml'), 'utf8')) as Record<string, object>
  const { health: _, ...shared } = written
  const ports = [await freePort(), await freePort()] as const
  const running = new Map<number, RunningPostern>()
  const ended: { readonly code: number | null; readonly stderr: string }[] = []

  async function start(port: number): Promise<void> {
    const file = join(folder, `${port}.json`)
    const config = {
      ...shared,
      listen: { ...shared['listen'], host: '127.0.0.1', port },
      admin: { socket: join(folder, `${port}.sock`) },
      backend: { url: backendOrigin },
      gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
      keys: { main: { gateway: 'main', secret: { file: join(folder, 'gateway-key') } } },
      callers: { service: { ...(shared['callers'] as { service: object }).service, hashes: { file: join(folder, 'callers') } } },
    }
    writeFileSync(file, JSON.stringify(config))
    const started = startPostern(['start', '--config', file], { cwd: folder, env: { REDIS_URL: redis.url } })
    running.set(port, started)
    await started.prints(/"msg":"listening"/)
  }

  async function stop(port: number): Promise<void> {
    const { child, finished } = running.get(port) as RunningPostern
    child.kill('SIGTERM')
    const { code, stderr } = await finished
    ended.push({ code, stderr })
  }

  // In the place of systemd: POST /restart/postern@PORT ends that process, as `systemctl restart` does, and starts it again.
  const supervisor = createServer((request, response) => {
    const port = Number(/postern@(\d+)$/.exec(request.url ?? '')?.[1])
    stop(port)
      .then(() => start(port))
      .then(
        () => response.end(),
        (error: unknown) => response.writeHead(500).end(String(error)),
      )
  })
  const supervisorOrigin = await listenAnywhere(supervisor)
  const restart = join(folder, 'restart.sh')
  writeFileSync(restart, `#!/bin/sh\nexec curl -sf -X POST "${supervisorOrigin}/restart/$1"\n`, { mode: 0o700 })
  await Promise.all(ports.map(start))

  return {
    folder,
    ports,
    credential,
    emulator,
    ended,
    rolling: { RESTART: restart, POSTERN: `${process.execPath} ${bin}`, SOCKETS: folder },
    async close() {
      for (const { child, finished } of running.values()) {
        child.kill('SIGKILL')
        await finished
      }
      supervisor.closeAllConnections()
      supervisor.close()
      backend.closeAllConnections()
      backend.close()
      await Promise.all([emulator.close(), redis.close()])
      rmSync(folder, { recursive: true })
    },
  }
}
