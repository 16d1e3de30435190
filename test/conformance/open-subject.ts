import type { EmulatedGateway } from '@postern/emulator'
import { type DoorName, openHouse } from '../support/house.js'
import { type Answer, type CallOptions, readAnswer, type Subject } from './subject.js'

/** A subject, and how to end it. */
export interface OpenSubject {
  readonly subject: Subject
  close(): Promise<void>
}

export interface SubjectOptions {
  readonly gateway: EmulatedGateway
  readonly door: DoorName
  /** A real gateway in place of the emulated one. */
  readonly real?: RealGateway
}

export interface RealGateway {
  readonly url: string
  readonly key: string
  readonly providerKey: string | undefined
  readonly project: string | undefined
  readonly model: string | undefined
}

/** Opens Postern behind a door, in front of a gateway. Retries are the client's here: a case is about one attempt. */
export async function openSubject({ gateway, door, real }: SubjectOptions): Promise<OpenSubject> {
  const house = await openHouse({
    gateway,
    door,
    settings: { attempts: 1 },
    ...(real === undefined
      ? {}
      : {
          baseURL: real.url,
          keys: sameKeys({ secret: real.key, ...(real.providerKey === undefined ? {} : { providerSecret: real.providerKey }) }),
          ...(real.project === undefined ? {} : { project: real.project }),
        }),
  })
  let from = 0

  async function call(path: string, { method, body, headers, credential }: CallOptions = {}): Promise<Answer> {
    from = house.emulator.seen.length
    const asIs = body instanceof FormData || Buffer.isBuffer(body)
    const response = await fetch(`${house.baseURL}/${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        authorization: `Bearer ${credential ?? house.callers.acme}`,
        ...(asIs || body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: asIs ? (body as BodyInit) : JSON.stringify(body) }),
    })
    const answer = await readAnswer(response)
    // The entry is written when the connection is through, which a client may see a moment earlier.
    await house.ledger.entry((entry) => entry.request_id === answer.header('x-request-id'))
    return answer
  }

  return {
    subject: {
      model: real?.model ?? house.model,
      keys: house.secrets,
      otherCaller: house.callers.globex,
      call,
      reached() {
        if (real !== undefined) throw new Error('A real gateway does not tell what reached it.')
        return house.emulator.seen.slice(from)
      },
      entry: () => {
        const entry = house.ledger.entries.at(-1)
        if (entry === undefined) throw new Error('Nothing is in the ledger.')
        return entry
      },
    },
    close: () => house.close(),
  }
}

function sameKeys<Key>(key: Key): { acme: Key; globex: Key } {
  return { acme: key, globex: key }
}
