import type { IncomingMessage, ServerResponse } from 'node:http'
import { currentRuntime, type Serving } from '../runtime.js'
import { enter } from './enter.js'
import { takeOriginForm } from './normalize-target.js'

/** A listener for `http.createServer`. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Makes a request listener that hands requests under the mount to {@link enter} and all others to `otherwise`, without a
 * framework. Bounds requests of one connection, as `Runtime.connections` says.
 */
export function createNodeDoor(instance: Serving, otherwise: NodeListener): NodeListener {
  const lead: NodeListener = (request, response) => {
    const url = takeOriginForm(request)
    const { mount } = currentRuntime(instance).config
    if (isUnderMount(mount, url))
      enter(instance, request, response, url.slice(mount.length))?.catch((error: unknown) => giveUp(response, error))
    else otherwise(request, response)
  }
  return (request, response) => currentRuntime(instance).connections.admit(request, response, lead)
}

/** Nobody else answers this request: closes the connection, so that the client does not wait, and warns the operator. */
function giveUp(response: ServerResponse, error: unknown): void {
  response.destroy()
  process.emitWarning(`An answer could not be written: ${String(error)}`, { code: 'POSTERN_ANSWER' })
}

/** Whether a target is the mount itself, or a path or query below it: `/ai`, `/ai/v1`, `/ai?a=b`; not `/aim`. */
export function isUnderMount(mount: string, target: string): boolean {
  return target.startsWith(mount) && isBoundary(target.charCodeAt(mount.length))
}

/** `/`, `?` or the end of the text. */
function isBoundary(character: number): boolean {
  return character === 0x2f || character === 0x3f || Number.isNaN(character)
}
