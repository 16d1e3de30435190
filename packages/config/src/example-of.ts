/** Returns an example of the group of settings at a path. An error message shows it if the configuration has another value there. */
export function exampleOf(path: string): string | undefined {
  return examples.find(([place]) => place.test(path))?.[1]
}

const gateway = '{ dialect: openai, baseURL: https://gateway.example.com/v1 }'
const secret = '{ secret: { env: NAME } }'

const examples: readonly (readonly [place: RegExp, example: string])[] = [
  [/^store$/, '{ sqlite: ./postern.db }'],
  [/^listen$/, '{ host: 127.0.0.1, port: 8787 }'],
  [/^backend$/, '{ url: http://127.0.0.1:3000 }'],
  [/^browser$/, '{ origins: [https://app.example.com] }'],
  [/^health$/, '{ port: 8789 }'],
  [/^ledger$/, '{ keep: 90d }'],
  [/^audit$/, '{ file: ./audit.jsonl }'],
  [/^reload$/, '{ watch: true }'],
  [/^shutdown$/, '{ deadline: 30s }'],
  [/^policies$/, '{ body: 10MiB }'],
  [/^gateways$/, `{ main: ${gateway} }`],
  [/^gateways\.[^.]+$/, gateway],
  [/^keys$/, '{ acme: { gateway: main, secret: { env: NAME } } }'],
  [/^keys\.[^.]+$/, '{ gateway: main, secret: { env: NAME } }'],
  [/^bindings\[\d+\]$/, '{ team: acme, key: acme }'],
  [/^callers$/, `{ session: ${secret} }`],
  [/^callers\.session$/, secret],
  [/^callers\.service$/, '{ hashes: { env: NAME } }'],
  [/^callers\.forwardAuth$/, '{ url: http://127.0.0.1:3000/api/me }'],
]
