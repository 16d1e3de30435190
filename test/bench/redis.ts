import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.js'

/** A Redis of the benchmark's own, which keeps nothing. */
export interface RunningRedis {
  readonly url: string
  readonly stop: () => Promise<void>
}

/** How long it may take until it answers, in milliseconds. */
const startLimit = 5000

export async function startRedis(folder: string): Promise<RunningRedis> {
  const port = await freePort()
  const settings = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'no']
  const child = spawn('/usr/bin/redis-server', settings, { stdio: 'ignore' })
  process.on('exit', () => child.kill('SIGKILL'))
  const deadline = performance.now() + startLimit
  while (!(await answers(port))) {
    if (performance.now() > deadline) throw new Error(`redis-server did not answer within ${startLimit / 1000} s`)
    await sleep(50)
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
