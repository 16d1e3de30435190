import type { EmulatedGateway } from '@postern/emulator'
import { type DoorName, doorNames } from '../support/house.js'
import { contracts } from './cases/index.js'
import type { ConformanceCase } from './conformance-case.js'
import { openSubject, type RealGateway } from './open-subject.js'

/** What became of one gateway's contract. */
export interface ContractResult {
  readonly gateway: EmulatedGateway
  /** Rows asked, each behind every door. */
  readonly cases: number
  readonly passed: number
  /** Rows that a real gateway cannot be asked. */
  readonly leftOut: number
  readonly failures: readonly Failure[]
}

export interface Failure {
  readonly name: string
  readonly door: DoorName
  readonly reason: string
}

/** Asks every row of a contract behind every door. A row passes where it holds behind all of them. */
export async function runContract(
  gateway: EmulatedGateway,
  real: RealGateway | undefined,
  asked: (name: string) => void,
): Promise<ContractResult> {
  const all = contracts[gateway]
  const cases = real === undefined ? all : all.filter(({ live }) => live === true)
  const failures: Failure[] = []
  for (const door of doorNames) {
    const opened = await openSubject({ gateway, door, ...(real === undefined ? {} : { real }) })
    try {
      for (const each of cases) {
        asked(`${gateway}, ${door} door`)
        const reason = await reasonOf(each, opened.subject)
        if (reason !== undefined) failures.push({ name: nameOf(each), door, reason })
      }
    } finally {
      await opened.close()
    }
  }
  const failed = new Set(failures.map(({ name }) => name)).size
  return { gateway, cases: cases.length, passed: cases.length - failed, leftOut: all.length - cases.length, failures }
}

export function nameOf({ table, row }: ConformanceCase): string {
  return `${table}: ${row}`
}

async function reasonOf({ run }: ConformanceCase, subject: Parameters<ConformanceCase['run']>[0]): Promise<string | undefined> {
  try {
    await run(subject)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
