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
  const names: string[] = []
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    names.push((rawHeaders[index] as Buffer).toString('latin1'))
    values.push((rawHeaders[index + 1] as Buffer).toString('latin1'))
  }
  const header = (name: string): string | undefined => {
    for (let index = names.length - 1; index >= 0; index -= 1) {
      if ((names[index] as string).length === name.length && (names[index] as string).toLowerCase() === name) return values[index]
    }
    return undefined
  }
  const named = connectionNames(header('connection'))
  const passed: string[] = []
  const governanceNames: string[] = []
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] as string
    const value = values[index] as string
    if (isDropped(name) || named?.has(name.toLowerCase()) === true || secrets.some((secret) => value.includes(secret))) continue
    passed.push(name, value)
    if (governance.length > 0 && isGovernance(name.toLowerCase(), governance)) governanceNames.push(name)
  }
  return { status, header, passed, governanceNames }
}

function isGovernance(name: string, beginnings: readonly string[]): boolean {
  return beginnings.some((beginning) => name.startsWith(beginning))
}
