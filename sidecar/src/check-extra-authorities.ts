import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Problem, regularFile } from '@postern/config'
import { redactKeys } from '@postern/protocol'
import { fileStateNow } from './file-state.js'

const variable = 'NODE_EXTRA_CA_CERTS'

/** The largest file of certificates, in bytes; a system's whole store has some 200 kB. */
const maxBytes = 16 * 1024 * 1024

/** The file that `NODE_EXTRA_CA_CERTS` names, as this process found it when it started. */
export interface ExtraAuthorities {
  /** As the variable has it. */
  readonly written: string
  /** As an absolute path. */
  readonly file: string
  /** What it was; see `fileStateNow`. */
  readonly state: string
  /** Why it cannot be used, and what follows; `undefined` if it can. */
  readonly fault: string | undefined
}

/**
 * Judges the file of `NODE_EXTRA_CA_CERTS`; `undefined`: the variable is not set. Node reads the variable and its file once,
 * before any code of Postern runs, so a long-lived process calls this at its start and keeps the result.
 */
export function judgeExtraAuthorities(): ExtraAuthorities | undefined {
  const written = process.env[variable] ?? ''
  if (written === '') return undefined
  const file = resolve(written)
  return { written, file, state: fileStateNow(file), fault: faultOf(file) }
}

/**
 * Warns if the authorities of `NODE_EXTRA_CA_CERTS` are not trusted: Node passes over what it cannot use.
 *
 * @param atStart What was found when the process started.
 * @param dotenv The variables of the `.env` beside the configuration.
 * @param directory The folder of both.
 */
export function checkExtraAuthorities(
  atStart: ExtraAuthorities | undefined,
  dotenv: Readonly<Record<string, string>>,
  directory: string,
): readonly Problem[] {
  const inDotenv = dotenv[variable] ?? ''
  if (atStart === undefined) {
    if (inDotenv === '') return []
    return warn(
      'has no effect in .env, which is read after Node has started.',
      `Set it for the process itself, for example: ${variable}=${inDotenv} postern start`,
    )
  }
  const { written, file, state, fault } = atStart
  if (fileStateNow(file) !== state) {
    const before = fault === undefined ? '' : ' and could not use it'
    return warn(
      `names the file ${written}, which has changed since this process started: Node read it then${before}.`,
      'A new start is needed for what it holds now.',
    )
  }
  if (fault !== undefined) return warn(`names the file ${written}, which ${fault}`, 'Correct it, and start again.')
  if (inDotenv === '' || inDotenv === written || resolve(directory, inDotenv) === file) return []
  return warn(
    `is ${inDotenv} in .env, which has no effect: the process has it as ${written}.`,
    'Write the certificates into one file and set it for the process, or remove the line from .env.',
  )
}

function faultOf(file: string): string | undefined {
  try {
    if (regularFile(file).size > maxBytes) return `is too large for a file of certificates${noneTrusted}`
    return faultOfPem(readFileSync(file, 'latin1'))
  } catch (error) {
    return `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})${noneTrusted}`
  }
}

const noneTrusted = ', so its authorities are not trusted.'
const someTrusted = ', so only the authorities before it are trusted.'

/** Reads as Node does: block by block, up to the first that it cannot read; blocks of other kinds are passed over. */
function faultOfPem(text: string): string | undefined {
  let certificates = 0
  for (const [index, { label, body, isWhole }] of blocksOf(text).entries()) {
    const isCertificate = label === 'CERTIFICATE' || label === 'X509 CERTIFICATE'
    const fault = isWhole ? (isCertificate && !isReadable(body) ? 'is no certificate that can be read' : undefined) : 'is cut off'
    if (fault !== undefined) return `holds a block, number ${index + 1}, that ${fault}${certificates === 0 ? noneTrusted : someTrusted}`
    if (isCertificate) certificates += 1
  }
  return certificates === 0 ? `holds no certificate in PEM${noneTrusted}` : undefined
}

interface Block {
  /** `CERTIFICATE`. */
  readonly label: string
  readonly body: string
  /** Its end is there, before another block begins. */
  readonly isWhole: boolean
}

function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { readonly label: string; readonly lines: string[] } | undefined
  const close = (isWhole: boolean): void => {
    if (open !== undefined) blocks.push({ label: open.label, body: open.lines.join('\n'), isWhole })
    open = undefined
  }
  for (const line of text.split('\n')) {
    const [, mark, label = ''] = /^-----(BEGIN|END) (.*)-----\s*$/.exec(line) ?? []
    if (mark === 'BEGIN') {
      close(false)
      open = { label, lines: [] }
    } else if (mark === 'END') close(label === open?.label)
    else open?.lines.push(line.trim())
  }
  close(false)
  return blocks
}

function isReadable(body: string): boolean {
  try {
    return new X509Certificate(`-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`).raw.length > 0
  } catch {
    return false
  }
}

function warn(reason: string, fix: string): readonly Problem[] {
  return [{ path: variable, reason: redactKeys(reason), fix: redactKeys(fix), severity: 'warning' }]
}
