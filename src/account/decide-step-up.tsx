import { beginFor } from '#sign-in/begin-sign-in.ts'
import type { AccountDeps } from '#sign-in/deps.ts'
import { answerFormRefused, answerNoRequest, answerNothingDecided } from './step-up-answers.tsx'
import { readBoundForm } from './step-up-form.ts'
import { openStepUp, requestIn } from './step-up-request.ts'

/**
 * POST /step-up/…: the user decided. Anyone with the link can open the page, so a decision counts only after a
 * sign-in at PingOne. A "no" without a sign-in changes nothing; the page then offers to sign in and end the request.
 * @step step-up 7-8 the user's decision
 */
export async function decideStepUp(request: Request, parts: AccountDeps): Promise<Response> {
  const asked = requestIn(request)
  const form = await readBoundForm(request, asked, parts)
  const open = await openStepUp(asked, parts)
  if (open === null) return answerNoRequest(parts)
  if (!form.ok) return answerFormRefused(parts, open.request)
  // Anything but a clear decision is a no.
  const [decision = 'deny', ...others] = form.value.all('decision')
  switch (others.length === 0 ? decision : 'deny') {
    case 'approve':
      return beginFor({ kind: 'step-up', request: open.request, decision: 'approve' }, parts)
    case 'end':
      return beginFor({ kind: 'step-up', request: open.request, decision: 'deny' }, parts)
    default:
      return answerNothingDecided(parts, open.request, form.value.one('csrf') ?? '')
  }
}
