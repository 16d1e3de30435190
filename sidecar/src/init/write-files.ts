import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../failure.js'
import { writePrivately } from '../write-privately.js'
import { configurationText } from './configuration-text.js'
import { dotenvText, lostVariables } from './dotenv-text.js'
import type { InitChoices } from './init-choices.js'
import type { InitSecrets } from './make-secrets.js'
import { findSchema, schemaCopy } from './schema-file.js'

/** The name of a new configuration. */
export const configurationName = 'postern.yaml'

/**
 * Writes a new configuration, the variables that it refers to, and the JSON schema where none is installed there.
 *
 * @param overwrite Whether files, and variables of `.env`, that are there already are replaced. Other variables of `.env` stay.
 * @returns The files that were written.
 * @throws {Failure} if a file or variable is there already and must not be replaced. Then nothing is written.
 */
export function writeFiles(directory: string, choices: InitChoices, secrets: InitSecrets, overwrite: boolean): readonly string[] {
  const schema = findSchema(directory)
  const [config, dotenv, copy] = [configurationName, '.env', schemaCopy].map((name) => join(directory, name)) as [string, string, string]
  const schemaText = schema.copyFrom === undefined ? undefined : readFileSync(schema.copyFrom, 'utf8')
  const variables = existsSync(dotenv) ? readFileSync(dotenv, 'utf8') : ''
  if (!overwrite) {
    const taken = [
      ...(existsSync(config) ? [`${config} is there already`] : []),
      ...(schemaText !== undefined && existsSync(copy) && readFileSync(copy, 'utf8') !== schemaText ? [`${copy} is there already`] : []),
      ...lostVariables(variables, secrets).map((name) => `${name} stands in ${dotenv} already`),
    ]
    if (taken.length > 0) throw new Failure(`Nothing is written: ${taken.join('; ')}.\nChoose another --dir, or replace them with --force.`)
  }
  const changedVariables = dotenvText(variables, secrets)
  mkdirSync(directory, { recursive: true })
  writePrivately(dotenv, changedVariables)
  if (schemaText !== undefined) writeFileSync(copy, schemaText)
  // Last, so that there is never a configuration without its variables; and only if no file was made meanwhile.
  writeFileSync(config, configurationText(choices, schema.path), { flag: overwrite ? 'w' : 'wx' })
  return [config, dotenv, ...(schemaText === undefined ? [] : [copy])]
}
