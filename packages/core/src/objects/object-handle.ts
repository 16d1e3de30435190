/** How the request of one caller refers to a stored object that belongs to callers. */
export interface ObjectHandle {
  /** The endpoint's path, with the gateway's own id of the object if the path names one. */
  readonly path: string
  /** Turns the gateway's id of an object into the id that the caller gets; only this caller can use it. */
  seal(id: string): string
}
