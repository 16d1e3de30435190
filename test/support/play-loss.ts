import { setTimeout as sleep } from 'node:timers/promises'
import type { LossyWorld, Told } from './lossy-world.js'

/** How a part is lost, and where that is told. */
export interface Loss {
  /** As `/readyz` and the console name it. */
  readonly part: string
  readonly metric: string
  /** The lines of the log that say that it is lost, and that it is back. */
  readonly lines: readonly [lost: string, back: string]
  readonly lose: (world: LossyWorld) => unknown
  readonly restore: (world: LossyWorld) => unknown
}

/** How long it took until everything said so, in milliseconds, and what was said then. */
export interface Played {
  readonly lostMs: number
  readonly lost: Told
  readonly backMs: number
  readonly back: Told
}

/** How often it is asked what is said, in milliseconds, and for how long at most. */
const everyMs = 200
const mostMs = 20_000

/**
 * Loses a part and waits until metric, log, `/readyz` and console say so; then restores it, and waits until they say that it is back.
 *
 * @throws {Error} by rejecting, if they do not say so within 20 seconds; the part is restored all the same.
 */
export async function playLoss(world: LossyWorld, { part, metric, lines: [lost, back], lose, restore }: Loss): Promise<Played> {
  const look = async (line: string, before: number, isSaid: (told: Told) => boolean): Promise<Told | undefined> => {
    const told = await world.tell(part, metric)
    return world.lines(line).length > before && isSaid(told) ? told : undefined
  }
  await until(async () => ((await world.tell(part, metric)).up === 1 ? true : undefined), `${part} is there before it is lost`)
  const known = { lost: world.lines(lost).length, back: world.lines(back).length }
  const lostAt = performance.now()
  let lostMs: number
  let toldLost: Told
  try {
    await lose(world)
    const isSaid = ({ up, impaired, console }: Told): boolean => up === 0 && impaired && console !== undefined
    toldLost = await until(() => look(lost, known.lost, isSaid), `${part}: ${lost}`)
    lostMs = performance.now() - lostAt
  } finally {
    await restore(world)
  }
  const restoredAt = performance.now()
  const isSaid = ({ up, impaired, console }: Told): boolean => up === 1 && !impaired && console === undefined
  const toldBack = await until(() => look(back, known.back, isSaid), `${part}: ${back}`)
  return { lostMs, lost: toldLost, backMs: performance.now() - restoredAt, back: toldBack }
}

async function until<Found>(look: () => Promise<Found | undefined>, what: string): Promise<Found> {
  const from = performance.now()
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() - from > mostMs) throw new Error(`Not told within ${mostMs} ms: ${what}`)
    await sleep(everyMs)
  }
}

/** What can be lost of a world with all kinds of callers: each server killed, and stopped. */
export const lossesOfServers: readonly (readonly [what: string, loss: Loss])[] = (
  [
    ['gateway', 'gateways', 'postern_gateway_up', ['gateway_unavailable', 'gateway_available_again']],
    ['backend', 'backend', 'postern_backend_up', ['the backend does not answer', 'the backend answers again']],
    ['issuer', 'issuers', 'postern_issuer_up', ['issuer_unavailable', 'issuer_available_again']],
    ['cookies', 'issuers', 'postern_issuer_up', ['issuer_unavailable', 'issuer_available_again']],
  ] as const
).flatMap(([server, part, metric, lines]) => [
  [
    `${server}, killed`,
    { part, metric, lines, lose: (world: LossyWorld) => world[server].stop(), restore: (world: LossyWorld) => world[server].start() },
  ],
  [
    `${server}, hanging`,
    { part, metric, lines, lose: (world: LossyWorld) => world[server].pause(), restore: (world: LossyWorld) => world[server].resume() },
  ],
])
