import { rememberNames, squashName } from './squash-name.js'

/** Some gateways, and clients, put what stands in `extra_body` beside the outermost members; the others are what JavaScript looks into by itself. */
const merged = new Set(['extrabody', 'proto', 'constructor', 'prototype'])

/** Whether what stands in a member of this name could be taken for members of the whole body. */
export const isMergedName = rememberNames((name) => merged.has(squashName(name)))
