import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { AskedSchedule, PlayedSchedule } from './bill-lane.js'
import type { BillPlaces } from './bill-stores.js'

/** How long a schedule may take on a busy machine, in milliseconds. */
const mostMs = 180_000

/** How many processes play, and where. */
export interface BillsOptions extends BillPlaces {
  readonly lanes: number
}

/**
 * Plays schedules in several processes at once.
 *
 * @param schedules The processes take them in this order.
 * @param tell Is told of each schedule that is over, in the order in which they end.
 */
export async function playBills(
  schedules: Iterable<AskedSchedule>,
  tell: (played: PlayedSchedule) => void,
  { lanes, ...places }: BillsOptions,
): Promise<void> {
  // Beside the packages, which it does not contain.
  const folder = fileURLToPath(new URL(`dist/bill-${process.pid}/`, import.meta.url))
  mkdirSync(folder, { recursive: true })
  const program = `${folder}bill-lane.mjs`
  await build({
    entryPoints: [fileURLToPath(new URL('bill-lane.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  })
  const waiting = schedules[Symbol.iterator]()
  try {
    await Promise.all(Array.from({ length: lanes }, () => playInOrder(program, places, waiting, tell)))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function playInOrder(
  program: string,
  places: BillPlaces,
  waiting: Iterator<AskedSchedule>,
  tell: (played: PlayedSchedule) => void,
): Promise<void> {
  let lane = fork(program, [JSON.stringify(places)], { execArgv: [] })
  for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
    const played = await playOne(lane, next.value)
    tell(played)
    // What a schedule that failed has left open is not to disturb the next.
    if (!('failure' in played)) continue
    lane.kill('SIGKILL')
    lane = fork(program, [JSON.stringify(places)], { execArgv: [] })
  }
  const ended = once(lane, 'exit')
  lane.disconnect()
  await ended
}

async function playOne(lane: ChildProcess, asked: AskedSchedule): Promise<PlayedSchedule> {
  const late = setTimeout(() => lane.kill('SIGKILL'), mostMs)
  try {
    return await new Promise((done) => {
      lane.once('message', (played: PlayedSchedule) => done(played))
      lane.once('exit', (code, signal) =>
        done({ ...asked, failure: `Its process ended with ${signal ?? code} (${mostMs} ms are allowed).` }),
      )
      lane.send(asked)
    })
  } finally {
    clearTimeout(late)
    lane.removeAllListeners('exit')
  }
}
