import type { Choices } from '../choices.js'
import { answerScript, chatBody, pageBody } from '../inputs/answer.js'
import { cutUp, mutate } from '../inputs/bytes.js'
import { markOf } from '../stand/behind.js'
import type { Leave, Visit } from '../stand/exchange.js'
import type { Stand } from '../stand/stand.js'
import type { Script } from '../stand/upstream.js'
import type { Target } from '../target.js'
import { judge } from './judge.js'
import { openSocketTarget, type SocketInput } from './sockets.js'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='

function upgradeText(choices: Choices, number: number): { readonly text: string; readonly method: string } {
  const target = choices.oneIn(4) ? '/ai/v1/realtime' : `/socket/${markOf(number)}`
  switch (choices.below(6)) {
    case 4:
      return {
        text: `CONNECT ${choices.pick(['sidecar.test:443', target, '*', '[::1]:1'])} HTTP/1.1\r\nHost: sidecar.test\r\n\r\n`,
        method: 'CONNECT',
      }
    case 5: {
      const first = `GET /first/${markOf(number)} HTTP/1.1\r\nHost: sidecar.test\r\n\r\n`
      return { text: `${first}${offer(choices, target)}`, method: 'GET' }
    }
    default:
      return { text: offer(choices, target), method: 'GET' }
  }
}

function offer(choices: Choices, target: string): string {
  const protocol = choices.oneIn(3) ? choices.pick(['h2c', 'websocket, h2c', 'WebSocket', 'TLS/1.0', '']) : 'websocket'
  const lines = [
    `${choices.oneIn(8) ? 'POST' : 'GET'} ${target} HTTP/1.1`,
    'Host: sidecar.test',
    `Connection: ${choices.oneIn(6) ? choices.pick(['upgrade, x', 'close, upgrade', 'x']) : 'Upgrade'}`,
    `Upgrade: ${protocol}`,
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
    ...(choices.oneIn(6)
      ? [choices.pick(['Content-Length: 5', 'Transfer-Encoding: chunked', 'Expect: 100-continue', 'Content-Length: 0'])]
      : []),
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

const switched =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

/** Agrees, refuses, breaks off within its refusal, or answers what is no answer. */
function upgradeScript(choices: Choices): Script {
  const ending = choices.pick(['keep', 'close', 'reset', 'hang'] as const)
  const script = (text: string): Script => ({ pieces: cutUp(choices, text), pauseMs: choices.oneIn(4) ? 1 : 0, ending })
  switch (choices.below(6)) {
    case 0:
      return script(`${switched}\x81\x05Hello`)
    case 1:
      return script(switched.replace('websocket', choices.pick(['h2c', 'websocket, h2c', '', 'WEBSOCKET'])))
    case 2:
      return script(mutate(choices, switched))
    case 3:
    case 4: {
      const refusal = `HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 40\r\n\r\nplease sign in before you ask for this!!`
      return script(refusal.slice(0, choices.between(0, refusal.length)))
    }
    default:
      return answerScript(choices, {
        bodies: [pageBody, chatBody],
        names: ['Sec-WebSocket-Accept', 'Sec-WebSocket-Protocol'],
        key: undefined,
      })
  }
}

function makeUpgradeInput(choices: Choices, number: number, { findKey }: Stand): SocketInput {
  const { text: sound, method } = upgradeText(choices, number)
  const isMutated = choices.oneIn(3)
  const text =
    (isMutated ? mutate(choices, sound) : sound) +
    choices.pick(['', '', '\x81\x85\0\0\0\0Hello', '\x88\x80\0\0\0\0', 'GET / HTTP/1.1\r\n\r\n', '\0\0'])
  const leave: Leave = choices.pick(['answered', 'answered', 'half closed', 'gone when sent', 'gone when answered'] as const)
  // What follows a change of protocol has no answers that could be counted.
  const visit: Visit = { pieces: cutUp(choices, text), pauseMs: choices.oneIn(6) ? 1 : 0, methods: [method], expected: undefined, leave }
  return {
    visit,
    scripts: { backend: upgradeScript(choices) },
    judge: (received) => judge(received, { visit, isSound: false, mustAnswer: false, findKey }),
  }
}

export const upgradeTarget: Target = {
  name: 'upgrades',
  title: 'changes of protocol, CONNECT, and answers to them',
  onSockets: true,
  share: 5,
  batch: 256,
  open: (context) => openSocketTarget(context, { subject: 'sidecar', make: makeUpgradeInput }),
}
