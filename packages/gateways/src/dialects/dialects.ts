import type { Dialects } from '../dialect.js'
import { freeai } from './freeai.js'
import { joytoken } from './joytoken.js'
import { mintoken } from './mintoken.js'
import { onysoft } from './onysoft.js'
import { openai } from './openai.js'
import { opentoken } from './opentoken.js'

/** Every dialect by its id. To add a gateway, write one file beside this one and add one name here. */
export const dialects = { joytoken, opentoken, freeai, onysoft, mintoken, openai } as const satisfies Dialects

/** The id of a built-in dialect. */
export type DialectId = keyof typeof dialects
/** The ids of the built-in dialects. */
export const dialectIds = Object.keys(dialects) as readonly DialectId[]
