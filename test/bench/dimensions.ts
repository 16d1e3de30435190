import type { GrowthSize } from './grown-config.js'

/** What grows along a chart while everything else stays. */
export interface Dimension {
  readonly name: 'keys' | 'rules' | 'tenants' | 'limits' | 'streams' | 'bodies'
  /** What stands below the chart. */
  readonly title: string
  readonly steps: readonly number[]
  readonly sizeAt: (count: number) => GrowthSize
}

const few = { keys: 10, rules: 10 }

/** Every dimension. Streams are opened before they are measured, and held; bodies are how long a request is, whose cost grows by its nature. */
export const dimensions: readonly Dimension[] = [
  {
    name: 'keys',
    title: 'keys, each with a binding and a secret of its own',
    steps: [10, 100, 1000, 10_000, 100_000],
    sizeAt: (keys) => ({ ...few, name: `${keys} keys`, keys }),
  },
  {
    name: 'rules',
    title: 'rules of policy, each of a user of its own',
    steps: [10, 100, 1000, 10_000],
    sizeAt: (rules) => ({ ...few, name: `${rules} rules`, rules }),
  },
  {
    name: 'tenants',
    title: 'tenants that call in turn, each with a credential, a binding and a key of its own',
    steps: [10, 100, 1000, 10_000],
    sizeAt: (tenants) => ({ ...few, name: `${tenants} tenants`, keys: tenants, callers: tenants }),
  },
  {
    name: 'limits',
    title: 'limits, each of a user of its own',
    steps: [10, 100, 1000, 10_000],
    sizeAt: (limits) => ({ ...few, name: `${limits} limits`, limits }),
  },
  {
    name: 'streams',
    title: 'streams that are open and silent meanwhile',
    steps: [1, 10, 100, 1000, 10_000],
    sizeAt: (streams) => ({ ...few, name: `${streams} streams` }),
  },
  {
    name: 'bodies',
    title: 'bytes of the request, which are all read and checked',
    steps: [1000, 10_000, 100_000, 1_000_000, 4_000_000],
    sizeAt: (bytes) => ({ ...few, name: `${bytes} bytes` }),
  },
]
