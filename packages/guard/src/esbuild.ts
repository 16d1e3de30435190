import { readFileSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { BuildResult, PartialMessage, Plugin } from 'esbuild'
import { createFinder } from './find-leaks.js'
import { inspectOutput, type OutputFile } from './inspect-output.js'
import type { GuardOptions } from './options.js'
import { advice, reportFindings } from './report.js'

export type { GuardOptions } from './options.js'

/**
 * Fails a build whose output would publish a key of an AI gateway or provider: one that has the form of a key,
 * or is in the environment of the build as `OPENAI_API_KEY` and its like. It looks at what the page will get,
 * after the minifier: code, assets and source maps; files that have one are removed again. Builds for
 * `platform: 'node'` are left alone.
 *
 * @example
 * ```ts
 * await build({ entryPoints: ['src/page.ts'], bundle: true, outdir: 'dist', plugins: [guard()] })
 * ```
 */
export function guard(options: GuardOptions = {}): Plugin {
  return {
    name: 'postern-guard',
    setup(build) {
      const { initialOptions } = build
      if (initialOptions.platform === 'node') return
      // Says which files there are, and what each was made of.
      initialOptions.metafile = true
      const root = resolve(initialOptions.absWorkingDir ?? process.cwd())
      build.onEnd((result) => {
        const finder = createFinder(options, process.env)
        const files = outputFiles(result, root)
        const findings = files.flatMap((file) => inspectOutput(file, finder))
        for (const output of new Set(findings.map(({ output }) => output))) rmSync(resolve(root, output), { force: true })
        const reported = reportFindings(findings, root, [])
        return {
          errors: reported.map(
            ({ file, line, text }): PartialMessage => ({
              text: `This build would publish ${text}.`,
              location: { file, line },
              notes: [{ text: advice }],
            }),
          ),
        }
      })
    },
  }
}

function outputFiles({ metafile, outputFiles }: BuildResult, root: string): OutputFile[] {
  return Object.entries(metafile?.outputs ?? {}).map(([name, { inputs }]) => {
    const path = resolve(root, name)
    // With `write: false` there is nothing but what was given back.
    const content = outputFiles?.find((file) => file.path === path)?.contents ?? readFileSync(path)
    return { name, content, sources: Object.keys(inputs).map((input) => resolve(root, input)) }
  })
}
