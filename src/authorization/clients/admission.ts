import { log } from '#lib/log.ts'
import { knownClients } from './known-clients.ts'
import { isLoopbackRedirect } from '../login/redirect-places.ts'

/** Which clients may ask (decision 16). `clients` and `redirectHosts` are the operator's, and add to `known`. */
export interface AdmissionSettings {
  mode: 'known' | 'listed' | 'open'
  /** `client_id`s, letter by letter: URLs of documents, or ids of registrations. */
  clients: readonly string[]
  redirectHosts: readonly string[]
}

/** Why a client is not admitted. `scheme`: nobody is answered there, whoever asks (RFC 8252 §8.4, OAuth 2.1 §2.3.1). */
export type NotAdmitted = 'client-id' | 'document' | 'redirect' | 'scheme'

// What the library gives out at registration has 16 of these characters. No URL fits this, however it is written, so
// everything else is a URL that somebody has to have admitted, or nothing that storage should be asked for.
const REGISTERED_ID = /^[A-Za-z0-9_-]{1,64}$/

// A document's URL as anyone may name one under `open`: a public name, no port, no query that could be an open
// redirector's, nothing encoded (draft-ietf-oauth-client-id-metadata-document-00 §3, §6.5).
const PUBLIC_DOCUMENT = /^https:\/\/(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?:\/[\w.~-]+)+$/
const PRIVATE_NAME = /\.(?:localhost|local|internal|home\.arpa)$/

const fits = (pattern: string | RegExp, text: string) =>
  typeof pattern === 'string' ? pattern === text : pattern.test(text)
const nameOf = (kind: 'documents' | 'redirects', text: string): string | null =>
  knownClients.find((client) => client[kind].some((pattern) => fits(pattern, text)))?.label ?? null
const isLoopbackKnown = knownClients.some(({ isLoopback }) => isLoopback)

/**
 * A client with a document is judged by its `client_id`, which is the one thing it can prove; one that registered
 * itself proves nothing, and is judged by where the answer to this request would go.
 */
export class Admission {
  readonly #settings: AdmissionSettings
  #isLoud: boolean

  constructor(settings: AdmissionSettings, { isLocal }: { isLocal: boolean }) {
    this.#settings = settings
    this.#isLoud = settings.mode === 'open' && !isLocal
  }

  /** Whether the library may look a `client_id` up: for a URL that is a request to whoever is named in it. */
  refuseClientId(clientId: string): NotAdmitted | null {
    this.#sayThatItIsOpen()
    const { mode, clients } = this.#settings
    if (REGISTERED_ID.test(clientId) || clients.includes(clientId)) return null
    if (!clientId.includes(':')) return 'client-id'
    if (mode === 'known' && nameOf('documents', clientId) !== null) return null
    return mode === 'open' && isPublicDocument(clientId) ? null : 'document'
  }

  /** Whether this client may have its answer there. The library compares it with what is registered. */
  refuseRequest(clientId: string, redirectUri: string): NotAdmitted | null {
    const denial = this.refuseClientId(clientId)
    if (denial !== null) return denial
    if (URL.canParse(redirectUri) && !/^https?:$/.test(new URL(redirectUri).protocol)) return 'scheme'
    if (!REGISTERED_ID.test(clientId) || this.#settings.clients.includes(clientId)) return null
    return this.admitsRedirect(redirectUri) ? null : 'redirect'
  }

  admitsRedirect(redirectUri: string): boolean {
    this.#sayThatItIsOpen()
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

  /** Our own name for whoever proved to be known: by its document, or by an address that only it answers at. */
  labelOf(clientId: string, redirectUri: string): string | null {
    return REGISTERED_ID.test(clientId) ? nameOf('redirects', redirectUri) : nameOf('documents', clientId)
  }

  get mode(): AdmissionSettings['mode'] {
    return this.#settings.mode
  }

  /** Loud, and once per isolate: a server that the internet reaches takes every client because somebody said so. */
  #sayThatItIsOpen() {
    if (!this.#isLoud) return
    this.#isLoud = false
    log.error('admission.open', { setting: 'CLIENT_ADMISSION', docs: 'docs/connect.md' })
  }
}

/** The URL parser has to agree with the letters, or what we compared is not what would be fetched. */
const isPublicDocument = (clientId: string): boolean =>
  PUBLIC_DOCUMENT.test(clientId) &&
  URL.canParse(clientId) &&
  new URL(clientId).href === clientId &&
  !PRIVATE_NAME.test(new URL(clientId).hostname)
