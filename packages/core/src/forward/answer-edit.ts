import { asModelList, type Endpoint, failedCatalogue } from '@postern/gateways'
import { replaceMember } from '../lib/json-members.js'
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
   * Returns the edited answer; `undefined` if the document is no valid answer of this endpoint. Postern then refuses the answer.
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
    if (endpoint.catalogue === undefined) return endpoint.task === undefined ? undefined : createTaskEdit(route)
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

/** Replaces the gateway's id of a task with a sealed id, which only the task's owner can use. Changes no other member. */
function createTaskEdit({ task, gateway }: Route): AnswerEdit {
  const members = (gateway.dialect.taskId ?? []).map((pointer) => pointer.slice(1))
  const findTaskId = (document: unknown): { readonly member: string; readonly id: string } | undefined => {
    const found = members.map((member) => ({ member, id: readId((document as Record<string, unknown> | null)?.[member]) }))
    return found.find((each): each is { member: string; id: string } => each.id !== undefined)
  }
  return {
    // A document with a task's id is a valid answer, even if it says that the task failed.
    isError: (document, usual) => usual && findTaskId(document) === undefined,
    edit(text, document) {
      const found = findTaskId(document)
      if (found === undefined) return text
      const sealed = task?.seal(found.id) as string
      const edited = replaceMember(text, found.member, JSON.stringify(sealed))
      // If the answer repeats the member, JSON.parse takes the last one. Unless that is the sealed id, return `undefined`.
      return (JSON.parse(edited) as Record<string, unknown>)[found.member] === sealed ? edited : undefined
    },
  }
}

function readId(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}
