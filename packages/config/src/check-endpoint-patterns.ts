import { compileEndpoints, type Dialect, type Dialects } from '@postern/gateways'
import { createMeantBy } from '@postern/ports'
import { patternsMeet } from './patterns-meet.js'
import type { Parts, PlacedRule } from './lenient-sections.js'
import { type Problem, problem, warning } from './problem.js'

/** Reports a pattern that matches no endpoint: it looks like a permission and has no effect. */
export function checkEndpointPatterns({ path, part }: PlacedRule, known: readonly string[], problems: Problem[]): void {
  for (const [index, pattern] of (part.endpoints ?? []).entries()) {
    const place = `${path}.endpoints[${index}]`
    const plain = pattern.replace(/^\/+/, '').replace(/\/+$/, '')
    if (pattern.startsWith('/'))
      problems.push(problem(place, `"${pattern}" has a slash at its beginning.`, `Write ${written(plain.replace(/^v1\//, ''))}.`))
    else if (pattern.endsWith('/'))
      problems.push(problem(place, `"${pattern}" has a slash at its end.`, `Write ${written(plain)} or ${written(`${plain}/*`)}.`))
    else if (known.length > 0 && !known.some((endpoint) => patternsMeet(pattern, endpoint.replaceAll(/\{[^/]*\}/g, '*'))))
      problems.push(warning(place, `"${pattern}" matches no endpoint of any gateway here.`, meant(pattern, known)))
  }
}

/** The endpoints of all configured gateways; empty if one of the gateways is not valid. */
export function knownEndpoints({ gateways, namedGateways }: Parts, dialects: Dialects): string[] {
  if (gateways.size < namedGateways.size) return []
  const paths = [...gateways.values()].flatMap(({ part }) =>
    Object.keys(compileEndpoints(dialects[part.dialect] as Dialect, part.endpoints)),
  )
  return [...new Set(paths)]
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
