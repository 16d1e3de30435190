import { connectionNames } from '../lib/connection-names.js'
import { createAnswerFilter } from './header-fates.js'
import { holdsSecret } from './repeats-secret.js'

/** The head of a gateway's answer, read once. */
export interface AnswerHead {
  readonly status: number
  /** By lower-case name; the last of several. */
  readonly header: (name: string) => string | undefined
  /** What the client gets, name and value in turn. */
  readonly passed: string[]
  /** The passed names that hold governance data, as they came. */
  readonly governanceNames: readonly string[]
}

const isDropped = createAnswerFilter()

/** Reads raw header bytes as Latin-1, so that what passes is passed unchanged. */
export function readAnswerHead(
  status: number,
  rawHeaders: readonly Buffer[],
  governance: readonly string[],
  secrets: readonly string[],
): AnswerHead {
  const raw: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const value = (rawHeaders[index + 1] as Buffer).toString('latin1')
    // Gone before anything is read from it: a fact of the governance record could carry it out as well.
    if (!holdsSecret(value, secrets)) raw.push((rawHeaders[index] as Buffer).toString('latin1'), value)
  }
  const header = (name: string): string | undefined => {
    for (let index = raw.length - 2; index >= 0; index -= 2) {
      const candidate = raw[index] as string
      if (candidate.length === name.length && candidate.toLowerCase() === name) return raw[index + 1]
    }
    return undefined
  }
  const named = connectionNames(header('connection'))
  const passed: string[] = []
  let governanceNames: string[] = none
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    const value = raw[index + 1] as string
    if (isDropped(name) || named?.has(name.toLowerCase()) === true) continue
    passed.push(name, value)
    if (governance.length === 0 || !isGovernance(name.toLowerCase(), governance)) continue
    if (governanceNames === none) governanceNames = [name]
    else if (!governanceNames.includes(name)) governanceNames.push(name)
  }
  return { status, header, passed, governanceNames }
}

const none: string[] = []

function isGovernance(name: string, beginnings: readonly string[]): boolean {
  return beginnings.some((beginning) => name.startsWith(beginning))
}
