/** The folders of the packages that are published. */
export const published = [
  'packages/client',
  'packages/config',
  'packages/core',
  'packages/emulator',
  'packages/express',
  'packages/gateways',
  'packages/guard',
  'packages/identity',
  'packages/instance',
  'packages/ports',
  'packages/protocol',
  'packages/server',
  'packages/stores',
  'sidecar',
]
