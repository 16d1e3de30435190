import type { Choices } from '../choices.js'
import { type AnswerGrammar, answerScript, chatBody, errorBody, pageBody, streamBody } from '../inputs/answer.js'
import { bytesOf } from '../inputs/bytes.js'
import { manyEvents } from '../inputs/events.js'
import { bigJson } from '../inputs/json.js'
import { markOf, plainScript } from '../stand/behind.js'
import type { Leave, Visit } from '../stand/exchange.js'
import { type DialectName, dialects } from '../stand/secrets.js'
import type { Stand, SubjectName } from '../stand/stand.js'
import type { Script } from '../stand/upstream.js'
import type { Target } from '../target.js'
import { findForgery, judge } from './judge.js'
import { openSocketTarget, type SocketInput } from './sockets.js'

const names = [
  'X-DAOE-Route',
  'x-gateway-model',
  'X-Mintoken-Cost',
  'x-ratelimit-remaining',
  'openai-processing-ms',
  'x-request-id',
  'x-gateway-request-id',
  'retry-after',
]

/** What each dialect can be asked, with a body for it. */
const asked: readonly { readonly path: string; readonly body: string; readonly by: readonly DialectName[] }[] = [
  { path: 'chat/completions', body: '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}', by: dialects },
  { path: 'chat/completions', body: '{"model":"auto","stream":true,"messages":[{"role":"user","content":"Hello"}]}', by: dialects },
  { path: 'responses', body: '{"model":"auto","input":"Hello","stream":true}', by: ['openai', 'joytoken', 'freeai'] },
  { path: 'embeddings', body: '{"model":"auto","input":"Hello"}', by: ['openai', 'opentoken', 'freeai'] },
  { path: 'images/generations', body: '{"model":"auto","prompt":"Hello"}', by: ['openai', 'freeai', 'joytoken'] },
  { path: 'audio/speech', body: '{"model":"auto","input":"Hello","voice":"x"}', by: ['openai', 'freeai', 'onysoft'] },
  { path: 'messages', body: '{"model":"auto","max_tokens":9,"messages":[{"role":"user","content":"Hello"}]}', by: ['mintoken'] },
  { path: 'video/generate', body: '{"model":"auto","prompt":"Hello"}', by: ['onysoft'] },
  { path: 'models', body: '', by: ['openai', 'opentoken', 'freeai', 'joytoken'] },
]

const bodies = [
  chatBody,
  chatBody,
  streamBody,
  streamBody,
  errorBody,
  { type: 'application/octet-stream', body: () => 'ID3\x04Hello\0\x80' },
]

function question(
  choices: Choices,
  number: number,
  { secrets }: Stand,
): { readonly text: string; readonly method: string; readonly dialect: DialectName } {
  const { path, body, by } = choices.pick(asked)
  const dialect = choices.pick(by)
  const method = body === '' ? 'GET' : 'POST'
  const lines = [
    `${method} /ai/v1/${path} HTTP/1.1`,
    'Host: sidecar.test',
    `Authorization: Bearer ${secrets.callers[dialect]}`,
    `X-Workflow-ID: ${markOf(number)}`,
    ...(choices.oneIn(4) ? ['Accept-Encoding: gzip, br'] : []),
    ...(choices.oneIn(6) ? ['Origin: http://sidecar.test'] : []),
    ...(body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
  ]
  return { text: `${lines.join('\r\n')}\r\n\r\n${body}`, method, dialect }
}

function leaveOf(choices: Choices, isOpen: boolean): Leave {
  if (isOpen) return choices.pick(['half closed', 'gone when answered', 'gone when sent'] as const)
  return choices.oneIn(10) ? choices.pick(['half closed', 'gone when sent', 'gone when answered'] as const) : 'answered'
}

function makeGatewayInput(choices: Choices, number: number, stand: Stand): SocketInput {
  const { text, method, dialect } = question(choices, number, stand)
  const key =
    dialect === 'mintoken' && choices.oneIn(3)
      ? stand.secrets.provider
      : choices.oneIn(3)
        ? stand.secrets.keys[choices.pick(dialects)]
        : stand.secrets.keys[dialect]
  const script = choices.oneIn(150) ? heavyScript(choices) : answerScript(choices, { bodies, names, key })
  const visit = visitOf([bytesOf(text)], method, leaveOf(choices, script.ending === 'hang'))
  return {
    visit,
    scripts: { gateway: script },
    judge(received) {
      const forgery = findForgery(received.answers)
      return [
        ...judge(received, { visit, isSound: true, mustAnswer: false, findKey: stand.findKey }),
        ...(forgery === undefined ? [] : [forgery]),
      ]
    },
  }
}

function visitOf(pieces: readonly Buffer[], method: string, leave: Leave): Visit {
  return { pieces, pauseMs: 0, methods: [method], expected: leave === 'answered' ? 1 : undefined, leave }
}

/** What is long in one piece: a scan of it that is not linear takes the loop. */
function heavyScript(choices: Choices): Script {
  return choices.oneIn(2)
    ? plainScript(bytesOf(manyEvents(choices, 300_000)), 'text/event-stream')
    : plainScript(bytesOf(bigJson(choices, 800_000)), 'application/json')
}

function gatewayTarget(subject: SubjectName, name: string, title: string, share: number): Target {
  return {
    name,
    title,
    onSockets: true,
    share,
    batch: 512,
    open: (context) => openSocketTarget(context, { subject, make: makeGatewayInput }),
  }
}

const pageAnswers: AnswerGrammar = {
  bodies: [pageBody, pageBody, chatBody, streamBody, { type: 'image/png', body: () => '\x89PNG\r\n\x1a\n\0' }],
  names: ['ETag', 'Last-Modified', 'Content-Range', 'Link', 'Alt-Svc', 'Refresh'],
  key: undefined,
}

function makeBackendInput(choices: Choices, number: number, { findKey }: Stand): SocketInput {
  const method = choices.pick(['GET', 'GET', 'POST', 'HEAD', 'PUT', 'OPTIONS'])
  const script = answerScript(choices, pageAnswers)
  // The quick road takes short bodies of a stated length; what comes in chunks takes the other.
  const framing =
    method === 'POST'
      ? 'Content-Length: 8\r\n\r\nname=ada'
      : method === 'PUT'
        ? 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
        : '\r\n'
  const accepts = choices.oneIn(3) ? 'Accept: text/html\r\n' : ''
  const text = `${method} /answers/${markOf(number)} HTTP/1.1\r\nHost: sidecar.test\r\n${accepts}${framing}`
  const visit = visitOf([bytesOf(text)], method, leaveOf(choices, script.ending === 'hang'))
  return {
    visit,
    scripts: { backend: script },
    judge: (received) => judge(received, { visit, isSound: true, mustAnswer: false, findKey }),
  }
}

export const answerTargets: readonly Target[] = [
  gatewayTarget('sidecar', 'gateway-answers', 'answers of gateways, node listener', 16),
  gatewayTarget('express', 'express-answers', 'answers of gateways, Express door', 6),
  {
    name: 'backend-answers',
    title: 'answers of the backend, both roads',
    onSockets: true,
    share: 14,
    batch: 512,
    open: (context) => openSocketTarget(context, { subject: 'sidecar', make: makeBackendInput }),
  },
]
