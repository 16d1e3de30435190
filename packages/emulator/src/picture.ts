/** A picture of one dot, as base64. */
const ONE_DOT = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** The pictures of an answer to a prompt, as `images/generations` returns them: always the one dot. */
export function picturesOf(prompt: string): readonly { readonly b64_json: string; readonly revised_prompt: string }[] {
  return [{ b64_json: ONE_DOT, revised_prompt: prompt }]
}
