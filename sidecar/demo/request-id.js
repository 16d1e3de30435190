import { element } from './element.js'

const parts = ['workflow', 'step', 'ulid', 'attempt']

/**
 * The request id with its four parts marked. Its text is the id itself; the style sheet adds the names of the parts.
 *
 * @param {string} id `workflow.step.ulid.attempt`
 * @returns {Node[]}
 */
export function requestIdNodes(id) {
  const texts = id.split('.')
  if (texts.length !== parts.length) return [document.createTextNode(id)]
  return texts.flatMap((text, index) => {
    const part = element('span', { class: 'id-part', 'data-part': parts[index] }, text)
    return index === 0 ? [part] : [element('span', { class: 'id-dot' }, '.'), part]
  })
}
