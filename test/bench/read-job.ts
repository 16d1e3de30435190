import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Reads the one line of stdin, which is too long for an argument where it has many credentials, and ends this process when the one that wrote it is gone. */
export async function readJob<Job>(): Promise<Job> {
  const lines = createInterface({ input: process.stdin })
  lines.on('close', () => process.exit())
  const [line] = (await once(lines, 'line')) as [string]
  return JSON.parse(line) as Job
}
