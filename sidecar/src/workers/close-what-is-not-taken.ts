import type { ChildProcess } from 'node:child_process'

/** A connection as `node:cluster` has it. */
interface Handle {
  close(): void
}

/** What `node:cluster` says to a worker: that a connection comes with it, as its message of this number. */
interface Said {
  readonly cmd?: unknown
  readonly act?: unknown
  readonly seq?: unknown
  /** The number of the message that is answered. */
  readonly ack?: unknown
}

/**
 * Closes, when a worker ends, the connection that was given to it and that it never took. `node:cluster` keeps each open here until the
 * worker has answered (`internal/cluster/round_robin_handle.js`, Node 20 to 26), so that its client would wait for ever.
 */
export function closeWhatIsNotTaken(worker: ChildProcess): void {
  const given = new Map<unknown, Handle>()
  const send = worker.send.bind(worker) as (...of: readonly unknown[]) => boolean
  const sendAndKeep = (...of: readonly unknown[]): boolean => {
    const [said, handle] = of as readonly [Said | null, Handle | undefined]
    if (said?.cmd === 'NODE_CLUSTER' && said.act === 'newconn' && handle !== undefined) given.set(said.seq, handle)
    return send(...of)
  }
  worker.send = sendAndKeep
  worker.on('internalMessage', ({ cmd, ack }: Said) => {
    if (cmd === 'NODE_CLUSTER') given.delete(ack)
  })
  worker.once('exit', () => {
    for (const handle of given.values()) handle.close()
    given.clear()
  })
}
