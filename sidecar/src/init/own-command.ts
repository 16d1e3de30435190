import { basename, relative } from 'node:path'

/** How this command was called, for lines that a person copies into the same shell: `npx @postern/sidecar`, `postern` or `node …/postern.js`. */
export function ownCommand(script = process.argv[1] ?? 'postern', { npm_command: npmCommand }: NodeJS.ProcessEnv = process.env): string {
  if (npmCommand === 'exec') return 'npx @postern/sidecar'
  if (basename(script) === 'postern') return 'postern'
  const path = relative(process.cwd(), script)
  return `node ${quoteForShell(path.startsWith('..') ? script : path)}`
}

/** Writes a word for a shell: unchanged if it has safe characters only, else in single quotes. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
