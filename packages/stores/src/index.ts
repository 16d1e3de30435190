export type { Store } from '@postern/core'
