import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'

const command = join(import.meta.dirname, 'dist/main.js')

interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function fuzz(args: readonly string[]): Promise<Finished> {
  return new Promise((done) => {
    execFile(process.execPath, [command, ...args], { env: { PATH: process.env['PATH'] }, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr }),
    )
  })
}

/** What `--json` prints, as far as it is read here. */
interface Printed {
  readonly seed: number
  readonly targets: readonly {
    readonly name: string
    readonly inputs: number
    readonly findings: readonly {
      readonly fault: { readonly kind: string; readonly what: string; readonly detail?: string }
      readonly replay?: string
      readonly input?: string
    }[]
  }[]
}

const names = [
  'mount',
  'express',
  'backend-requests',
  'admin',
  'session-endpoint',
  'upgrades',
  'gateway-answers',
  'express-answers',
  'backend-answers',
  'credentials',
  'identity-answers',
  'key-sets',
  'hash-ring',
  'json',
  'names',
  'documents',
  'configurations',
  'session-claims',
  'session-grants',
  'client-streams',
]

/** Always the same, so that what fails is what was changed; `npm run fuzz` takes a new one each time. */
const seed = '1944060401'

describe('a short run of the fuzzer', () => {
  let finished: Finished
  let printed: Printed
  // A clean run takes some 15 s; one that finds something goes on to make it small.
  beforeAll(async () => {
    finished = await fuzz(['--short', '--json', '--seed', seed])
    printed = JSON.parse(finished.stdout || 'null') as Printed
    if (printed === null) throw new Error(`The fuzzer did not get to its end.\n${finished.stderr}`)
  }, 600_000)

  test('throws inputs at every target', () => {
    expect(printed.targets.map(({ name }) => name)).toEqual(names)
    expect(printed.targets.filter(({ inputs }) => inputs === 0)).toEqual([])
  })

  test.each(names)('finds nothing in %s', (name) => {
    const found = printed.targets.find((target) => target.name === name)?.findings ?? []
    const described = found.map(({ fault: { kind, what, detail = '' }, replay, input = '' }) => {
      const again = replay === undefined ? '' : ` --replay ${replay}`
      return `${kind}: ${what}\n${detail}\n${input}\nagain: npm run fuzz -- --seed ${printed.seed} --only ${name}${again}`
    })
    expect(described).toEqual([])
  })
})
