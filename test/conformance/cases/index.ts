import type { EmulatedGateway } from '@postern/emulator'
import type { ConformanceCase } from '../conformance-case.js'
import { freeai } from './freeai.js'
import { joytoken } from './joytoken.js'
import { mintoken } from './mintoken.js'
import { onysoft } from './onysoft.js'
import { opentoken } from './opentoken.js'

/** The contract of each gateway, a case for every row. */
export const contracts: Readonly<Record<EmulatedGateway, readonly ConformanceCase[]>> = { joytoken, opentoken, freeai, onysoft, mintoken }
