/**
 * Whether a value is a stream of bytes. Checks for `getReader`: some platforms, such as React Native, have no
 * `ReadableStream`.
 */
export function isStream(value: unknown): boolean {
  return typeof (value as Partial<ReadableStream> | null | undefined)?.getReader === 'function'
}
