import type { Fault } from '../fault.js'
import type { OpenSubject, Stand, SubjectName } from '../stand/stand.js'

/** How long everything may take to be back to where it was, in milliseconds. */
const settlingMs = 6000

/** Connections that may be open beside those to the servers behind: none is a client's. */
const spareSockets = 2

/** How much more a process may hold after its caches are full, in bytes. */
const mostGrowth = 48 * 1024 * 1024

/** Looks how many connections and how much memory a process holds when nothing is under way. */
export function watchMemory(stand: Stand, name: SubjectName): { settle(): Promise<Fault[]> } {
  let watched: OpenSubject | undefined
  let baseline = 0
  let heaps: number[] = []

  const behind = (): number => stand.gateway.connections + stand.backend.connections + stand.identity.connections

  return {
    async settle() {
      const subject = await stand.subject(name)
      const isFresh = watched !== subject
      watched = subject
      if (isFresh) heaps = []
      const until = performance.now() + settlingMs
      for (;;) {
        const vitals = await subject.process.ask(true)
        if (vitals === undefined) return []
        const underWay = stand.gateway.underWay + stand.backend.underWay
        const spare = vitals.sockets - behind()
        if (isFresh && heaps.length === 0) baseline = Math.min(spare, pipes)
        if (underWay === 0 && spare <= baseline + spareSockets) {
          heaps.push(vitals.heapBytes)
          return grows(heaps)
            ? [
                {
                  kind: 'growth',
                  what: 'it holds more memory after every batch',
                  detail: heaps.map((bytes) => `${(bytes / 2 ** 20).toFixed(0)} MB`).join(', '),
                },
              ]
            : []
        }
        if (performance.now() > until) {
          if (underWay > 0)
            return [
              {
                kind: 'left open',
                what: 'requests are under way whose clients are gone',
                detail: `${stand.gateway.underWay} at the gateway, ${stand.backend.underWay} at the backend`,
              },
            ]
          return [{ kind: 'left open', what: 'connections of clients that are gone', detail: `${spare - baseline}` }]
        }
        await new Promise((done) => setTimeout(done, 50))
      }
    },
  }
}

/** Standard output, standard error and the channel of the process that watches. */
const pipes = 4

/** Whether each of the last looks saw more than the one before, and the last far more than the first of them. */
function grows(heaps: readonly number[]): boolean {
  const last = heaps.slice(-6)
  return (
    last.length === 6 &&
    last.every((heap, index) => index === 0 || heap > (last[index - 1] as number)) &&
    (last.at(-1) as number) - (last[0] as number) > mostGrowth
  )
}
