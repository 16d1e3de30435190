import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const printedAddress = 'http://127.0.0.1:8787'

/** The examples of a page of the documents, to be run as they are printed. */
export interface PageExamples {
  /** Those that are marked as such, in order. */
  readonly names: readonly string[]
  /** Where they are written. */
  readonly folder: string
  /** Puts a file beside the examples. */
  write(file: string, code: string): void
  example(name: string): string
  /** Runs one against a Postern, and gives what it prints. */
  run(name: string, options?: RunOptions): Promise<string>
  remove(): void
}

export interface RunOptions {
  /** In place of the address that is printed. */
  readonly origin?: string
  readonly env?: Readonly<Record<string, string>>
  /** Adds what an example leaves to its reader. */
  readonly around?: (code: string) => string
}

const marked = /<!-- example: (\S+) -->\n```js\n([\s\S]*?)\n```/g

/**
 * @param page Relative to the root.
 * @param folder Of the test; inside the repository, so that the packages which the examples import are found.
 */
export function openPage(page: string, folder: string): PageExamples {
  const text = readFileSync(resolve(import.meta.dirname, '../..', page), 'utf8')
  const examples = new Map([...text.matchAll(marked)].map(([, name, code]) => [name as string, code as string]))
  const directory = join(folder, `.examples-${process.pid}`)
  mkdirSync(directory, { recursive: true })

  const write = (file: string, code: string): void => writeFileSync(join(directory, file), code)
  const example = (name: string): string => {
    const code = examples.get(name)
    if (code === undefined) throw new Error(`${page} has no example "${name}".`)
    return code
  }
  return {
    names: [...examples.keys()],
    folder: directory,
    write,
    example,
    async run(name, { origin = printedAddress, env = {}, around = (code: string) => code } = {}) {
      write(`${name}.mjs`, around(example(name)).replaceAll(printedAddress, origin))
      const options = { cwd: directory, env: { PATH: process.env['PATH'], ...env }, timeout: 15_000 }
      return (await execute(process.execPath, [join(directory, `${name}.mjs`)], options)).stdout.trim()
    },
    remove: () => rmSync(directory, { recursive: true }),
  }
}
