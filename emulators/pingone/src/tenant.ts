import { DurableObject } from 'cloudflare:workers'
import { json, oauthError, page, platformError, readParameters, type Answer } from './http.ts'
import { answerControl } from './control.ts'
import { findEndpoint, type Context, type Endpoint } from './endpoints.ts'
import { faultableEndpoints, faultyAnswer, deliveryFaultHeader, deliveryFaultOf } from './faults.ts'
import { html, layout } from './pages/layout.ts'
import { words } from './pages/words.ts'
import { readSettings, type Settings } from './settings.ts'
import { openStore, readSwitches, type Store } from './store.ts'
import { count, record, shownParameters } from './timeline.ts'

/** The PingOne environment: one strongly consistent object. Delays happen in the Worker in front of it. */
export class Tenant extends DurableObject<Env> {
  readonly #settings: Settings
  readonly #store: Store

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#settings = readSettings(env)
    this.#store = openStore(ctx.storage.kv)
  }

  override async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url)
    if (url.pathname === '/__emulator' || url.pathname.startsWith('/__emulator/')) {
      return (await answerControl(request, url, this.#settings, this.#store)).response
    }
    const endpoint = findEndpoint(this.#settings.environmentId, url.pathname)
    if (endpoint) return this.#answer(endpoint, request, url)
    return this.#answerUnknown(url).response
  }

  async #answer(endpoint: Endpoint, request: Request, url: URL): Promise<Response> {
    const correlationId = crypto.randomUUID()
    const switches = readSwitches(this.#store)
    count(this.#store, endpoint.name)
    const parameters = await readParameters(request, url)
    const nowMs = Date.now()
    const nowSeconds = Math.floor(nowMs / 1000)
    const context: Context = {
      endpoint: endpoint.name,
      request,
      url,
      parameters: parameters ?? new URLSearchParams(),
      settings: this.#settings,
      switches,
      store: this.#store,
      correlationId,
      nowSeconds,
      stampSeconds: nowSeconds + switches.clockSkewSeconds,
    }
    const fault = faultableEndpoints
      .map((name) => (name === endpoint.name ? switches.faults[name] : undefined))
      .find(Boolean)
    const { response, reason } =
      (fault && faultyAnswer(fault, context)) ??
      (parameters
        ? await this.#handle(endpoint, context)
        : oauthError(context, 'invalid_request', 'The body is no form'))
    response.headers.set('correlation-id', correlationId)
    response.headers.set('date', new Date(context.stampSeconds * 1000).toUTCString())
    const deliveryFault = deliveryFaultOf(fault, switches.slowMs)
    if (deliveryFault) response.headers.set(deliveryFaultHeader, deliveryFault)
    record(this.#store, {
      at: new Date(nowMs).toISOString(),
      endpoint: endpoint.name,
      method: request.method,
      asked: shownParameters(endpoint.name, context.parameters),
      status: response.status,
      reason: deliveryFault ? `${reason} (fault ${fault ?? ''})` : reason,
      correlationId,
    })
    return response
  }

  async #handle(endpoint: Endpoint, context: Context): Promise<Answer> {
    const handle = endpoint.handle.get(context.request.method)
    if (!handle) return oauthError(context, 'invalid_request', 'Method not allowed', { status: 405 })
    try {
      return await handle(context)
    } catch (error) {
      // A bug of the emulator must be visible and must not look like PingOne.
      const text = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error)
      return page(
        layout(words.bug, html`<pre class="scroll" tabindex="0">${text}</pre>`, 'wide'),
        `bug: ${text}`,
        500,
      )
    }
  }

  #answerUnknown(url: URL): Answer {
    if (url.pathname.startsWith(`/${this.#settings.environmentId}/`)) {
      // M: PingOne's gateway answers this for an unknown path.
      const message = 'Invalid key=value pair (missing equal-sign) in Authorization header'
      return json({ message }, 'unknown path', 403)
    }
    // L: the answer for an unknown environment id.
    const correlationId = crypto.randomUUID()
    return platformError({ correlationId }, 'NOT_FOUND', 'The environment is not known', 404)
  }
}
