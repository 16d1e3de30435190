import { Refusal } from '@postern/ports'
import { blanks } from './blanks.js'
import { type JsonTextOptions, readJsonText } from './json-text.js'

/** Members that gateways take as an object and also as the JSON text of one. Gateways read no other spelling of them as a text. */
const namesSettings = /^(?:litellm[-_]?)?metadata$|^extra[-_]?body$|^litellm[-_]?params$/i

/** Maximum length of all such texts of a body together, in characters: as long as a field of a form may be. */
const maxChars = 64 * 1024

/** A text may hold another such text, and that one no further. */
const maxTexts = 2

const beginsJsonValue = new RegExp(`^${blanks}(?:"|[{[])`)
/** What a text of a text has in it if that one could be JSON. */
const mayHoldJson = /[{[\\]/

/**
 * Reads settings that stand as a JSON text, such as `"extra_body": "{\"model\": …}"`, as some gateways do: in place of the text
 * comes the object or list, so that every rule looks at it as at any other. Does so in the object and in settings within it.
 *
 * @param members Is changed; the text of the body is not.
 * @throws {Refusal} 400 `request_malformed` if a text is not well-formed, is too long, or holds a text that holds another.
 */
export function readSettingsTexts(members: object, looksInContent: boolean): void {
  let chars = 0
  const readIn = (owner: Record<string, unknown>, texts: number): void => {
    for (const name in owner) {
      const value = owner[name]
      if (value === null || (typeof value !== 'string' && typeof value !== 'object') || !namesSettings.test(name)) continue
      const read = typeof value === 'string' ? readText(name, value, texts) : value
      if (read === undefined) continue
      owner[name] = read
      readIn(read as Record<string, unknown>, read === value ? texts : texts + 1)
    }
  }
  const readText = (name: string, text: string, texts: number): object | undefined => {
    chars += text.length
    if (chars > maxChars) throw malformed(`Settings that stand as texts are longer than ${maxChars} characters.`)
    const [begun] = beginsJsonValue.exec(text) ?? []
    if (begun === undefined) return undefined
    if (begun.endsWith('"') && mayHoldJson.test(text)) throw malformed(`What ${name} holds is the text of a text.`)
    if (texts === maxTexts) throw malformed(`What ${name} holds is a text within a text within a text.`)
    return readJsonText(text, { mayBeText: false, looksInContent })
  }
  readIn(members as Record<string, unknown>, 0)
}

/** Reads a field of a form, or a parameter of a query, as {@link readJsonText} does, and settings in it as in a body. */
export function readFieldText(name: string, text: string, options: JsonTextOptions): object | undefined {
  const read = readJsonText(text, options)
  if (read === undefined && !namesSettings.test(name)) return undefined
  const members: Record<string, unknown> = { [name]: read ?? text }
  readSettingsTexts(members, options.looksInContent)
  return read
}

function malformed(message: string): Refusal {
  return new Refusal('request_malformed', { message })
}
