import type { Choices } from '../choices.js'
import { bigJson } from '../inputs/json.js'
import { type RequestGrammar, type RequestParts, requestVisit } from '../inputs/request.js'
import { markOf } from '../stand/behind.js'
import { dialects, type Secrets } from '../stand/secrets.js'
import type { Stand, SubjectName } from '../stand/stand.js'
import type { Script } from '../stand/upstream.js'
import type { Target } from '../target.js'
import { judge } from './judge.js'
import { openSocketTarget, type SocketInput } from './sockets.js'

const chat = '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}'

function apiGrammar({ callers }: Secrets): RequestGrammar {
  return {
    sound(choices) {
      const body = choices.oneIn(200)
        ? bigJson(choices, 1_000_000)
        : choices.pick([chat, chat, chat.replace('{', '{"stream":true,'), chat.replace('{', '{"n":3,')])
      const caller = choices.oneIn(6) ? choices.pick(dialects) : 'openai'
      return {
        method: 'POST',
        target: '/ai/v1/chat/completions',
        version: 'HTTP/1.1',
        headers: [
          ['Host', 'sidecar.test'],
          ['Authorization', `Bearer ${callers[caller]}`],
          ['Content-Type', 'application/json'],
        ],
        body,
        framing: choices.oneIn(4) ? 'chunks' : 'length',
      }
    },
    targets: [
      '/ai',
      '/ai/',
      '/ai/v1',
      '/ai/v1/models',
      '/ai/v1/responses',
      '/ai/v1/embeddings',
      '/ai/v1/completions',
      '/ai/v1/messages',
      '/ai/v1/files',
      '/ai/v1/images/edits',
      '/ai/v1/audio/speech',
      '/ai/v1/realtime/client_secrets',
      '/ai/session',
      '/ai/limits',
      '/ai/v1/../../x',
      '/ai/v1/chat%2fcompletions',
      '/AI/v1/chat/completions',
      'http://sidecar.test/ai/v1/models',
      'http://other.test/ai/v1/models',
      '//ai/v1/models',
      '*',
      'sidecar.test:443',
      '/',
    ],
  }
}

/** The door to the API. */
function apiTarget(subject: SubjectName, name: string, title: string, share: number): Target {
  return {
    name,
    title,
    onSockets: true,
    share,
    batch: 512,
    open: (context) =>
      openSocketTarget(context, {
        subject,
        make: (choices, _, stand) => requestInput(choices, apiGrammar(stand.secrets), stand),
      }),
  }
}

function requestInput(choices: Choices, grammar: RequestGrammar, { findKey }: Stand, more: Partial<SocketInput> = {}): SocketInput {
  const visit = requestVisit(choices, grammar)
  return { ...more, visit, judge: (received) => judge(received, { visit, isSound: visit.isSound, mustAnswer: true, findKey }) }
}

/** Paths outside the mount, where one road is quick and the other takes everything. */
function pageGrammar(mark: string): RequestGrammar {
  const target = `/pages/${mark}`
  return {
    sound(choices): RequestParts {
      const method = choices.pick(['GET', 'GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
      return {
        method,
        target,
        version: 'HTTP/1.1',
        headers: [
          ['Host', 'sidecar.test'],
          ['Cookie', 'theme=dark'],
          ['Accept', 'text/html'],
        ],
        body: method === 'GET' || method === 'OPTIONS' ? '' : 'name=ada'.repeat(choices.pick([1, 1, 100, 3000])),
        framing: method === 'GET' || method === 'OPTIONS' ? 'none' : choices.pick(['length', 'length', 'chunks'] as const),
      }
    },
    targets: [
      target,
      '/',
      '/a/../b',
      '/%2e%2e/',
      '*',
      'http://sidecar.test/x',
      'http://other.test/x',
      'sidecar.test:80',
      '/a?b=c&d',
      '/.well-known/postern/jwks.json',
      '/ai../x',
    ],
  }
}

const neverAnswered: Script = { pieces: [], pauseMs: 0, ending: 'hang' }

export const requestTargets: readonly Target[] = [
  apiTarget('sidecar', 'mount', 'requests under the mount, node listener', 12),
  apiTarget('express', 'express', 'requests at the Express door', 8),
  {
    name: 'backend-requests',
    title: 'requests to the backend, both roads',
    onSockets: true,
    share: 14,
    batch: 512,
    open: (context) =>
      openSocketTarget(context, {
        subject: 'sidecar',
        make(choices, number, stand) {
          const hangs = choices.oneIn(12)
          const input = requestInput(choices, pageGrammar(markOf(number)), stand)
          // A backend that does not answer: whoever leaves must take its request along.
          if (!hangs) return input
          const leave = input.visit.leave === 'answered' ? 'half closed' : input.visit.leave
          const visit = { ...input.visit, leave, expected: undefined }
          return {
            visit,
            scripts: { backend: neverAnswered },
            judge: (received) => judge(received, { visit, isSound: false, mustAnswer: false, findKey: stand.findKey }),
          }
        },
      }),
  },
  {
    name: 'admin',
    title: 'requests on the admin socket',
    onSockets: true,
    share: 3,
    batch: 256,
    open: (context) =>
      openSocketTarget(context, {
        subject: 'sidecar',
        make: (choices, _, stand) => requestInput(choices, adminGrammar(stand.secrets), stand, { at: 'admin' }),
      }),
  },
]

function adminGrammar({ admin }: Secrets): RequestGrammar {
  return {
    sound(choices) {
      const [target, body] = choices.pick([
        ['/readyz', ''],
        ['/admin/v1/sessions', '{"user":"fuzz-7","ttl":60}'],
        ['/admin/v1/revocations', '{"user":"fuzz-7"}'],
        ['/admin/v1/revocations', '{"id":"fuzz-7"}'],
        ['/healthz', ''],
      ])
      return {
        method: body === '' ? 'GET' : 'POST',
        target,
        version: 'HTTP/1.1',
        headers: [
          ['Host', 'localhost'],
          ['Authorization', `Bearer ${admin}`],
          ['Content-Type', 'application/json'],
        ],
        body,
        framing: body === '' ? 'none' : choices.oneIn(4) ? 'chunks' : 'length',
      }
    },
    targets: ['/livez', '/metrics', '/admin/v1/keys', '/admin/v1/', '/admin', '//readyz', '/%00', '/admin/v1/sessions/..', '*'],
  }
}
