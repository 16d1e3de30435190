import { setTimeout as sleep } from 'node:timers/promises'
import { withRing } from '../../sidecar/src/keys/open-ring.js'
import type { TenantFolder, TenantPostern } from './many-tenants.js'

/** How often a call asks whether a change counts, in milliseconds. */
const betweenMs = 10

/**
 * Takes the binding of a tenant away, by a process that does not serve, and gives it back, as often as is asked for. Returns for each change
 * how long calls to any of the serving processes still went by what was before, in milliseconds.
 */
export async function timesOfChange(
  { config }: TenantFolder,
  serving: readonly TenantPostern[],
  tenant: number,
  times: number,
): Promise<readonly number[]> {
  const took: number[] = []
  await withRing(config, async ({ editor }) => {
    const whenAllAnswer = async (status: number): Promise<void> => {
      const from = performance.now()
      await Promise.all(
        serving.map(async (postern) => {
          while ((await postern.call(tenant)) !== status) await sleep(betweenMs)
        }),
      )
      took.push(performance.now() - from)
    }
    for (let time = 0; time < times; time += 1) {
      await Promise.all(serving.map((postern) => postern.call(tenant)))
      await editor.unbind({ team: `tenant-${tenant}` })
      await whenAllAnswer(403)
      await editor.bind(`tenant-${tenant}`, { team: `tenant-${tenant}` })
      await whenAllAnswer(200)
    }
  })
  return took
}
