import { clientTarget } from './client-streams.js'
import { settingTargets } from './settings.js'
import { textTargets } from './texts.js'
import type { ValueTarget } from './values.js'

/** Every target of functions; apart from the others, so that the thread that calls them loads nothing else. */
export const valueTargets: readonly ValueTarget[] = [...textTargets, ...settingTargets, clientTarget]
