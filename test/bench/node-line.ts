import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A line of Node that the subjects run under. */
export interface NodeLine {
  /** The number of the line: 24. */
  readonly major: number
  /** The whole version: `v24.21.0`. */
  readonly version: string
  /** The program. */
  readonly command: string
}

/** Where `npm run bench -- --node 24` installs the lines that the machine has not. */
const installed = fileURLToPath(new URL('../../../.nodes/node_modules/', import.meta.url))

/** The line that runs the benchmark itself. The upstream and the load generator always run under it. */
export const ownLine: NodeLine = {
  major: majorOf(process.version),
  version: process.version,
  command: process.execPath,
}

/**
 * Finds a line of Node by its number: the one that runs the benchmark, or one that is installed for it.
 *
 * @throws {TypeError} if that line is not installed.
 */
export function findNodeLine(name: string): NodeLine {
  if (name === String(ownLine.major)) return ownLine
  const command = `${installed}node-${name}/bin/node`
  if (!/^\d+$/.test(name) || !existsSync(command))
    throw new TypeError(`--node: there is no Node ${name} here; test/nodes/package.json lists the lines that are installed`)
  const version = execFileSync(command, ['--version'], { encoding: 'utf8' }).trim()
  return { major: majorOf(version), version, command }
}

function majorOf(version: string): number {
  return Number(/^v(\d+)\./.exec(version)?.[1])
}
