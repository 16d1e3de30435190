import { existsSync } from 'node:fs'

const places = {
  caddy: ['/usr/bin/caddy'],
  chromium: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  postgresql: [
    '/usr/local/bin/postgres',
    ...[18, 17, 16, 15, 14, 13].map((version) => `/usr/lib/postgresql/${version}/bin/postgres`),
    '/opt/homebrew/bin/postgres',
  ],
  prometheus: ['/usr/bin/promtool', '/usr/local/bin/promtool', '/opt/homebrew/bin/promtool'],
  nginx: ['/usr/sbin/nginx'],
  python3: ['/usr/bin/python3'],
  systemd: ['/usr/bin/systemd-analyze'],
  'redis-server': ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'],
} as const

/** The name of Debian's package. */
export type Program = keyof typeof places

/** Finds a program that a suite needs, of `prometheus` its `promtool`; `undefined` if it is not installed. `loud-skips.ts` then reports the suite. */
export function findProgram(name: Program): string | undefined {
  return places[name].find((path) => existsSync(path))
}

/** The programs that are not installed. */
export function missingPrograms(): readonly Program[] {
  return (Object.keys(places) as Program[]).filter((name) => findProgram(name) === undefined)
}
