import { connectionNames } from './prepare-headers.js'
import { createAnswerFilter } from './header-fates.js'

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
  const raw = rawHeaders.map((bytes) => bytes.toString('latin1'))
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
    if (isDropped(name) || named?.has(name.toLowerCase()) === true || repeatsSecret(value, secrets)) continue
    passed.push(name, value)
    if (governance.length === 0 || !isGovernance(name.toLowerCase(), governance)) continue
    if (governanceNames === none) governanceNames = [name]
    else governanceNames.push(name)
  }
  return { status, header, passed, governanceNames }
}

const none: string[] = []

/** Whether a text holds one of the secrets. */
export function repeatsSecret(value: string, secrets: readonly string[]): boolean {
  for (const secret of secrets) if (value.includes(secret)) return true
  return false
}

function isGovernance(name: string, beginnings: readonly string[]): boolean {
  return beginnings.some((beginning) => name.startsWith(beginning))
}
