import { asModelList, type CallerObject, callerObject, type Endpoint, failedCatalogue } from '@postern/gateways'
import type { ObjectHandle } from '../objects/object-handle.js'
import { findIds, sealAnswer } from '../objects/seal-answer.js'
import type { Route } from '../resolve/route.js'

/** How Postern changes the JSON answers of an endpoint before it sends them to the client. Most endpoints have no such edit. */
export interface AnswerEdit {
  /**
   * Whether Postern must treat the document as an error.
   *
   * @param usual Whether Postern's error classifier for this gateway takes the document for an error.
   */
  isError(document: unknown, usual: boolean): boolean
  /**
   * Returns the edited answer; `undefined` if this endpoint cannot answer with such a document. Then the client gets 502 `gateway_answer_invalid`.
   *
   * @param text The answer as JSON text, without a byte order mark.
   * @param document The same answer, parsed.
   */
  edit(text: string, document: unknown): string | undefined
}

/** Returns a function that finds the edit for a route's answers, or `undefined` if there is none. It makes each catalogue edit once. */
export function createAnswerEdits(): (route: Route) => AnswerEdit | undefined {
  const lists = new Map<Endpoint, AnswerEdit>()
  return (route) => {
    const { endpoint } = route
    if (endpoint.catalogue === undefined) {
      const object = callerObject(endpoint)
      return object === undefined ? undefined : createObjectEdit(object, route.object as ObjectHandle)
    }
    let list = lists.get(endpoint)
    if (list === undefined) lists.set(endpoint, (list = createCatalogueEdit(endpoint.catalogue)))
    return list
  }
}

/** Turns the gateway's own catalogue of models into the list that `openai.models.list()` reads. */
function createCatalogueEdit(catalogue: NonNullable<Endpoint['catalogue']>): AnswerEdit {
  const toList = asModelList(catalogue)
  const isFailed = failedCatalogue(catalogue)
  return {
    isError: (document, usual) => usual || isFailed(document),
    edit(_, document) {
      const list = toList(document)
      return list === undefined ? undefined : JSON.stringify(list)
    },
  }
}

/** Replaces the gateway's ids of a stored object with sealed ids, which only its owner can use. Changes no other member. */
function createObjectEdit(object: CallerObject, handle: ObjectHandle): AnswerEdit {
  return {
    // A document with the id of an object is a valid answer, even if it says that the object failed.
    isError: (document, usual) => usual && findIds(document, object).length === 0,
    edit(text, document) {
      const found = findIds(document, object)
      return found.length === 0 ? text : sealAnswer(text, found, handle)
    },
  }
}
