import { afterAll, beforeAll, describe } from 'vitest'
import { type DoorName, doorNames, type House, type HouseOptions, openHouse } from './house.js'

/** Runs the same tests behind each door. All tests of a door share one house. */
export function forEachDoor(
  options: HouseOptions | (() => Promise<HouseOptions>),
  tests: (house: () => House, door: DoorName) => void,
): void {
  describe.each(doorNames)('behind the %s door', (door) => {
    let house: House
    beforeAll(async () => {
      house = await openHouse({ ...(typeof options === 'function' ? await options() : options), door })
    })
    afterAll(() => house.close())
    tests(() => house, door)
  })
}
