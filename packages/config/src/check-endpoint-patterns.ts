import { compileEndpoints, type Dialect, type Dialects } from '@postern/gateways'
import { createMeantBy } from '@postern/ports'
import { patternsMeet } from './patterns-meet.js'
import type { Parts, PlacedRule } from './lenient-sections.js'
import { type Problem, problem, warning } from './problem.js'

/** The endpoints of all configured gateways. Empty if one of the gateways is not valid. */
export interface KnownEndpoints {
  readonly paths: readonly string[]
  /** Whether a pattern matches one of them. Many rules have the same few patterns, so an answer is kept. */
  matches(pattern: string): boolean
}

/** Reports a pattern that matches no endpoint: it looks like a permission and has no effect. */
export function checkEndpointPatterns({ path, part }: PlacedRule, known: KnownEndpoints, problems: Problem[]): void {
  for (const [index, pattern] of (part.endpoints ?? []).entries()) {
    const place = `${path}.endpoints[${index}]`
    const plain = pattern.replace(/^\/+/, '').replace(/\/+$/, '')
    if (pattern.startsWith('/'))
      problems.push(problem(place, `"${pattern}" has a slash at its beginning.`, `Write ${written(plain.replace(/^v1\//, ''))}.`))
    else if (pattern.endsWith('/'))
      problems.push(problem(place, `"${pattern}" has a slash at its end.`, `Write ${written(plain)} or ${written(`${plain}/*`)}.`))
    else if (known.paths.length > 0 && !known.matches(pattern))
      problems.push(warning(place, `"${pattern}" matches no endpoint of any gateway here.`, meant(pattern, known.paths)))
  }
}

export function knownEndpoints({ gateways, namedGateways }: Parts, dialects: Dialects): KnownEndpoints {
  if (gateways.size < namedGateways.size) return { paths: [], matches: () => false }
  const every = [...gateways.values()].flatMap(({ part }) =>
    Object.keys(compileEndpoints(dialects[part.dialect] as Dialect, part.endpoints)),
  )
  const paths = [...new Set(every)]
  const patterns = paths.map((endpoint) => endpoint.replaceAll(/\{[^/]*\}/g, '*'))
  const answers = new Map<string, boolean>()
  return {
    paths,
    matches(pattern) {
      let answer = answers.get(pattern)
      if (answer === undefined) answers.set(pattern, (answer = patterns.some((endpoint) => patternsMeet(pattern, endpoint))))
      return answer
    },
  }
}

function meant(pattern: string, known: readonly string[]): string {
  const name = pattern.replace(/^v1\//, '')
  if (name !== pattern) return `Write ${written(name)}: names stand below /v1/.`
  const near = createMeantBy(known)(name)
  return near === undefined ? `There are ${known.slice(0, 5).join(', ')} and others.` : `Did you mean ${near}?`
}

/** The name as YAML: a text that begins with `*` needs quotation marks. */
function written(name: string): string {
  return name === '' || name.startsWith('*') ? `"${name === '' ? '*' : name}"` : name
}
