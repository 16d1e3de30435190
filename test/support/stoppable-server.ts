import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freePort } from './free-port.js'

/** A server of others in a process of its own, on a port of 127.0.0.1. */
export interface StoppableServer {
  readonly origin: string
  start(): Promise<void>
  /** Kills it: its port refuses connections. */
  stop(): Promise<void>
  /** Makes it hang: its port takes connections, and nothing is answered. */
  pause(): void
  resume(): void
}

/** @param answers The JSON that it answers with, by path. All other paths get `{}`. */
export async function prepareServer(answers: Readonly<Record<string, unknown>>): Promise<StoppableServer> {
  const port = await freePort()
  let child: ChildProcess | undefined
  return {
    origin: `http://127.0.0.1:${port}`,
    async start() {
      child = spawn(process.execPath, [join(import.meta.dirname, 'stoppable-server.mjs')], {
        env: { PORT: String(port), ANSWERS: JSON.stringify(answers) },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout as NodeJS.ReadableStream, 'data')
    },
    async stop() {
      if (child === undefined) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      child = undefined
    },
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
  }
}
