/**
 * The search of answers for keys, alone and in a process of its own: takes how much is to be done as one JSON line on
 * stdin, and prints what it costs, in microseconds of CPU time by text and number of keys, as one.
 */

import { randomBytes } from 'node:crypto'
import { KeySearch } from '@postern/core'
import { answer, event } from './completion.js'
import type { LeakCosts, LeakJob, SearchedText } from './job.js'
import { readJob } from './read-job.js'

const mebibyte = 1024 * 1024

const texts: Readonly<Record<SearchedText, Buffer>> = {
  answer,
  event,
  prose: Buffer.alloc(mebibyte, answer),
  base64: Buffer.from(randomBytes((3 * mebibyte) / 4).toString('base64')),
}

function load(keys: number): KeySearch {
  const search = new KeySearch()
  for (let index = 0; index < keys; index += 1) search.add(`key-${index}`, `jt_${randomBytes(32).toString('base64url')}`)
  return search
}

/** CPU time of one search, in microseconds. */
function cost(search: KeySearch, text: Buffer, times: number): number {
  const before = process.cpuUsage()
  for (let time = 0; time < times; time += 1) if (search.find(text) !== undefined) throw new Error('a key was found where there is none')
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

function measure({ keys, rounds, bytes }: LeakJob): LeakCosts {
  const searches = keys.map((count) => ({ count, search: load(count) }))
  const costs: LeakCosts = {}
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, text] of Object.entries(texts) as [SearchedText, Buffer][]) {
      for (const { count, search } of searches) {
        const spent = cost(search, text, Math.ceil(bytes / text.length))
        // The first round only warms up.
        if (round > 0) ((costs[name] ??= {})[count] ??= []).push(spent)
      }
    }
  }
  return costs
}

const costs = measure(await readJob<LeakJob>())
process.stdout.write(`${JSON.stringify(costs)}\n`, () => process.exit())
