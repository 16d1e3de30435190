import { existsSync } from 'node:fs'

const places = { chromium: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'] } as const

/** A program that a suite needs and that may not be installed; see `loud-skips.ts` for what happens then. */
export function findProgram(name: keyof typeof places): string | undefined {
  return places[name].find((path) => existsSync(path))
}
