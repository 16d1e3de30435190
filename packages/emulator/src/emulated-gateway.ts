/** The gateways this package can stand in for. */
export type EmulatedGateway = 'joytoken' | 'opentoken' | 'freeai' | 'onysoft' | 'mintoken'

export const EMULATED_GATEWAYS: readonly EmulatedGateway[] = ['joytoken', 'opentoken', 'freeai', 'onysoft', 'mintoken']
