import { rememberNames } from '@postern/core'
import { createMeantBy, lettersOf, type Log, Refusal } from '@postern/ports'
import { headerNames, redactKeys } from '@postern/protocol'

/** The tag headers. If a client misspells one, the call would silently not be tagged. */
const tags = [headerNames.workflow, headerNames.step, headerNames.parentStep]
const meantBy = createMeantBy([...tags, headerNames.actAs])

const actAs = headerNames.actAs.toLowerCase()
/** The assertion header `Postern-Identity`: a Postern in front of this one may send it to us as its backend. It is ignored. */
const identity = /^postern[-_]identity$/
/** Names that begin with `Postern`, or `X-Postern`: all of them are Postern's to define. */
const beginsLikeOurs = /^(?:x[^a-z0-9]*)?postern(?![a-z0-9])/

type Finding = 'known' | 'unknown' | { readonly instead: string } | { readonly meant: string }

/** Bounds of the log (names), and of a name in a message (characters), because clients choose the names. */
const maxWarnings = 64
const mostNameChars = 64

/**
 * Refuses a header name that is a misspelling of one that Postern reads. If the name is only similar to one, logs a warning.
 *
 * @throws {Refusal} 400 `tag_invalid` for a tag header in another spelling (`X_Workflow_ID`, `X-WorkflowID`), 400
 *   `request_malformed` for an undefined header that begins with `Postern` (`Postern-ActAs`).
 */
export type CheckHeaderNames = (rawHeaders: readonly string[]) => void

export function createCheckHeaderNames(log: Log): CheckHeaderNames {
  const findingOf = rememberNames((name): Finding => judge(name.toLowerCase()))
  const warned = new Set<string>()

  /** Warns once per name, and of at most `maxWarnings` names, so that a client cannot fill the log. */
  function warn(name: string, meant: string): void {
    if (warned.size >= maxWarnings || warned.has(name.toLowerCase())) return
    warned.add(name.toLowerCase())
    log('warn', 'a request has a header that is not read and is named nearly like one that is', { header: redactKeys(name), meant })
  }

  return (rawHeaders) => {
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] as string
      const finding = findingOf(name)
      if (finding === 'known') continue
      if (finding === 'unknown') {
        const message = `There is no header ${name.slice(0, mostNameChars)}; whom a call is for is said in ${headerNames.actAs}.`
        throw new Refusal('request_malformed', { message, param: name })
      }
      if ('instead' in finding) throw new Refusal('tag_invalid', { message: `This header is written ${finding.instead}.`, param: name })
      warn(name, finding.meant)
    }
  }
}

function judge(lowerCase: string): Finding {
  if (lowerCase === actAs || identity.test(lowerCase)) return 'known'
  if (beginsLikeOurs.test(lowerCase)) return 'unknown'
  const meant = meantBy(lowerCase)
  if (meant === undefined || meant.toLowerCase() === lowerCase) return 'known'
  if (meant === headerNames.actAs) return 'unknown'
  return lettersOf(meant) === lettersOf(lowerCase) ? { instead: meant } : { meant }
}
