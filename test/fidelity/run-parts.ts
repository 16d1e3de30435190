import { doorNames } from '../support/house.js'
import { compareRows, type RowResult } from './http/compare-rows.js'
import { rows } from './http/rows.js'
import { askedOfAll } from './methods/closed-methods.js'
import { compareMethods, type MethodResult } from './methods/compare-methods.js'
import type { Options } from './options.js'
import type { Progress } from './progress.js'
import { type CutResult, compareCuts, placesOf } from './streams/compare-cuts.js'
import { recordedStreams } from './streams/recorded.js'

export interface Results {
  readonly methods: readonly MethodResult[]
  readonly streams: readonly CutResult[]
  readonly http: readonly RowResult[]
}

/** In a short run each stream is cut at so many places. */
const shortCuts = 10

/** Runs the chosen parts, one after the other. */
export async function runParts({ parts, short, id }: Pick<Options, 'parts' | 'short' | 'id'>, progress: Progress): Promise<Results> {
  const step = (label: string): void => progress.step(label)
  const methods: MethodResult[] = []
  const streams: CutResult[] = []
  let http: readonly RowResult[] = []
  if (parts.includes('methods')) {
    const all = await askedOfAll()
    const asked = short ? sampleOf(all) : all
    progress.begin('methods', asked.length * doorNames.length)
    for (const door of doorNames) methods.push(...(await compareMethods(asked, door, id, step)))
  }
  if (parts.includes('streams')) {
    const most = short ? shortCuts : Infinity
    const cuts = recordedStreams.reduce((sum, stream) => sum + placesOf(stream, most).length, 0)
    progress.begin('streams', cuts * doorNames.length)
    for (const door of doorNames) streams.push(...(await compareCuts(door, most, step)))
  }
  if (parts.includes('http')) {
    progress.begin('http', rows.length)
    http = await compareRows(rows, step)
  }
  progress.clear()
  return { methods, streams, http }
}

/** Of each package the first method of each kind, verb and depth. */
function sampleOf(all: Awaited<ReturnType<typeof askedOfAll>>): typeof all {
  const taken = new Map<string, number>()
  return all.filter(({ method, verb, path }) => {
    const kind = [method.package, method.kind, method.upload, verb, path.split('/').length].join()
    const count = (taken.get(kind) ?? 0) + 1
    taken.set(kind, count)
    return count === 1
  })
}
