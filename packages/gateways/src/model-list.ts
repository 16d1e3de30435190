import type { ModelCatalogue } from './endpoint.js'
import { compilePointer, readAll, readNumber, readText } from './pointer.js'

/**
 * Compiles a reader that turns a gateway's catalogue into the list of OpenAI's `GET /models`. Further members of a
 * model are kept. The reader returns `undefined` if the document is not a catalogue.
 */
export function asModelList(catalogue: ModelCatalogue): (document: unknown) => object | undefined {
  const items = compilePointer(catalogue.items)
  const ids = catalogue.id.map(compilePointer)
  const owners = catalogue.ownedBy.map(compilePointer)
  const list = compilePointer(catalogue.items.replace(/\[\]$/, '') as `/${string}`)
  return (document) => {
    if (!Array.isArray(readAll(document, list)[0])) return undefined
    const data = readAll(document, items).flatMap((item) => {
      const id = ids.map((at) => readText(item, at)).find((text) => text !== undefined)
      if (id === undefined) return []
      const ownedBy = owners.map((at) => readText(item, at)).find((text) => text !== undefined)
      // OpenAI's clients expect a time and an owner: 0 and the empty text, if the gateway names none.
      return [{ created: 0, ...(item as object), id, object: 'model', owned_by: ownedBy ?? '' }]
    })
    return { object: 'list', data }
  }
}

/**
 * Compiles a check whether the document itself says, in `catalogue.failure`, that it is a failure, whatever its
 * status is.
 */
export function failedCatalogue(catalogue: ModelCatalogue): (document: unknown) => boolean {
  if (catalogue.failure === undefined) return () => false
  const mark = compilePointer(catalogue.failure)
  return (document) => (readNumber(document, mark) ?? 0) !== 0
}
