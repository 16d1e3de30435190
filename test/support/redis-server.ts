import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { findProgram } from './programs.js'

/** A Redis for one test, on a port of 127.0.0.1, which writes to the disk only what `save` is asked for. */
export interface RedisServer {
  readonly port: number
  /** `redis://127.0.0.1:PORT`, with the password if there is one. */
  readonly url: string
  start(): Promise<void>
  /** Writes its data to the disk: each further `start` begins with this state. */
  save(): Promise<void>
  /** Removes all its data, as an operator does. */
  flush(): Promise<void>
  /** Kills it: its data is lost, but for what was saved. */
  stop(): Promise<void>
  /** Makes it hang: it keeps its connections and its port, and answers nothing. */
  pause(): void
  resume(): void
  /** Stops it for good. */
  close(): Promise<void>
}

/** Reserves a free port for a Redis, which runs once `start` resolves. */
export async function prepareRedis({ password }: { readonly password?: string } = {}): Promise<RedisServer> {
  const program = findProgram('redis-server')
  if (program === undefined) throw new Error('redis-server is not installed.')
  const folder = await mkdtemp(join(tmpdir(), 'postern-redis-'))
  const port = await freePort()
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: folder,
    save: '',
    appendonly: 'no',
    ...(password && { requirepass: password }),
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  let child: ChildProcess | undefined

  async function stop(): Promise<void> {
    if (child === undefined) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    child = undefined
  }

  const url = `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`
  async function send(command: string): Promise<void> {
    const client = await createClient({ url }).connect()
    await client.sendCommand([command])
    client.destroy()
  }

  return {
    port,
    url,
    save: () => send('SAVE'),
    flush: () => send('FLUSHALL'),
    async start() {
      child = spawn(program, args, { stdio: 'ignore' })
      while (!(await accepts(port))) {
        if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}.`)
        await sleep(20)
      }
    },
    stop,
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    async close() {
      await stop()
      await rm(folder, { recursive: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
