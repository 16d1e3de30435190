import { write } from 'node:fs'

/** Writes lines to a file descriptor, in order, without blocking the event loop. */
export interface LineWriter {
  write(lines: string): void
  /** Resolves once every line so far is written, or lost. */
  flush(): Promise<void>
}

/** How many characters may wait for a slow reader; beyond that, lines are lost. */
const maxWaitingBytes = 16 * 1024 * 1024

/** Delay before the next write to a full pipe (`EAGAIN`), in milliseconds. */
const retryAfterMs = 50

/** @param lost Called when lines begin to be lost; called again only after a write has succeeded in between. */
export function createLineWriter(fd: number, lost: (reason: string) => void): LineWriter {
  let waiting = ''
  let writing = false
  let failing = false
  let idle: (() => void)[] = []

  const fail = (reason: string): void => {
    if (!failing) lost(reason)
    failing = true
  }

  const next = (): void => {
    if (waiting === '') {
      writing = false
      const told = idle
      idle = []
      for (const tell of told) tell()
      return
    }
    writing = true
    const bytes = Buffer.from(waiting)
    waiting = ''
    writeAll(bytes, 0)
  }

  const writeAll = (bytes: Buffer, from: number): void => {
    write(fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(writeAll, retryAfterMs, bytes, from)
        return
      }
      if (error === null && from + written < bytes.length) {
        writeAll(bytes, from + written)
        return
      }
      if (error === null) failing = false
      else fail(error.message)
      next()
    })
  }

  return {
    write(lines) {
      if (waiting.length + lines.length > maxWaitingBytes) fail('nobody reads them')
      else waiting += lines
      if (!writing) next()
    },
    flush: () => (writing ? new Promise((resolve) => idle.push(resolve)) : Promise.resolve()),
  }
}
