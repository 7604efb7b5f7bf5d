import { z } from 'zod'
import { continueAnswer, isHttps } from '#authorization/login/answers.tsx'
import { userNamesIn } from '#authorization/clients/shown-name.ts'
import { log } from '#lib/log.ts'
import { rolesOf } from '#lib/roles.ts'
import { newIncident } from '#lib/trace.ts'
import { htmlAnswer } from '#pages/html-answer.ts'
import { operateMessages, OperatePage } from '#pages/operate-page.tsx'
import { bindForm, type BoundForm, readBoundForm } from '#sign-in/bound-form.ts'
import { message } from '#sign-in/denials.ts'
import {
  beginOwnSignIn,
  type FinishedSignIn,
  type Purpose,
  type SignInBranch,
  type SignInOptions,
} from '#sign-in/own-sign-in.ts'
import { issueCode } from './authorization-code.ts'
import { type AuthorizeRequest, readAuthorizeRequest } from './authorize-request.ts'
import type { OperateDeps } from './deps.ts'
import { checkCodeOf } from './native-client.ts'

/** The path of the page has every parameter, and is parsed again by its one parser. */
const OperatePurpose = z.strictObject({ kind: z.literal('operate'), returnTo: z.string() })

const FRESH_SECONDS = 5 * 60
/** Clock tolerance, as in sign-in/own-sign-in.ts. */
const TOLERANCE_SECONDS = 60

const formOf = ({ path }: AuthorizeRequest): BoundForm => ({ kind: 'operate', about: path })

/**
 * GET /operate/authorize: asks whether the command line may sign in. It changes nothing.
 * @step operate 2-3 page
 */
export async function showAuthorize(request: Request, deps: OperateDeps): Promise<Response> {
  const { config, apiName } = deps
  const asked = readAuthorizeRequest(new URL(request.url), config.publicOrigin)
  if (asked === null) return refuseRequest(deps)
  const { csrf, cookie } = await bindForm(request, formOf(asked))
  const page = (
    <OperatePage
      action={asked.path}
      csrf={csrf}
      checkCode={await checkCodeOf(asked.challenge)}
      apiName={apiName}
      {...config.brand}
    />
  )
  return htmlAnswer(page, { isHttps: isHttps(config), headers: new Headers({ 'Set-Cookie': cookie }) })
}

/**
 * POST /operate/authorize: the operator's decision, on our page in this browser. Yes: to PingOne. No: to the command.
 * @step operate 4-5 the operator's decision
 */
export async function decideAuthorize(request: Request, deps: OperateDeps): Promise<Response> {
  const asked = readAuthorizeRequest(new URL(request.url), deps.config.publicOrigin)
  if (asked === null) return refuseRequest(deps)
  const form = await readBoundForm(request, formOf(asked), deps)
  if (!form.ok) {
    log.warn('operate.form-refused', { reason: form.error })
    const next = { label: operateMessages.openAgain, href: asked.path }
    return message({ ...operateMessages.formDenied, next }, deps, { status: 403 })
  }
  // Anything but one clear yes is a no.
  const [decision, ...others] = form.value.all('decision')
  if (decision === 'approve' && others.length === 0) return begin(asked, {}, deps)
  return backToCommand(asked, { error: 'access_denied' }, new Headers(), deps)
}

function refuseRequest(deps: OperateDeps): Response {
  deps.countDenial('operate.invalid')
  return message(operateMessages.badRequest, deps, { status: 400 })
}

/** PingOne must authenticate the operator again: an open browser is no proof of who uses the terminal. */
const begin = (asked: AuthorizeRequest, options: SignInOptions, deps: OperateDeps): Promise<Response> =>
  beginOwnSignIn({ kind: 'operate', returnTo: asked.path }, { ...options, isForced: true, scopes: [] }, deps)

/** GET /signed-in, for the purpose of this room. */
export function operateBranch(purpose: Purpose, deps: OperateDeps): SignInBranch | null {
  const own = OperatePurpose.safeParse(purpose)
  if (!own.success) return null
  const { publicOrigin } = deps.config
  const asked = readAuthorizeRequest(new URL(own.data.returnTo, publicOrigin), publicOrigin)
  if (asked === null) return null
  return {
    begin: (options) => begin(asked, options, deps),
    finish: (signIn) => finish(asked, signIn, deps),
  }
}

/**
 * Gives the command a code, if a group of the user has a role. The code has the roles; they count for 15 minutes.
 * @step operate 10 roles by groups, and a code for the command
 */
async function finish(
  asked: AuthorizeRequest,
  { user, userId, headers }: FinishedSignIn,
  deps: OperateDeps,
): Promise<Response> {
  const authenticatedAtSeconds = user.auth_time ?? 0
  if (deps.nowSeconds() - authenticatedAtSeconds > FRESH_SECONDS + TOLERANCE_SECONDS) {
    deps.countDenial('sign-in.stale')
    return refuse('stale', 'auth_time is too long ago')
  }
  const roles = rolesOf(user.groups, deps.operators)
  if (roles.length === 0) {
    deps.countDenial('operate.no-role')
    return refuse('noRole', `none of ${user.groups.length} groups has a role`)
  }
  const { challenge, redirectUri } = asked
  const signIn = { userId, challenge, redirectUri, roles, ...userNamesIn(user), authenticatedAtSeconds }
  return backToCommand(asked, { code: await issueCode(signIn, deps) }, headers, deps)

  function refuse(reason: 'noRole' | 'stale', detail: string): Response {
    const incident = newIncident()
    log.warn('operate.refused', { incident, reason, detail, user: userId.split('.')[0] })
    return message({ ...operateMessages[reason], incident }, deps, { status: 403, headers })
  }
}

function backToCommand(
  { redirectUri, state }: AuthorizeRequest,
  answer: Readonly<Record<string, string>>,
  headers: Headers,
  { config }: OperateDeps,
): Response {
  const to = new URL(redirectUri)
  to.search = new URLSearchParams({ ...answer, state }).toString()
  return continueAnswer(config, to.href, 'command-line', headers)
}
