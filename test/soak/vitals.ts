/** What the process under test says of itself, as it is asked. */
export interface Vitals {
  /** The least of its heap that was in use at the end of a collection of garbage since the last question, in bytes. */
  readonly heapBytes: number
  /** Bytes of buffers outside of the heap. */
  readonly outsideBytes: number
  /** What keeps its event loop alive: sockets, timers, requests of the system. */
  readonly handles: number
  /** Listeners for events of the process itself. */
  readonly listeners: number
}
