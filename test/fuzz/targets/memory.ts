import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from '../fault.js'
import type { OpenSubject, Stand, SubjectName } from '../stand/stand.js'

/** How long everything may take to be back to where it was, in milliseconds. */
const settlingMs = 6000

/** How much more a process may hold after its caches are full, in bytes. */
const mostGrowth = 48 * 1024 * 1024

/** Connections that were told of, so that they are not told of again. */
const stuck = new WeakMap<OpenSubject, number>()

/** Looks how many connections and how much memory a process holds when nothing is under way. */
export function watchMemory(stand: Stand, name: SubjectName): { settle(): Promise<Fault[]> } {
  let watched: OpenSubject | undefined
  let heaps: number[] = []

  return {
    async settle() {
      const subject = await stand.subject(name)
      if (watched !== subject) heaps = []
      watched = subject
      const until = performance.now() + settlingMs
      for (;;) {
        const vitals = await subject.process.ask(true)
        if (vitals === undefined) return []
        const [atGateway, atBackend] = [stand.gateway.underWay, stand.backend.underWay]
        const clients = vitals.clients - (stuck.get(subject) ?? 0)
        // Who answers whole and says nothing more takes its request for one that is under way; Postern has the connection in its pool again.
        if ((atGateway + atBackend === 0 || vitals.inUse === 0) && clients <= 0) {
          heaps.push(vitals.heapBytes)
          return grows(heaps)
            ? [{ kind: 'growth', what: 'it holds more memory after every batch', detail: heaps.map(megabytes).join(', ') }]
            : []
        }
        if (performance.now() < until) await sleep(50)
        else if (clients > 0) {
          stuck.set(subject, vitals.clients)
          return [{ kind: 'left open', what: 'connections of clients that are gone', detail: String(clients) }]
        } else {
          const what = [stand.gateway, stand.backend].map((upstream) => upstream.describeUnderWay()).filter((each) => each !== '')
          stand.gateway.cut()
          stand.backend.cut()
          return [
            {
              kind: 'left open',
              what: 'requests are under way whose clients are gone',
              detail: `${atGateway} at the gateway, ${atBackend} at the backend: ${what.join(' | ')}`,
            },
          ]
        }
      }
    },
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MB`
}

/** Whether each of the last looks saw more than the one before, and the last far more than the first of them. */
function grows(heaps: readonly number[]): boolean {
  const last = heaps.slice(-6)
  return (
    last.length === 6 &&
    last.every((heap, index) => index === 0 || heap > (last[index - 1] as number)) &&
    (last.at(-1) as number) - (last[0] as number) > mostGrowth
  )
}
