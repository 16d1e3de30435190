import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { Plugin, ResolvedConfig, Rollup } from 'vite'
import { createFinder, type Finder } from './find-leaks.js'
import { type Finding, inspectOutput, type OutputFile } from './inspect-output.js'
import type { GuardOptions } from './options.js'
import { describeReport, reportFindings } from './report.js'

export type { GuardOptions } from './options.js'

/**
 * Fails a build whose output would publish a key of an AI gateway or provider: a text that has the form of a key, or
 * the value of a variable such as `OPENAI_API_KEY` in the environment of the build. It checks what the page will get,
 * after the minifier: chunks, assets, source maps and the public folder. Server builds are not checked.
 *
 * @example
 * ```ts
 * export default defineConfig({ plugins: [react(), guard()] })
 * ```
 */
export function guard(options: GuardOptions = {}): Plugin {
  let config: ResolvedConfig
  let finder: Finder
  let envFiles: readonly string[] = []
  /** Findings by module id, kept over builds: in watch mode, Vite transforms only modules that changed. */
  const asked = new Map<string, readonly Finding[]>()

  return {
    name: 'postern-guard',
    apply: 'build',
    applyToEnvironment: (environment) => environment.config.consumer === 'client',
    configResolved(resolved) {
      config = resolved
      envFiles = resolved.envDir === false ? [] : envFilesOf(resolved.envDir, resolved.mode)
      finder = createFinder(options, { ...process.env, ...Object.assign({}, ...envFiles.map(readEnv)) })
    },
    transform(code, id) {
      const file = fileOf(id)
      // A package may read a key variable for use on a server; the page's own code has no reason to.
      if (file.includes('/node_modules/')) return
      const leaks = finder.inSource(code)
      asked.set(
        id,
        leaks.map((leak) => ({ ...leak, output: file, sources: [file] })),
      )
    },
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const files = [...Object.values(bundle).flatMap((output) => outputFiles(output, config.root)), ...publicFiles(config)]
        const modules = [...this.getModuleIds()]
        // `asked` may hold modules that only an earlier build had.
        const findings = [...modules.flatMap((id) => asked.get(id) ?? []), ...files.flatMap((file) => inspectOutput(file, finder))]
        if (findings.length === 0) return
        const further = modules.map(fileOf).concat(envFiles, config.configFile ?? [], join(config.root, 'index.html'))
        this.error(describeReport(reportFindings(findings, config.root, further)))
      },
    },
  }
}

function outputFiles(output: Rollup.OutputChunk | Rollup.OutputAsset, root: string): OutputFile[] {
  if (output.type === 'asset')
    return [{ name: output.fileName, content: output.source, sources: output.originalFileNames.map((name) => resolve(root, name)) }]
  const code = { name: output.fileName, content: output.code, sources: output.moduleIds.map(fileOf) }
  return output.map === null ? [code] : [code, { name: `${output.fileName}.map`, content: JSON.stringify(output.map), sources: [] }]
}

/** The files of `publicDir`, which Vite copies beside the bundle unchanged. */
function publicFiles({ root, publicDir, build }: ResolvedConfig): OutputFile[] {
  if (publicDir === '' || !build.copyPublicDir || statSync(publicDir, { throwIfNoEntry: false }) === undefined) return []
  return list(publicDir, resolve(root, build.outDir), new Set()).map((file) => ({
    name: relative(publicDir, file),
    content: readFileSync(file),
    sources: [file],
  }))
}

/**
 * The files that Vite copies from a folder: it follows links, and leaves out the folder that it copies to.
 *
 * @param searched The folders that are searched already: links can lead in a circle.
 */
function list(folder: string, outDir: string, searched: Set<string>): string[] {
  const real = realpathSync(folder)
  if (searched.has(real)) return []
  searched.add(real)
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    const stats = path === outDir ? undefined : statSync(path, { throwIfNoEntry: false })
    if (stats?.isDirectory() === true) return list(path, outDir, searched)
    return stats?.isFile() === true ? [path] : []
  })
}

/**
 * The `.env` files of Vite. All their variables count, also those that Vite keeps from the page: a configuration can
 * put them there.
 */
function envFilesOf(folder: string, mode: string): string[] {
  return ['.env', '.env.local', `.env.${mode}`, `.env.${mode}.local`].map((name) => join(folder, name))
}

function readEnv(file: string): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}

/** A module's id without the parts that plugins add. */
function fileOf(id: string): string {
  return id.replace(/^\0+/, '').replace(/[?#].*$/, '')
}
