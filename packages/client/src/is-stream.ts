/** Whether something is a stream of bytes, also where the platform has none of its own, such as React Native's. */
export function isStream(value: unknown): boolean {
  return typeof (value as Partial<ReadableStream> | null | undefined)?.getReader === 'function'
}
