import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { RunningPostern } from './run-postern.js'

/** The variables of a process whose heap is to be measured. */
export const measurable = { NODE_OPTIONS: '--inspect=127.0.0.1:0' }

/** Asks the process's inspector. */
export interface LiveHeap {
  /** What is still in use after a collection of garbage, in megabytes. */
  measure(): Promise<number>
  close(): void
}

/** @param postern Started with {@link measurable} in its environment. */
export async function openLiveHeap({ stderr }: RunningPostern): Promise<LiveHeap> {
  const [, address = ''] = /Debugger listening on (ws:\S+)/.exec(stderr()) ?? []
  const socket = new WebSocket(address)
  await once(socket, 'open')
  let last = 0
  const ask = (method: string): Promise<Readonly<Record<string, number>>> => {
    const id = (last += 1)
    return new Promise((answered) => {
      const hear = (data: Buffer): void => {
        const answer = JSON.parse(data.toString()) as { readonly id?: number; readonly result?: Readonly<Record<string, number>> }
        if (answer.id !== id) return
        socket.off('message', hear)
        answered(answer.result ?? {})
      }
      socket.on('message', hear)
      socket.send(JSON.stringify({ id, method }))
    })
  }
  return {
    async measure() {
      await ask('HeapProfiler.collectGarbage')
      const { usedSize = Number.NaN } = await ask('Runtime.getHeapUsage')
      return usedSize / 1e6
    },
    close: () => socket.terminate(),
  }
}
