/** PingOne accepts only the method that is configured for the application. */
type ClientAuth = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'

/** The organization of the environment; a constant. */
export const organizationId = '5e1d0a11-0000-4000-8000-00000000000a'

/** Fixed when the emulator starts. Values that can change at runtime are in switches.ts. */
export interface Settings {
  readonly origin: string
  readonly environmentId: string
  /** `<origin>/<environment id>` */
  readonly base: string
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly clientAuth: ClientAuth
  readonly clientJwks: string
  readonly clientJwksUri: string
  readonly redirectUris: readonly string[]
  readonly policyIds: readonly string[]
  readonly apiIdentifier: string
  readonly apiScopes: readonly string[]
}

/** The settings as environment variables; an empty one counts as unset. */
interface SettingTexts {
  readonly EMULATOR_ORIGIN: string
  readonly EMULATOR_ENVIRONMENT_ID: string
  readonly EMULATOR_CLIENT_ID: string
  readonly EMULATOR_CLIENT_SECRET: string
  readonly EMULATOR_CLIENT_AUTH: string
  readonly EMULATOR_CLIENT_JWKS: string
  readonly EMULATOR_CLIENT_JWKS_URI: string
  readonly EMULATOR_REDIRECT_URIS: string
  readonly EMULATOR_POLICY_IDS: string
  readonly EMULATOR_API_IDENTIFIER: string
  readonly EMULATOR_API_SCOPES: string
}

const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const

/** Throws an error that names every bad setting, without its value. */
export function readSettings(texts: SettingTexts): Settings {
  const bad: string[] = []
  const require = (name: keyof SettingTexts, holds: boolean): void => {
    if (!holds) bad.push(name)
  }
  const clientAuth = methods.find((method) => method === texts.EMULATOR_CLIENT_AUTH)
  const redirectUris = listed(texts.EMULATOR_REDIRECT_URIS, ',')
  const policyIds = listed(texts.EMULATOR_POLICY_IDS, ',')
  const apiScopes = listed(texts.EMULATOR_API_SCOPES, ' ')
  const { EMULATOR_CLIENT_JWKS: clientJwks, EMULATOR_CLIENT_JWKS_URI: clientJwksUri } = texts
  require('EMULATOR_ORIGIN', isOrigin(texts.EMULATOR_ORIGIN))
  require('EMULATOR_ENVIRONMENT_ID', /^[0-9a-f-]{36}$/.test(texts.EMULATOR_ENVIRONMENT_ID))
  require('EMULATOR_CLIENT_ID', texts.EMULATOR_CLIENT_ID !== '')
  require('EMULATOR_CLIENT_AUTH', clientAuth !== undefined)
  if (clientAuth === 'private_key_jwt') {
    require('EMULATOR_CLIENT_JWKS', clientJwks !== '' || clientJwksUri !== '')
  } else {
    require('EMULATOR_CLIENT_SECRET', texts.EMULATOR_CLIENT_SECRET !== '')
  }
  require('EMULATOR_REDIRECT_URIS', redirectUris.length > 0 && redirectUris.every((uri) => URL.canParse(uri)))
  require('EMULATOR_POLICY_IDS', policyIds.length > 0)
  require('EMULATOR_API_IDENTIFIER', texts.EMULATOR_API_IDENTIFIER !== '')
  require('EMULATOR_API_SCOPES', apiScopes.length > 0)
  if (bad.length > 0 || clientAuth === undefined) {
    throw new Error(`The PingOne emulator cannot start. Missing or wrong settings: ${bad.join(', ')}`)
  }
  const base = `${texts.EMULATOR_ORIGIN}/${texts.EMULATOR_ENVIRONMENT_ID}`
  return Object.freeze({
    origin: texts.EMULATOR_ORIGIN,
    environmentId: texts.EMULATOR_ENVIRONMENT_ID,
    base,
    issuer: `${base}/as`,
    clientId: texts.EMULATOR_CLIENT_ID,
    clientSecret: texts.EMULATOR_CLIENT_SECRET,
    clientAuth,
    clientJwks,
    clientJwksUri,
    redirectUris,
    policyIds,
    apiIdentifier: texts.EMULATOR_API_IDENTIFIER,
    apiScopes,
  })
}

const listed = (text: string, separator: string): string[] =>
  text
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '')

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text
