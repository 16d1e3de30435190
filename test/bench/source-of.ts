import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const linesOf = new Map<string, readonly string[]>()

/** Where a line of a bundle comes from: esbuild writes the path of each module above it. Of any other file, its own address. */
export function sourceOf(url: string, line: number): string {
  if (!url.startsWith('file:') || !url.includes('/bundle/')) return url
  const lines = readLines(fileURLToPath(url))
  for (let at = Math.min(line, lines.length - 1); at >= 0; at -= 1) {
    const path = /^\/\/ (\S+\.(?:[cm]?js|ts))$/.exec(lines[at] ?? '')?.[1]
    if (path !== undefined) return `/${path}`
  }
  return url
}

function readLines(file: string): readonly string[] {
  const known = linesOf.get(file)
  if (known !== undefined) return known
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  linesOf.set(file, lines)
  return lines
}
