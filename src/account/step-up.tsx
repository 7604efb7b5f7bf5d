import { isHttps } from '#authorization/login/answers.tsx'
import { upstreamScopes, wantedScopes } from '#authorization/scopes.ts'
import { log } from '#lib/log.ts'
import { stepUpMessages } from '#pages/connect-messages.ts'
import { htmlAnswer } from '#pages/html-answer.ts'
import { StepUpPage } from '#pages/step-up-page.tsx'
import { bindForm, readBoundForm } from '#sign-in/bound-form.ts'
import { message } from '#sign-in/denials.ts'
import type { AccountDeps } from './deps.ts'
import { beginStepUp } from './sign-in.ts'
import { answerNoRequest, formOf, openStepUp, pathOf } from './step-up-link.ts'
import { clientOf, momentOf, shownScopes } from './view.ts'

/**
 * GET /step-up/…: the client and the scopes that it requests. It changes nothing, so a link preview uses nothing up.
 * @step step-up 5-6 page
 */
export async function showStepUp(request: Request, deps: AccountDeps): Promise<Response> {
  const path = pathOf(request)
  const open = await openStepUp(path, deps)
  if (open === null) return answerNoRequest(deps)
  const { config, product } = deps
  const { view } = open
  const { csrf, cookie } = await bindForm(request, formOf(request))
  const page = (
    <StepUpPage
      action={path}
      csrf={csrf}
      client={clientOf(view, deps)}
      since={momentOf(view.openedAtSeconds)}
      until={momentOf(view.endsAtSeconds)}
      askedFrom={view.askedFrom.map(({ network, atSeconds }) => ({ network, at: momentOf(atSeconds) }))}
      has={shownScopes(
        view.has.filter((scope) => !view.scopes.includes(scope)),
        deps,
      )}
      scopes={shownScopes(view.scopes, deps)}
      upstreamScopes={[
        'openid',
        'profile',
        'email',
        ...upstreamScopes(wantedScopes([...view.has, ...view.scopes], config.api), config.api),
      ]}
      tokenMinutes={config.life.accessTokenSeconds / 60}
      {...config.brand}
      apiName={product.api}
    />
  )
  return htmlAnswer(page, { isHttps: isHttps(config), headers: new Headers({ 'Set-Cookie': cookie }) })
}

/**
 * POST /step-up/…: the user's decision. Anyone with the link can open the page, so a decision counts only after a
 * sign-in at PingOne. A denial without a sign-in changes nothing; the page then offers to sign in and end the request.
 * @step step-up 7-8 the user's decision
 */
export async function decideStepUp(request: Request, deps: AccountDeps): Promise<Response> {
  const path = pathOf(request)
  const form = await readBoundForm(request, formOf(request), deps)
  if (!form.ok) log.warn('step-up.form-refused', { reason: form.error })
  const open = await openStepUp(path, deps)
  if (open === null) return answerNoRequest(deps)
  if (!form.ok) return answerFormDenied(path, deps)
  // Anything but one clear decision is a denial.
  const [decision = 'deny', ...others] = form.value.all('decision')
  switch (others.length === 0 ? decision : 'deny') {
    case 'approve':
      return beginStepUp({ kind: 'step-up', returnTo: path, decision: 'approve' }, {}, deps)
    case 'end':
      return beginStepUp({ kind: 'step-up', returnTo: path, decision: 'deny' }, {}, deps)
    default:
      return answerNothingDecided(path, form.value.one('csrf') ?? '', deps)
  }
}

const answerFormDenied = (path: string, deps: AccountDeps): Response =>
  message({ ...stepUpMessages.formDenied, next: { label: stepUpMessages.openAgain, href: path } }, deps, {
    status: 403,
  })

/** After a denial without a sign-in: the request stays open until it expires. */
const answerNothingDecided = (path: string, csrf: string, deps: AccountDeps): Response =>
  message(
    {
      ...stepUpMessages.nothingDecided,
      retry: {
        action: path,
        fields: [{ name: 'csrf', value: csrf }],
        buttons: [{ label: stepUpMessages.endLink, name: 'decision', value: 'end' }],
      },
      tone: 'done',
    },
    deps,
  )
