/** A gateway that this package emulates. */
export type EmulatedGateway = 'joytoken' | 'opentoken' | 'freeai' | 'onysoft' | 'mintoken'

/** Every gateway that this package emulates. */
export const EMULATED_GATEWAYS: readonly EmulatedGateway[] = ['joytoken', 'opentoken', 'freeai', 'onysoft', 'mintoken']
