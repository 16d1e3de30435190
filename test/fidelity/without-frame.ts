/** The bytes of a stream without the comment in which Postern says what it knows of the call. */
export function withoutFrame(text: string): string {
  return text.replaceAll(/: postern [^\n]*\n\n/g, '')
}
