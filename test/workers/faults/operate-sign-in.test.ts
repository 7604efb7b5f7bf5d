import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { TokenError } from '#operate/api-schema.ts'
import { askedOfPingOne, callbackOf, fromOurPage } from '../oauth-client.ts'
import { groups } from '../pingone.ts'
import { type Answer, CHALLENGE, cookiesOf, VERIFIER } from '../wire.ts'
import { unwatchDeadlines, watchDeadlines } from './deadlines.ts'
import { alarms, breakDown, type Fault, heal, messagesTo, type Target } from './faults.ts'
import { OPERATED } from './operator.ts'
import { retryAfter, send } from './send.ts'
import { startIsolate } from './world.ts'

// An operator signs in while PingOne, an object or D1 is away: a page with 503, or the error of OAuth; never a denial.

beforeAll(() => {
  watchDeadlines()
  alarms.areHeld = true
})
beforeEach(() => startIsolate(OPERATED))
afterEach(heal)
afterAll(() => {
  alarms.areHeld = false
  unwatchDeadlines()
  startIsolate()
})

const REDIRECT = 'http://127.0.0.1:33419/operate'
const PAGE = `/operate/authorize?${new URLSearchParams({
  response_type: 'code',
  client_id: 'operate-cli',
  redirect_uri: REDIRECT,
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
  state: 'the-state',
}).toString()}`

/** One sign-in of the command line. Each step sends its request and returns the outcome as a word; a failed one may be sent again. */
class SignIn {
  readonly #subject = crypto.randomUUID()
  #cookies = ''
  #csrf = ''
  #back = ''
  #code = ''

  constructor() {
    groups.set(this.#subject, ['mcp-operators'])
  }

  readonly steps = {
    page: async () => {
      const answer = await send(PAGE, { headers: fromOurPage })
      this.#cookies = cookiesOf(answer)
      this.#csrf = /name="csrf" value="([^"]+)"/.exec(answer.text)?.[1] ?? ''
      return wordOf(answer, this.#csrf !== '')
    },
    click: async () => {
      const body = new URLSearchParams({ csrf: this.#csrf, decision: 'approve' })
      const headers = { ...fromOurPage, cookie: this.#cookies }
      const answer = await send(PAGE, { method: 'POST', body, headers })
      const asked = askedOfPingOne(answer.text)
      if (asked !== null) {
        this.#back = callbackOf(asked, this.#subject).replace('/callback', '/signed-in')
        this.#cookies = `${this.#cookies}; ${cookiesOf(answer)}`
      }
      return wordOf(answer, asked !== null)
    },
    back: async () => {
      const answer = await send(this.#back, { headers: { ...fromOurPage, cookie: this.#cookies } })
      const link = /href="(http:\/\/127[^"]+)"/.exec(answer.text)?.[1]?.replaceAll('&amp;', '&')
      this.#code = new URL(link ?? REDIRECT).searchParams.get('code') ?? ''
      return wordOf(answer, this.#code !== '')
    },
    token: async () => {
      const fields = { grant_type: 'authorization_code', client_id: 'operate-cli', redirect_uri: REDIRECT }
      const body = new URLSearchParams({ ...fields, code_verifier: VERIFIER, code: this.#code })
      const answer = await send('/operate/token', { method: 'POST', body })
      if (answer.status === 200) return 'ok'
      const { error } = TokenError.parse(JSON.parse(answer.text))
      const isTemporary = answer.status === 503 && error === 'temporarily_unavailable'
      return isTemporary && retryAfter(answer) > 0 ? 'later' : `${answer.status} ${error}`
    },
  }

  async until(last: StepName): Promise<this> {
    for (const step of STEPS.slice(0, STEPS.indexOf(last))) {
      const word = await this.steps[step]()
      if (word !== 'ok') throw new Error(`${step} ends with: ${word}`)
    }
    return this
  }
}

const STEPS = ['page', 'click', 'back', 'token'] as const
type StepName = (typeof STEPS)[number]

/** `sorry`: a page that says when to try again. */
function wordOf(answer: Answer, isGood: boolean): string {
  const { status, text, headers } = answer
  if (status === 200 && isGood) return 'ok'
  const title = /<title>([^<]*)/.exec(text)?.[1] ?? 'no page'
  const isPage = headers.get('content-type')?.startsWith('text/html') === true
  return status === 503 && isPage && retryAfter(answer) > 0 ? 'sorry' : `${status} ${title}`
}

const AWAY = ['500', 'timeout', 'reset', '429', 'html', 'malformed'] as const satisfies readonly Fault[]
const BINDING = ['500', 'timeout', '429'] as const satisfies readonly Fault[]

/** What fails where, and the word for it. */
const rows: readonly [StepName, Target, readonly Fault[], string][] = [
  ['page', 'd1', BINDING, 'ok'],
  ['page', 'user', BINDING, 'ok'],
  ['page', 'discovery', AWAY, 'ok'],
  ['click', 'd1', BINDING, 'ok'],
  ['click', 'user', BINDING, 'ok'],
  ['click', 'discovery', AWAY, 'sorry'],
  ['back', 'd1', BINDING, 'ok'],
  ['back', 'user', BINDING, 'sorry'],
  ['back', 'token', AWAY, 'sorry'],
  ['back', 'keys', AWAY, 'sorry'],
  ['token', 'd1', BINDING, 'ok'],
  ['token', 'user', BINDING, 'later'],
]

test.for(rows)('%s while %s fails', async ([step, target, faults, expected]) => {
  for (const fault of faults) {
    const signIn = await new SignIn().until(step)
    if (step === 'click' || step === 'back') startIsolate(OPERATED)
    breakDown(target, fault)
    const word = await signIn.steps[step]()
    const isMet = messagesTo(target) > 0
    heal()
    expect([fault, word]).toEqual([fault, isMet || expected === 'ok' ? expected : 'the fault was not met'])
    // Nobody is locked out: another sign-in works at once.
    expect([fault, await (await new SignIn().until('token')).steps.token()]).toEqual([fault, 'ok'])
  }
})

test('a click that PingOne was away for can be repeated on the same page', async () => {
  const signIn = await new SignIn().until('click')
  startIsolate(OPERATED)
  breakDown('discovery', '500')
  expect(await signIn.steps.click()).toBe('sorry')
  heal()
  for (const step of ['click', 'back', 'token'] as const)
    expect([step, await signIn.steps[step]()]).toEqual([step, 'ok'])
})

test('a code whose user did not answer works when they do', async () => {
  for (const after of [0, 1, 2]) {
    const signIn = await new SignIn().until('token')
    breakDown('user', '500', { after })
    const word = await signIn.steps.token()
    heal()
    // If it was used up, the command says to run it again.
    const again = await signIn.steps.token()
    expect([after, word, again]).toEqual([after, 'later', after === 0 ? 'ok' : '400 invalid_grant'])
  }
})
