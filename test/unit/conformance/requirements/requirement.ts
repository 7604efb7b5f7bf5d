/**
 * A requirement of the MCP specification for a server that is its own authorization server and signs users in at
 * another identity provider: revision 2026-07-28 (and 2025-11-25 where it differs), the security best practices ("SBP")
 * and the RFCs they refer to. Each one has tests, or a reason why it has none.
 */
export interface Requirement {
  readonly id: number
  readonly level: 'MUST' | 'SHOULD'
  readonly asks: string
  readonly section: string
  /** `file#title` */
  readonly testedBy?: readonly string[]
  /** Why there is no test, or what the tests do not cover. */
  readonly reason?: string
}

/** Test files that several requirements name. A constant with `#` names one test. */
export const ASKED = 'test/e2e/what-the-specifications-ask.test.ts'
export const LOGIN = 'test/e2e/a-login-checks-everything.test.ts'
export const DECIDES = 'test/e2e/what-a-user-decides.test.ts'
export const OTHERS = 'test/e2e/nobody-sees-anothers.test.ts'
export const CANARY = 'test/attack/canary.test.ts'
export const FLOOD = 'test/attack/authorize-is-flooded.test.ts'
export const FORGED = 'test/attack/callback-is-forged.test.ts'
export const DOWN = 'test/attack/pingone-is-down.test.ts'
export const GARBAGE = 'test/attack/mcp-is-fed-garbage.test.ts'
export const NAMES = 'test/attack/names-that-deceive.test.ts'
export const PAGES = 'test/attack/every-page-is-armoured.test.ts'
export const PRIVATE = 'test/attack/client-names-a-private-address.test.ts'
export const HTTP = 'test/workers/mcp/http.test.ts'
export const DOCUMENTS = 'test/workers/admission/documents.test.ts'
export const REAL = 'test/workers/admission/real-clients.test.ts'
export const REGISTRATION = 'test/workers/admission/registration.test.ts'
export const CONSENT = 'test/unit/pages/consent-page.test.tsx'
export const CONFIG = 'test/unit/config.test.ts'
export const SPEC = 'test/workers/mcp/specification-2026.test.ts'
export const ANSWERS = 'test/workers/mcp/specification-2026-answers.test.ts'
export const OLDER = 'test/workers/mcp/specification-2025.test.ts'
export const READS = 'test/workers/mcp/reads.test.ts'
export const TRANSPORTS = 'test/workers/mcp/tools.test.ts'
export const LONG = 'test/workers/mcp/long-work.test.ts'
export const ASKING = 'test/workers/mcp/asking.test.ts'
export const STATE = 'test/workers/mcp/request-state.test.ts'
export const SESSIONS = 'test/workers/mcp/sessions.test.ts'
export const HOLD = 'test/e2e/grants-hold.test.ts'
export const STOLEN = 'test/attack/tokens-are-stolen.test.ts'
export const REACH = 'test/attack/arguments-that-reach-further.test.ts'
export const WORDS = 'test/attack/words-for-a-model.test.ts'

export const BOTH_DOCUMENTS = `${ASKED}#both documents are where the specifications put them, and say the same as the addresses do`
export const NO_TOKEN = `${ASKED}#who brings no token is told where to get one and for what, and nothing else`
export const TOKENS = `${ASKED}#tokens come as JSON that nobody keeps, live an hour, and the code and the refresh token open nothing`
export const CODE = `${ASKED}#a code is for its client and its redirect URI, and when it comes twice its tokens end`
export const RESOURCE = `${ASKED}#the resource may be left out or be written in capitals, and cannot be changed afterwards`
export const NOT_OURS = `${OTHERS}#a bearer that this server did not make is 401 and touches nothing`
export const ANSWERED_HERE = `${LOGIN}#a request with %j is answered here: its redirect is not to be trusted`
export const GOES_BACK = `${LOGIN}#a request with %j goes back to its client as %s`
export const BEFORE_THE_CLICK = `${LOGIN}#nothing reaches PingOne before the click, and what was set before the click opens no callback`
export const OUR_FORM = `${LOGIN}#our form works only in the browser that has the page, and not from another site`
export const BROKEN_DOCUMENT = `${DOCUMENTS}#a document that %s: 503, a page, no redirect`
export const SUITE =
  'test/conformance/conformance.test.ts#nothing fails, and there is no warning: every required scenario of both revisions, and the login'
export const REFRESHING = `${DECIDES}#refreshing gives a working pair without asking anybody; revoking ends it`
