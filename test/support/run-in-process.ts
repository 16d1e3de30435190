import { vi } from 'vitest'
import { main } from '../../sidecar/src/main.js'
import type { Finished } from './run-postern.js'

/** Runs a command that ends by itself in this process: for many commands, starting a process for each takes long. */
export async function runInProcess(args: readonly string[]): Promise<Finished> {
  const said = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      said[stream] += String(text)
      return true
    }),
  )
  try {
    return { code: await main(args), ...said }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
