import { rememberNames } from './remember-names.js'
import { squashName } from '@postern/gateways'

/**
 * `extra_body`: some gateways and clients move its members to the outermost object. The other names: JavaScript looks up
 * members through them.
 */
const merged = new Set(['extrabody', 'proto', 'constructor', 'prototype'])

/** Whether a server could take the members inside a member of this name for members of the whole body. */
export const isMergedName = rememberNames((name) => merged.has(squashName(name)))
