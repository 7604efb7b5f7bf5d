import { isHttps } from '#authorization/login/answers.tsx'
import { upstreamScopes, wantedScopes } from '#authorization/scopes.ts'
import { htmlAnswer } from '#pages/html-answer.ts'
import { StepUpPage } from '#pages/step-up-page.tsx'
import { momentOf } from './moments.ts'
import type { AccountDeps } from '#sign-in/deps.ts'
import { clientOf } from './shown-client.ts'
import { answerNoRequest } from './step-up-answers.tsx'
import { bindForm } from './step-up-form.ts'
import { openStepUp, pathOf, requestIn } from './step-up-request.ts'

/**
 * GET /step-up/…: who asks for what more. Opening it changes nothing, so a link preview uses nothing up.
 * @step step-up 5-6 page
 */
export async function showStepUp(request: Request, parts: AccountDeps): Promise<Response> {
  const open = await openStepUp(requestIn(request), parts)
  if (open === null) return answerNoRequest(parts)
  const { config, product } = parts
  const { view } = open
  const { csrf, cookie } = await bindForm(request, open.request)
  const sentences = (scopes: readonly string[]) =>
    config.api.scopes.filter(({ value }) => scopes.includes(value))
  const page = (
    <StepUpPage
      action={pathOf(open.request)}
      csrf={csrf}
      client={clientOf(view, parts)}
      since={momentOf(view.openedAtSeconds)}
      until={momentOf(view.endsAtSeconds)}
      askedFrom={view.askedFrom.map(({ network, atSeconds }) => ({ network, at: momentOf(atSeconds) }))}
      has={sentences(view.has)}
      scopes={sentences(view.scopes)}
      upstreamScopes={[
        'openid',
        'profile',
        'email',
        ...upstreamScopes(wantedScopes([...view.has, ...view.scopes], config.api), config.api),
      ]}
      productName={product.name}
      apiName={product.api}
    />
  )
  return htmlAnswer(page, { isHttps: isHttps(config), headers: new Headers({ 'Set-Cookie': cookie }) })
}
