import { log } from '#lib/log.ts'
import { knownClients } from './known-clients.ts'
import { isLoopbackRedirect } from '../login/redirect-uri.ts'

/** The operator's settings (decision 16). `clients` and `redirectHosts` add to `known`. */
export interface AdmissionSettings {
  mode: 'known' | 'listed' | 'open'
  /** Exact `client_id`s: URLs of metadata documents, or ids of registrations. */
  clients: readonly string[]
  redirectHosts: readonly string[]
}

/** `scheme`: no client gets an answer at a private-use scheme (RFC 8252 §8.4, OAuth 2.1 §2.3.1). */
export type AdmissionDenial = 'client-id' | 'document' | 'redirect' | 'scheme'

// The library's ids of registrations have 16 of these characters. No spelling of a URL matches.
const REGISTERED_ID = /^[A-Za-z0-9_-]{1,64}$/

// The metadata documents under `open`: a public host, no port, no query (it could be an open redirector's), nothing
// encoded (draft-ietf-oauth-client-id-metadata-document-00 §3, §6.5).
const PUBLIC_DOCUMENT = /^https:\/\/(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?:\/[\w.~-]+)+$/
const PRIVATE_NAME = /\.(?:localhost|local|internal|home\.arpa)$/

const fits = (pattern: string | RegExp, text: string) =>
  typeof pattern === 'string' ? pattern === text : pattern.test(text)
const nameOf = (kind: 'documents' | 'redirects', text: string): string | null =>
  knownClients.find((client) => client[kind].some((pattern) => fits(pattern, text)))?.label ?? null
const isLoopbackKnown = knownClients.some(({ isLoopback }) => isLoopback)

/**
 * Admits a client with a metadata document by its `client_id`, the only thing that it can prove. A registered client
 * proves nothing, so it is admitted by the redirect URI of the request.
 */
export class Admission {
  readonly #settings: AdmissionSettings
  #mustReport: boolean

  constructor(settings: AdmissionSettings, { isLocal }: { isLocal: boolean }) {
    this.#settings = settings
    this.#mustReport = settings.mode === 'open' && !isLocal
  }

  /** Call it before the library looks a `client_id` up: for a URL that is a request to the host in it. */
  refuseClientId(clientId: string): AdmissionDenial | null {
    this.#reportOpen()
    const { mode, clients } = this.#settings
    if (REGISTERED_ID.test(clientId) || clients.includes(clientId)) return null
    if (!clientId.includes(':')) return 'client-id'
    if (mode === 'known' && nameOf('documents', clientId) !== null) return null
    return mode === 'open' && isPublicDocument(clientId) ? null : 'document'
  }

  /** Checks client and redirect URI. The library checks that the redirect URI is registered. */
  refuseRequest(clientId: string, redirectUri: string): AdmissionDenial | null {
    const denial = this.refuseClientId(clientId)
    if (denial !== null) return denial
    if (URL.canParse(redirectUri) && !/^https?:$/.test(new URL(redirectUri).protocol)) return 'scheme'
    if (!REGISTERED_ID.test(clientId) || this.#settings.clients.includes(clientId)) return null
    return this.admitsRedirect(redirectUri) ? null : 'redirect'
  }

  admitsRedirect(redirectUri: string): boolean {
    this.#reportOpen()
    const { mode, redirectHosts } = this.#settings
    if (mode === 'open') return true
    if (!URL.canParse(redirectUri)) return false
    const { protocol, username, password, hostname, host } = new URL(redirectUri)
    if (username !== '' || password !== '') return false
    if (isLoopbackRedirect(redirectUri))
      return (mode === 'known' && isLoopbackKnown) || redirectHosts.includes(hostname)
    if (protocol === 'https:' && redirectHosts.includes(host)) return true
    return mode === 'known' && nameOf('redirects', redirectUri) !== null
  }

  /** Our own name for a known client that proved itself: by its document, or by a redirect URI that only it has. */
  labelOf(clientId: string, redirectUri: string): string | null {
    return REGISTERED_ID.test(clientId) ? nameOf('redirects', redirectUri) : nameOf('documents', clientId)
  }

  get mode(): AdmissionSettings['mode'] {
    return this.#settings.mode
  }

  /** Once per isolate: a public server admits every client. */
  #reportOpen() {
    if (!this.#mustReport) return
    this.#mustReport = false
    log.error('admission.open', { setting: 'CLIENT_ADMISSION', docs: 'docs/connect.md' })
  }
}

/** The URL parser must not change the text: otherwise another URL is fetched than was compared. */
const isPublicDocument = (clientId: string): boolean =>
  PUBLIC_DOCUMENT.test(clientId) &&
  URL.canParse(clientId) &&
  new URL(clientId).href === clientId &&
  !PRIVATE_NAME.test(new URL(clientId).hostname)
