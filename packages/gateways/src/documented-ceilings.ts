import type { AnswerFormat } from './answer-format.js'
import type { Dialect } from './dialect.js'

/**
 * The format of chat completions as a gateway documents it: only the members that its dialect names state a ceiling, and only those are
 * written. The other names of the OpenAI API are checked as those of other APIs are, but bound nothing, since the gateway may not know them.
 *
 * @param ceilings What the dialect says; `undefined`: the gateway documents every name of the OpenAI API.
 * @returns `format` itself if it is no chat completion, or if the dialect says nothing.
 */
export function documentedCeilings(format: AnswerFormat, ceilings: Dialect['chatCeilings']): AnswerFormat {
  const limit = format.outputLimit
  if (ceilings === undefined || limit === undefined || format.id !== 'chat') return format
  const undocumented = limit.places.filter((place) => !ceilings.includes(place))
  const [first] = ceilings
  const written = limit.written.filter(({ place }) => ceilings.includes(place))
  return {
    ...format,
    outputLimit: {
      ...limit,
      places: ceilings,
      others: [...undocumented, ...(limit.others ?? [])],
      // Of a model that only an undocumented member is written for, the documented one is written.
      written: [...written, { place: first }],
    },
  }
}
