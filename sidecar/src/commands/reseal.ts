import { resealRing } from '@postern/instance'
import { countOf } from '../count-of.js'
import { whileAudited } from '../keys/audit-change.js'
import { withRing } from '../keys/open-ring.js'
import { print, printJson } from '../print.js'
import { createProgress } from '../usage/progress.js'

/**
 * Seals and marks the whole ring anew under the first master key.
 *
 * @returns The exit code: 1 if a row could not be read, and stays as it is.
 */
export async function resealKeys({ config, json }: { readonly config: string; readonly json?: boolean }): Promise<number> {
  return withRing(config, async (open) => {
    const { ring, masterKeys } = open
    const progress = createProgress()
    const { keys, bindings, broken, brokenCount } = await whileAudited(open, { what: 'keys_resealed', master_key: masterKeys.first }, () =>
      resealRing(ring, masterKeys, (share) => progress.tell(share)).finally(() => progress.end()),
    )
    if (json === true) printJson({ master_key: masterKeys.first, keys, bindings, broken: brokenCount, first_broken: broken })
    else {
      print(`Sealed anew under ${masterKeys.first}: ${countOf(keys, 'key')} and ${countOf(bindings, 'binding')}. The rest was already.`)
      for (const { what, reason } of broken) print(`  ${what} cannot be read, and stays as it is: ${reason}`)
      if (brokenCount > broken.length) print(`  and ${brokenCount - broken.length} more`)
      if (brokenCount === 0) print('No row needs another master key now: the others can be taken out of keyRing.masterKeys.')
    }
    return brokenCount === 0 ? 0 : 1
  })
}
