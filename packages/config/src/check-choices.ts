import { callersChoice, type Dialects } from '@postern/gateways'
import type { Parts } from './lenient-sections.js'
import { oneOfThese, type Problem, problem } from './problem.js'

/** Refuses an option in `choices` that no configured gateway offers, since it would have no effect. */
export function checkChoices(parts: Parts, dialects: Dialects, problems: Problem[]): void {
  const offered = [...parts.gateways.values()].flatMap(({ part }) => Object.entries(dialects[part.dialect]?.choices ?? {}))
  for (const { path, part } of parts.choices) {
    for (const [name, value] of Object.entries(part)) {
      const values = offered.find(([offer]) => offer === name)?.[1].values
      if (values === undefined) {
        const known = new Set(offered.map(([offer]) => offer))
        const fix = known.size === 0 ? 'Remove it.' : `Known here: ${[...known].join(', ')}.`
        problems.push(problem(`${path}.${name}`, 'is a choice that no gateway of this configuration offers.', fix))
      } else if (value !== callersChoice && !values.includes(value)) {
        problems.push(problem(`${path}.${name}`, 'has a value that is not known.', `Write ${oneOfThese([...values, callersChoice])}.`))
      }
    }
  }
}
