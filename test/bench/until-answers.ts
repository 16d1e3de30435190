import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.js'

/** How long a proxy may take until it answers, in milliseconds: Postern with 100,000 keys in YAML, on a busy machine. */
const startLimit = 300_000

/** Waits until anything at all answers. @throws {Error} if the process ends before. */
export async function untilAnswers(child: Child, port: number): Promise<void> {
  const deadline = performance.now() + startLimit
  while (!(await answers(port))) {
    if (child.hasEnded) throw new Error(child.complaint('ended before it answered'))
    if (performance.now() > deadline) throw new Error(child.complaint(`did not answer within ${startLimit / 1000} s`))
    await sleep(10)
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/', agent: false }, (res) => {
      res.resume()
      resolve(true)
    }).on('error', () => resolve(false))
  })
}
