/**
 * What is mutated: for each subject the files that decide, at most 2,500 lines together, and the tests that reach them. The
 * tests run in the process of the mutant: none of them starts a program. `subjects.test.ts` looks at both.
 *
 * @type {Readonly<Record<string, { readonly files: readonly string[], readonly tests: readonly string[] }>>}
 */
export const subjects = {
  bindings: {
    files: ['packages/core/src/lib/field-index.ts', 'packages/core/src/resolve/bindings.ts', 'packages/core/src/resolve/resolve.ts'],
    tests: ['test/core/bindings.test.ts', 'test/core/many-rules.test.ts'],
  },
  policies: {
    files: ['packages/core/src/police/check-model.ts', 'packages/core/src/police/policies.ts', 'packages/protocol/src/name-pattern.ts'],
    tests: ['test/core/many-rules.test.ts', 'test/core/policies.test.ts', 'test/protocol/name-pattern.test.ts'],
  },
  'header rules': {
    files: [
      'packages/core/src/forward/header-filter.ts',
      'packages/gateways/src/key-names.ts',
      'packages/gateways/src/steering-names.ts',
      'packages/instance/src/backend/header-rules.ts',
    ],
    tests: [
      'test/core/answer-headers.test.ts',
      'test/core/header-rules.test.ts',
      'test/gateways/key-names.test.ts',
      'test/gateways/steering-names.test.ts',
    ],
  },
  paths: {
    files: [
      'packages/core/src/resolve/decode-path.ts',
      'packages/core/src/resolve/find-endpoint.ts',
      'packages/core/src/resolve/read-endpoint-path.ts',
      'packages/gateways/src/closed-path.ts',
    ],
    tests: ['test/core/endpoint-paths.test.ts', 'test/core/targets.test.ts'],
  },
  'hash ring': {
    files: ['packages/config/src/hash-ring.ts', 'packages/identity/src/ring-lookup.ts', 'packages/identity/src/service-verifier.ts'],
    tests: ['test/core/hash-ring.test.ts', 'test/core/service-callers.test.ts'],
  },
  'Act-As': {
    files: ['packages/identity/src/act-as.ts', 'packages/protocol/src/plain-name.ts'],
    tests: ['test/core/act-as.test.ts'],
  },
  'strict JSON': {
    files: [
      'packages/core/src/read/strict-content-type.ts',
      'packages/core/src/read/strict-json.ts',
      'packages/core/src/read/strict-names.ts',
    ],
    tests: ['test/core/strict-json.test.ts', 'test/core/strict-content-type.test.ts'],
  },
  'leak search': {
    files: [
      'packages/core/src/forward/leak/key-forms.ts',
      'packages/core/src/forward/leak/key-search.ts',
      'packages/core/src/forward/leak/leak-search.ts',
      'packages/core/src/forward/leak/unescape.ts',
    ],
    tests: ['test/core/key-forms.test.ts', 'test/core/leak-search.test.ts'],
  },
  framing: {
    files: [
      'packages/core/src/lib/is-host.ts',
      'packages/instance/src/backend/check-framing.ts',
      'packages/instance/src/doors/fault-of-head.ts',
    ],
    tests: ['test/core/framing.test.ts', 'test/core/is-host.test.ts'],
  },
}
