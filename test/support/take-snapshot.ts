import { closeSync, fstatSync, openSync, readdirSync, readSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { HeapSnapshot } from './heap-snapshot.js'
import type { RunningPostern } from './run-postern.js'

/** The option of Node with which a process takes snapshots for {@link takeSnapshot}. */
export const snapshotOptions = (folder: string): string => `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`

/** Has a process collect its garbage and write a heap snapshot into a folder, and reads that. */
export async function takeSnapshot({ child }: RunningPostern, folder: string): Promise<HeapSnapshot> {
  const files = (): readonly string[] => readdirSync(folder).filter((each) => each.endsWith('.heapsnapshot'))
  for (const name of files()) rmSync(join(folder, name))
  child.kill('SIGUSR2')
  let taken: HeapSnapshot | undefined
  await expect
    .poll(
      () => {
        const [name] = files()
        // The file ends with a bracket of its own once it is whole.
        if (name === undefined || !endOf(join(folder, name)).trimEnd().endsWith(']}')) return false
        taken = new HeapSnapshot(join(folder, name))
        return true
      },
      { timeout: 90_000, interval: 300 },
    )
    .toBe(true)
  return taken as HeapSnapshot
}

/** The last bytes of a file. */
export function endOf(file: string): string {
  const descriptor = openSync(file, 'r')
  const end = Buffer.alloc(8)
  const from = Math.max(0, fstatSync(descriptor).size - end.length)
  const read = readSync(descriptor, end, 0, end.length, from)
  closeSync(descriptor)
  return end.subarray(0, read).toString('latin1')
}
