import { type FormText, isFromOurPage, readForm } from '#http/read-request.ts'
import { log } from '#lib/log.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { isSameText } from '#lib/hash.ts'
import type { PageDenial } from '#users/grants/account-service.ts'
import { answerBlocked, askToSignIn, message } from './answers.tsx'
import { type OpenPage, readPage } from './page-session.ts'
import type { AccountDeps } from './deps.ts'

/** A form of a user's own page, with the session that it came from; or the answer that refuses it. */
export async function readOwnForm(
  request: Request,
  parts: AccountDeps,
): Promise<Result<OpenPage & { form: FormText }, Response>> {
  if (!isFromOurPage(request, parts.config.publicOrigin)) return err(refuseForm(parts, 'origin'))
  const form = await readForm(request)
  if (form === null) return err(refuseForm(parts, 'form'))
  const page = await readPage(request, parts)
  if (page === null) return err(askToSignIn(parts, { isOver: true, status: 403 }))
  // Of two values nobody knows which one our page wrote.
  const [csrf = '', ...others] = form.all('csrf')
  if (!isSameText(csrf, page.csrf) || others.length > 0) return err(refuseForm(parts, 'csrf'))
  return ok({ ...page, form })
}

export function refuseForm(parts: AccountDeps, reason: 'origin' | 'form' | 'csrf'): Response {
  log.warn('account.form-refused', { reason })
  const sentence =
    'It did not come from your page here, or that page is of an earlier sign-in. Nothing was changed.'
  const next = { label: 'Open your page', href: '/me' }
  return message({ title: 'This form was not accepted', sentence, next }, parts, { status: 403 })
}

/** What the User said about the session of a form that was good. */
export const answerPageDenial = (parts: AccountDeps, denial: PageDenial, status: 200 | 403 = 403): Response =>
  denial === 'blocked' ? answerBlocked(parts) : askToSignIn(parts, { isOver: true, status })
