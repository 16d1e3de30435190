import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'

const nameInPackages = join('node_modules', '@postern', 'config', 'postern.schema.json')

/** The name of the copy of the schema beside a configuration. */
export const schemaCopy = 'postern.schema.json'

/** Where an editor finds the JSON schema of the configuration. */
export interface SchemaPlace {
  /** The path for the first line of the configuration, relative to its folder. */
  readonly path: string
  /** The file to copy beside the configuration, as `schemaCopy`. `undefined`: the schema is installed where `path` leads. */
  readonly copyFrom: string | undefined
}

/**
 * Finds the JSON schema for a configuration in a folder. Where `@postern/config` is installed in the folder or one above it, as npm
 * installs it with `@postern/sidecar`, the schema of that package is named, so that it changes with the version. Elsewhere (`npx`, a
 * global installation, this repository) the schema of this command is copied.
 */
export function findSchema(directory: string): SchemaPlace {
  for (let folder = directory; ; folder = dirname(folder)) {
    const file = join(folder, nameInPackages)
    if (existsSync(file)) return { path: relativePath(directory, file), copyFrom: undefined }
    if (dirname(folder) === folder) break
  }
  return { path: `./${schemaCopy}`, copyFrom: createRequire(import.meta.url).resolve('@postern/config/postern.schema.json') }
}

function relativePath(from: string, to: string): string {
  const path = relative(from, to).replaceAll('\\', '/')
  return path.startsWith('.') ? path : `./${path}`
}
