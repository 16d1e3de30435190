import type { Target } from '../target.js'
import { answerTargets } from './answers.js'
import { callerTargets } from './callers.js'
import { requestTargets } from './requests.js'
import { sessionTarget } from './session-endpoint.js'
import { upgradeTarget } from './upgrades.js'
import { valueTargets } from './value-targets.js'

/** Every place that inputs are thrown at, in the order of the report. */
export const targets: readonly Target[] = [
  ...requestTargets,
  sessionTarget,
  upgradeTarget,
  ...answerTargets,
  ...callerTargets,
  ...valueTargets,
]
