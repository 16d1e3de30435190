import { type Dialects, type NeverPassed, neverPassed } from '@postern/gateways'
import type { Parts } from './lenient-sections.js'
import { type Problem, problem } from './problem.js'

const reasons: Readonly<Record<NeverPassed, string>> = {
  steers: 'would let a client say where a call goes, who pays for it, who is calling or which key is used.',
  frames: 'belongs to the connection or to the form of the message, which Postern writes itself.',
  traces: 'belongs to a tracing vendor; only traceparent and tracestate go to a gateway.',
  'is written by Postern': 'is written by Postern itself.',
}

/** Checks that `passHeaders` names only headers that a client may send to a gateway. */
export function checkPassHeaders(parts: Parts, dialects: Dialects, problems: Problem[]): void {
  for (const { path, part } of parts.gateways.values()) {
    const dialect = dialects[part.dialect]
    const own = [dialect?.credential, dialect?.providerCredential, dialect?.project, ...Object.values(dialect?.choices ?? {})]
    const written = own.flatMap((each) => each?.header.toLowerCase() ?? [])
    for (const [index, name] of (part.passHeaders ?? []).entries()) {
      const why = written.includes(name.toLowerCase()) ? 'is written by Postern' : neverPassed(name)
      if (why !== undefined) problems.push(problem(`${path}.passHeaders[${index}]`, `names ${name}, which ${reasons[why]}`, 'Remove it.'))
    }
  }
}
