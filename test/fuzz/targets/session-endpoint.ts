import type { Choices } from '../choices.js'
import { changed } from '../inputs/json.js'
import { type RequestGrammar, requestVisit } from '../inputs/request.js'
import { makeSigningKey, proofOf, sessionHeader, sessionOf, type SigningKey, signToken } from '../inputs/token.js'
import { utf8 } from '../inputs/bytes.js'
import { markOf, plainScript } from '../stand/behind.js'
import type { Stand } from '../stand/stand.js'
import type { Target } from '../target.js'
import { judge } from './judge.js'
import { openSocketTarget, type SocketInput } from './sockets.js'

let prover: SigningKey | undefined

function grammar(number: number, { secrets }: Stand): RequestGrammar {
  return {
    sound(choices) {
      const isEnd = choices.oneIn(4)
      const body = choices.oneIn(3)
        ? ''
        : utf8(JSON.stringify(changed(choices, { ttl: '5m', models: ['auto'], max_calls: 3, workflow: 'onboarding' })))
      prover ??= makeSigningKey()
      const proves = !isEnd && choices.oneIn(4)
      return {
        method: isEnd ? 'DELETE' : 'POST',
        target: '/ai/session',
        version: 'HTTP/1.1',
        headers: [
          ['Host', 'sidecar.test'],
          isEnd
            ? ['Authorization', `Bearer ${signToken(sessionHeader, sessionOf('openai'), secrets.session)}`]
            : ['Cookie', `sid=${markOf(number)}`],
          ['Sec-Fetch-Site', 'same-origin'],
          ['Content-Type', 'application/json'],
          ...(proves ? [['DPoP', proofOf(prover, 'POST', 'http://sidecar.test/ai/session', '')] as [string, string]] : []),
        ],
        body: isEnd ? '' : body,
        framing: isEnd ? 'none' : choices.oneIn(4) ? 'chunks' : 'length',
      }
    },
    targets: ['/ai/session', '/ai/session/', '/ai/session?x=y', '/ai/sessions', '/ai/%73ession', '/ai/session;x'],
  }
}

function make(choices: Choices, number: number, stand: Stand): SocketInput {
  const visit = requestVisit(choices, grammar(number, stand))
  const identity = plainScript('{"user":"ada","team":"openai"}', 'application/json')
  return {
    visit,
    scripts: { identity },
    judge: (received) => judge(received, { visit, isSound: visit.isSound, mustAnswer: true, findKey: stand.findKey }),
  }
}

export const sessionTarget: Target = {
  name: 'session-endpoint',
  title: 'requests for sessions, and for their end',
  onSockets: true,
  share: 5,
  batch: 512,
  open: (context) => openSocketTarget(context, { subject: 'sidecar', make }),
}
