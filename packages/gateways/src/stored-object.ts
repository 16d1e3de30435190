/**
 * What an endpoint does with an object that stays at the gateway or its provider: a file, a stored response, a task. There,
 * every holder of the gateway key finds the object, whichever caller made it. `owner` says what Postern does about that.
 */
export type StoredObject = AccountObject | CallerObject

/**
 * Belongs to the account, since Postern does not know who made it. Its id passes as it is. Callers may use it only if one
 * tenant alone uses the account, or the operator wrote `shared: true` at the key.
 */
export interface AccountObject {
  /** Default. */
  readonly owner?: 'account'
  /** The kind of object that a path or body names by an id: `file`, `response`, `thread`. */
  readonly kind: string
  /** `names`: it reads or changes one object, or what lies below one. */
  readonly role: 'creates' | 'names' | 'lists' | 'deletes'
}

/** Belongs to the caller who made it. Its id is sealed for that caller, in every answer and in the path of every request. */
export interface CallerObject {
  readonly owner: 'caller'
  /** The kind of object, as the gateway calls it: `task`. */
  readonly kind: string
  /** `names`: the last segment of the path is the object's id. */
  readonly role: 'creates' | 'names'
  /** Where an answer has the object's id: members of the outermost object. Each of them that has an id is sealed. */
  readonly ids: readonly `/${string}`[]
}

interface MayHaveObject {
  readonly object?: StoredObject | undefined
}

/** The object of an endpoint, if it belongs to the account. */
export function accountObject({ object }: MayHaveObject): AccountObject | undefined {
  return object?.owner === 'caller' ? undefined : object
}

/** The object of an endpoint, if it belongs to the caller who made it. */
export function callerObject({ object }: MayHaveObject): CallerObject | undefined {
  return object?.owner === 'caller' ? object : undefined
}

/** Whether the last segment of the endpoint's path is the id of an object that belongs to the caller who made it. */
export function namesCallerObject({ object }: MayHaveObject): boolean {
  return object?.owner === 'caller' && object.role === 'names'
}
