import { existsSync } from 'node:fs'

const places = {
  chromium: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  'redis-server': ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'],
} as const

/** Named as Debian's package of it is. */
export type Program = keyof typeof places

/** A program that a suite needs and that may not be installed; see `loud-skips.ts` for what happens then. */
export function findProgram(name: Program): string | undefined {
  return places[name].find((path) => existsSync(path))
}

/** The programs that are not installed. */
export function missingPrograms(): readonly Program[] {
  return (Object.keys(places) as Program[]).filter((name) => findProgram(name) === undefined)
}
