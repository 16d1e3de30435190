import type { Readable } from 'node:stream'

/** Calls `told` for each line that somebody enters, until `end` is called. It keeps no process alive. */
export function eachLine(input: Readable & { unref?: () => void }, told: () => void): { end(): void } {
  const take = (piece: Buffer | string): void => {
    if (piece.includes('\n')) told()
  }
  input.on('data', take)
  // A closed or broken input says nothing, and ends nothing.
  input.on('error', () => {})
  input.unref?.()
  return {
    end() {
      input.off('data', take)
      input.pause()
    },
  }
}
