import { Refusal } from '@postern/ports'
import { nameFault } from '@postern/protocol'
import type { Request } from 'express'

/**
 * Reads the query of a request to the admin API.
 *
 * @param known The parameters that the query may have, each once.
 * @throws {Refusal} 400 `request_malformed` if the query has another parameter, or one of them twice.
 */
export function queryOf<Name extends string>(
  { originalUrl }: Pick<Request, 'originalUrl'>,
  known: readonly Name[],
): Readonly<Partial<Record<Name, string>>> {
  const read: Partial<Record<Name, string>> = {}
  const at = originalUrl.indexOf('?')
  // The first question mark stays: of two at the beginning `URLSearchParams` drops one.
  for (const [name, value] of new URLSearchParams(at === -1 ? '' : originalUrl.slice(at))) {
    const param = known.find((each) => each === name)
    if (param === undefined)
      throw new Refusal('request_malformed', {
        message: `There is no parameter ${JSON.stringify(name.slice(0, 64))}.`,
        help: `There are ${known.join(', ')}.`,
      })
    if (read[param] !== undefined) throw new Refusal('request_malformed', { message: `"${param}" is there twice.`, param })
    read[param] = value
  }
  return read
}

/** @throws {Refusal} 400 `request_malformed` if no caller can have a text as its name. */
export function requireNames(texts: Readonly<Record<string, string | undefined>>): void {
  for (const [param, text] of Object.entries(texts)) {
    const fault = text === undefined || text === '' ? undefined : nameFault(text)
    if (fault !== undefined) throw new Refusal('request_malformed', { message: `"${param}" is no name: it ${fault}.`, param })
  }
}
