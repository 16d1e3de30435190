import { isAbsolute, relative } from 'node:path'
import type { Finding } from './inspect-output.js'
import { locate, type Place } from './locate.js'

/** Where to correct a leak, and what is wrong there. */
export interface Reported extends Place {
  readonly text: string
}

/** What to do instead; the same for every leak. */
export const advice = `Whoever opens the page can read it. Take it out of what the page is built from, and let Postern hold the key:
give it there by reference ({ env: NAME }), and have the page call createPostern({ url: '/ai' }) of @postern/client, by cookie or session.
A key that was published already must be replaced. What only looks like a key can be named in the guard's "allow".`

/**
 * Describes where each finding comes from, without the secret itself.
 *
 * @param further Files to search, besides the sources of each output.
 */
export function reportFindings(findings: readonly Finding[], root: string, further: readonly string[]): Reported[] {
  const reported = findings.map((finding) => {
    const { output, source, sources, sought, line, what } = finding
    const place: Place = (source === undefined ? locate(sought, [...sources, ...further]) : undefined) ?? { file: source ?? output, line }
    const file = isAbsolute(place.file) ? relative(root, place.file) : place.file
    const where = place.file === output ? '' : `, which reaches ${output}`
    return { file, line: place.line, text: `${what}${where}` }
  })
  return [...new Map(reported.map((one) => [`${one.file}:${one.line} ${one.text}`, one])).values()]
}

export function describeReport(reported: readonly Reported[]): string {
  const lines = reported.map(({ file, line, text }) => `  ${file}:${line}: ${text}`)
  return `This build would publish a key.\n${lines.join('\n')}\n${advice}`
}
