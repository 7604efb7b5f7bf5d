import { beginFor } from './begin-sign-in.ts'
import type { AccountParts } from './parts.ts'
import { answerFormRefused, answerNoRequest, answerNothingDecided } from './step-up-answers.tsx'
import { readBoundForm } from './step-up-form.ts'
import { openStepUp, requestIn } from './step-up-request.ts'

/**
 * POST /step-up/…: the person decided. Whoever has the link can open the page, so nothing counts before PingOne said
 * who decides. A no of somebody unknown leaves the request as it was; the person can sign in to end it.
 */
export async function decideStepUp(request: Request, parts: AccountParts): Promise<Response> {
  const asked = requestIn(request)
  const form = await readBoundForm(request, asked, parts)
  const open = await openStepUp(asked, parts)
  if (open === null) return answerNoRequest(parts)
  if (!form.ok) return answerFormRefused(parts, open.request)
  // What is no clear decision is a no.
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
