import type { CheckedConfig, KeySourceReference } from '@postern/config'
import { type Dispatcher, type Dispatchers, openDispatchers } from '@postern/core'
import { describeProxy, type Secret, type Uses } from '@postern/ports'
import { resolve } from 'node:path'
import { createExecSource } from './exec-source.js'
import type { SecretSource } from './secret-source.js'
import { createExchangeSource, createOauthSource, type TokenPlace } from './token-source.js'
import { Turns } from './turns.js'
import { VaultClient } from './vault-client.js'
import type { VaultPlace } from './vault-place.js'
import { createVaultSource } from './vault-source.js'

/** How many questions to sources of one kind run at once. */
const mostAtOnce = { vault: 8, exec: 4, oauth: 8, tokenExchange: 8 } as const

/** A source of a configuration, and what it is compared by. */
export interface OpenSource {
  readonly kind: SecretSource['kind']
  /** Which secret it gives, whoever asks. */
  readonly place: object
  /** The same, with everything that it is asked with. */
  readonly settings: object
  readonly turns: Turns
  readonly open: () => SecretSource
}

/** Prepares the source that a key refers to. @param path The setting, such as `keys.acme.secret`. */
export function prepareSource(checked: CheckedConfig, uses: Uses, path: string, reference: KeySourceReference): OpenSource {
  const kind = kindOf(reference)
  const turns = uses.share('turns of sources of keys', kind, () => new Turns(mostAtOnce[kind]))
  return { kind, turns, ...settingsOf(checked, uses, path, reference) }
}

function kindOf(reference: KeySourceReference): SecretSource['kind'] {
  if ('vault' in reference) return 'vault'
  if ('exec' in reference) return 'exec'
  return 'oauth' in reference ? 'oauth' : 'tokenExchange'
}

type OfKind = Pick<OpenSource, 'place' | 'settings' | 'open'>

function settingsOf(checked: CheckedConfig, uses: Uses, path: string, reference: KeySourceReference): OfKind {
  const { secrets } = checked
  if ('vault' in reference) {
    const { url, namespace } = vaultOf(checked)
    const client = shareVault(checked, uses)
    return {
      place: { url, namespace, vault: reference.vault },
      settings: { vault: reference.vault, client: client.settings },
      open: () => createVaultSource(client.client, reference.vault),
    }
  }
  if ('exec' in reference) {
    const names = reference.variables ?? []
    const variables = new Map(names.map((name) => [name, secrets.get(`${path}.variables[${name}]`) as Secret]))
    return {
      place: { exec: reference.exec },
      settings: { exec: reference.exec, variables: [...variables].map(([name, value]) => [name, value.fingerprint()]) },
      open: () => createExecSource(reference.exec, variables),
    }
  }
  if ('oauth' in reference) {
    const { place, settings } = tokenPlace(checked, uses, `${path}.oauth`, reference.oauth)
    return { place: { ...settings.place }, settings, open: () => createOauthSource(place) }
  }
  const { subjectToken, subjectTokenType: type } = reference.tokenExchange
  const { place, settings } = tokenPlace(checked, uses, `${path}.tokenExchange`, reference.tokenExchange)
  const file = resolve(checked.directory, subjectToken.file)
  return {
    place: { ...settings.place, file, type },
    settings: { ...settings, file, type },
    open: () => createExchangeSource(place, { file, type }),
  }
}

type IssuerSettings = Omit<
  Extract<KeySourceReference, { readonly tokenExchange: object }>['tokenExchange'],
  'subjectToken' | 'subjectTokenType'
>

function tokenPlace(checked: CheckedConfig, uses: Uses, path: string, issuer: IssuerSettings) {
  const { url, auth, audience, resource, scope, clientId } = issuer
  const clientSecret = checked.secrets.get(`${path}.clientSecret`)
  const authority = checked.secrets.get(`${path}.ca`)
  const way = shareWay(checked, uses, new URL(url).origin, authority)
  const place: TokenPlace = { url, auth, audience, resource, scope, clientId, clientSecret, dispatcher: way.dispatcher }
  const compared = { url, audience, resource, scope, clientId }
  return { place, settings: { place: compared, auth, clientSecret: clientSecret?.fingerprint(), way: way.settings } }
}

function vaultOf({ config }: CheckedConfig): NonNullable<CheckedConfig['config']['vault']> {
  return config.vault as NonNullable<CheckedConfig['config']['vault']>
}

/** One client for all keys: it has one token. */
function shareVault(checked: CheckedConfig, uses: Uses): { readonly client: VaultClient; readonly settings: object } {
  const { url, namespace, appRole, redirects } = vaultOf(checked)
  const { secrets } = checked
  const [token, secretId, authority] = [secrets.get('vault.token'), secrets.get('vault.appRole.secretId'), secrets.get('vault.ca')]
  const origins = new Set([url, ...redirects].map((each) => new URL(each).origin))
  const ways = shareWays(checked, uses, origins, authority)
  const roleId = secrets.get('vault.appRole.roleId') ?? (appRole?.roleId as string)
  const settings = {
    url,
    namespace,
    token: token?.fingerprint(),
    mount: appRole?.mount,
    roleId: typeof roleId === 'object' ? roleId.fingerprint() : roleId,
    secretId: secretId?.fingerprint(),
    ways: [...ways].map(([, way]) => way.settings),
  }
  const role = appRole === undefined ? undefined : { roleId, secretId: secretId as Secret, mount: appRole.mount.replace(/\/+$/, '') }
  const place = { url: url.replace(/\/+$/, ''), namespace, token, appRole: role, origins }
  return { client: uses.share('vault', settings, () => openVault(place, ways), closeVault), settings }
}

// Functions of their own: one that is written above would keep the configuration for as long as the client is open.
function closeVault(client: VaultClient): void {
  client.close()
}

function openVault(place: Omit<VaultPlace, 'dispatcherFor'>, ways: ReadonlyMap<string, Way>): VaultClient {
  return new VaultClient({ ...place, dispatcherFor: (origin) => (ways.get(origin) as Way).dispatcher })
}

/** Connections to an origin, and what they are compared by. */
interface Way {
  readonly dispatcher: Dispatcher
  readonly settings: object
}

function shareWays(checked: CheckedConfig, uses: Uses, origins: Iterable<string>, authority: Secret | undefined): ReadonlyMap<string, Way> {
  return new Map([...origins].map((origin) => [origin, shareWay(checked, uses, origin, authority)]))
}

/** Connections to an origin that sources are asked at. */
function shareWay({ proxyOf }: CheckedConfig, uses: Uses, origin: string, authority: Secret | undefined): Way {
  const url = new URL(origin)
  const settings = { origin, authority: authority?.fingerprint(), proxy: describeProxy(proxyOf(url)) }
  const { dispatcher } = uses.share(
    'way to a source of keys',
    settings,
    () => {
      const dispatchers = openDispatchers(proxyOf)
      return { dispatchers, dispatcher: dispatchers.to(url, authority?.reveal()) }
    },
    closeDispatchers,
  )
  return { dispatcher, settings }
}

function closeDispatchers({ dispatchers }: { readonly dispatchers: Dispatchers }): Promise<void> {
  return dispatchers.close()
}
